"""A small web on 127.0.0.1, and pictures to put on it."""

from __future__ import annotations

import io
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from PIL import Image

from curator.collect import SOURCES, Limits
from curator.records import Candidate, Fetched, Refused

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Site:
    """A server whose every path is a function; it counts what it was asked."""

    routes: dict[str, Answer] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    agents: set[str] = field(default_factory=set)
    # Set at the end, so that an answer which waits does not outlive its test.
    over: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    host: str = ""

    def serve(
        self,
        path: str,
        body: bytes | str,
        mime: str = "text/html",
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> str:
        data = body.encode() if isinstance(body, str) else body

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            stated = {"Content-Type": mime, "Content-Length": str(len(data)), **(headers or {})}
            for name, value in stated.items():
                request.send_header(name, value)
            request.end_headers()
            request.wfile.write(data)

        self.routes[path] = answer
        return self.url + path

    def picture(self, path: str, seed: int = 0, size_wh: tuple[int, int] = (64, 48)) -> bytes:
        data = make_picture(seed, size_wh)
        self.serve(path, data, "image/jpeg")
        return data


@pytest.fixture
def web_address() -> str:
    """Where the small web listens; a test of several hosts says ``0.0.0.0``."""
    return "127.0.0.1"


@pytest.fixture
def web(web_address: str) -> Iterator[Site]:
    site = Site()
    with _running(site, web_address):
        yield site


@pytest.fixture
def other_web() -> Iterator[Site]:
    site = Site()
    with _running(site):
        yield site


class _running:  # noqa: N801 - reads as a word
    def __init__(self, site: Site, address: str = "127.0.0.1") -> None:
        self.site = site
        self.address = address

    def __enter__(self) -> None:
        site = self.site

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Or every answer in two writes waits for an acknowledgement.
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                if self.path == "/robots.txt" and self.path not in site.routes:
                    # Asked of every host; tests count what they wrote.
                    self.send_error(404)
                    return
                site.asked[self.path] += 1
                site.agents.add(self.headers.get("User-Agent", ""))
                answer = site.routes.get(self.path)
                try:
                    if answer is None:
                        self.send_error(404)
                    else:
                        answer(self)
                except OSError:
                    self.close_connection = True

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that goes away is what some tests are about."""

        self.server = Server((self.address, 0), Handler)
        site.host = f"127.0.0.1:{self.server.server_address[1]}"
        site.url = f"http://{site.host}"
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}
        )
        self.thread.start()

    def __exit__(self, *exc: object) -> None:
        self.site.over.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def limits() -> Limits:
    """Small and impatient."""
    return Limits(
        threads=3,
        timeout=5.0,
        max_seconds=10.0,
        attempts=2,
        pause=0.01,
        max_bytes=300_000,
        allow_hosts=("127.0.0.1", "::1"),
        host_pause=0.0,
        host_requests=8,
    )


@pytest.fixture
def picture() -> Callable[..., bytes]:
    """Makes pictures: ``picture(seed, size_wh, kind, orientation)``."""
    return make_picture


def make_picture(
    seed: int = 0,
    size_wh: tuple[int, int] = (64, 48),
    kind: str = "JPEG",
    orientation: int | None = None,
) -> bytes:
    """A smooth random picture, different for every seed."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8))
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    out = io.BytesIO()
    small.resize(size_wh, Image.Resampling.BICUBIC).save(out, kind, exif=exif)
    return out.getvalue()


@pytest.fixture
def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass
class Listener:
    """A progress that remembers what it was told."""

    stages: list[str] = field(default_factory=list)
    done: int = 0
    notes: list[str] = field(default_factory=list)

    def begin(self, stage: str, total: int | None) -> None:
        self.stages.append(stage)

    def advance(self, done: int = 1, note: str = "") -> None:
        self.done += done
        self.notes.append(note)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def collected(limits: Limits, listener: Listener) -> Callable[..., Collected]:
    """Runs a source to its end: ``collected("web", url, limits=..., settled=...)``."""

    def run(
        source: str,
        target: object,
        settled: Callable[[Candidate], bool] = lambda _: False,
        **changes: Any,
    ) -> Collected:
        terms = {name: changes.pop(name) for name in ("licence", "author") if name in changes}
        made = SOURCES.load(source)(str(target), replace(limits, **changes), **terms)
        return Collected(list(made.collect(settled, listener)))

    return run


@dataclass
class Collected:
    """What a source yielded, sorted for the eye of a test."""

    records: list[Fetched | Refused]

    @property
    def fetched(self) -> list[Fetched]:
        return [record for record in self.records if isinstance(record, Fetched)]

    @property
    def refused(self) -> list[Refused]:
        return [record for record in self.records if isinstance(record, Refused)]

    @property
    def names(self) -> list[str]:
        return [record.candidate.name for record in self.fetched]

    @property
    def reasons(self) -> dict[str, str]:
        return {record.candidate.name: record.reason for record in self.refused}

    @property
    def reasons_by_url(self) -> dict[str, str]:
        return {record.candidate.url: record.reason for record in self.refused}
