"""A web of several hosts, some of which mean harm: all that is good is collected, all that is
not is refused with its reason, and no socket is ever opened to a forbidden address."""

from __future__ import annotations

import gzip
import io
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from curator.collect import Limits
from curator.pipeline.ingest import CollectRequest, collect
from curator.progress import Silent
from curator.store import candidates
from curator.store.dataset import Dataset, create_dataset

# Loopback is a whole network: the good hosts are on .2 and .3 of it and allowed by address; what
# must never be asked listens on all the others.
GOOD = ("127.0.0.2", "127.0.0.3")
NAMES = {
    "photos.example": ["127.0.0.2"],
    "cdn.example": ["127.0.0.3"],
    "inside.example": ["127.0.0.9"],
    "router.example": ["192.168.1.1"],
    "cloud.example": ["169.254.169.254"],
    "mapped.example": ["::ffff:127.0.0.9"],
    "six-to-four.example": ["2002:7f00:9::1"],
    "nat64.example": ["64:ff9b::7f00:9"],
    "unique-local.example": ["fd00::9"],
    "both.example": ["127.0.0.2", "127.0.0.9"],
    "group.example": ["224.0.0.1"],
}


@dataclass
class Net:
    """What was resolved, and every address that a socket was opened to."""

    port: int = 0
    connected: list[str] = field(default_factory=list)
    rebound: int = 0


@pytest.fixture
def net(web: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Net]:
    """The web listens on all of loopback; the resolver is ours, every connect is written down."""
    seen = Net(port=int(web.host.partition(":")[2]))
    system = socket.getaddrinfo
    connect = socket.socket.connect

    def resolver(host: str, port: int, *args: Any, **names: Any) -> list[Any]:
        if host == "rebinding.example":
            # Good for whoever judges, bad for whoever asks once more before he connects.
            seen.rebound += 1
            found = ["127.0.0.3" if seen.rebound % 2 else "127.0.0.9"]
        elif host in NAMES:
            found = NAMES[host]
        else:
            return system(host, port, *args, **names)
        families = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [
            (families[ip_address(a).version], socket.SOCK_STREAM, 6, "", (a, port)) for a in found
        ]

    def noting(sock: socket.socket, address: Any) -> None:
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            seen.connected.append(address[0])
        connect(sock, address)

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    monkeypatch.setattr(socket.socket, "connect", noting)
    yield seen


@pytest.fixture
def web_address() -> str:
    return "0.0.0.0"


@pytest.fixture
def dataset(tmp_path: Path) -> Iterator[Dataset]:
    with create_dataset(tmp_path / "data") as made:
        yield made


def pixel_bomb() -> bytes:
    """A GIF of 64,000 x 64,000 pixels in few bytes."""
    out = io.BytesIO()
    Image.new("P", (8, 8)).save(out, "GIF")
    data = bytearray(out.getvalue())
    data[6:10] = b"\x00\xfa\x00\xfa"
    return bytes(data)


def endless(web: Any, start: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(start)
        while not web.over.is_set():
            request.wfile.write(bytes(65_536))

    return answer


def dripping(web: Any, start: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(start)
        while not web.over.wait(0.1):
            request.wfile.write(b"x")

    return answer


def short(body: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(body) + 1000))
        request.end_headers()
        request.wfile.write(body)
        request.close_connection = True

    return answer


def busy_once(web: Any, path: str, body: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        busy = web.asked[path] == 1
        request.send_response(429 if busy else 200)
        if busy:
            request.send_header("Retry-After", "1")
        request.send_header("Content-Length", "0" if busy else str(len(body)))
        request.end_headers()
        request.wfile.write(b"" if busy else body)

    return answer


def redirects(web: Any, port: int) -> dict[str, str]:
    """Path of a redirect -> reason; they lead to where the trap listens, or to no address."""
    targets = {
        "number": "127.0.0.9",
        "decimal": str(int(ip_address("127.0.0.9"))),
        "hexadecimal": "0x7f000009",
        "octal": "0177.0.0.011",
        "mapped": "[::ffff:127.0.0.9]",
        "mapped-hex": "[::ffff:7f00:9]",
        "loopback-6": "[::1]",
        "zero": "0.0.0.0",
        **{f"name-{name.partition('.')[0]}": name for name in NAMES if name not in GOOD_NAMES},
    }
    for path, host in targets.items():
        location = {"Location": f"http://{host}:{port}/secret.jpg"}
        web.serve(f"/to-{path}.jpg", b"", status=302, headers=location)
    reasons = {f"/to-{path}.jpg": "forbidden-address" for path in targets}
    for scheme in ("file:///etc/passwd", "ftp://127.0.0.9/x", "gopher://127.0.0.9/x"):
        path = f"/to-{scheme.partition(':')[0]}.jpg"
        web.serve(path, b"", status=302, headers={"Location": scheme})
        reasons[path] = "bad-url"
    # A chain: the last hop is judged like the first.
    web.serve("/chain.jpg", b"", status=307, headers={"Location": "/to-number.jpg"})
    return reasons | {"/chain.jpg": "forbidden-address"}


GOOD_NAMES = ("photos.example", "cdn.example")


def hostile(web: Any, picture: Callable[..., bytes]) -> dict[str, str]:
    """Path -> reason of everything else that means harm or wants to be left alone."""
    web.routes["/drip.jpg"] = dripping(web, picture(1)[:600])
    web.routes["/endless.jpg"] = endless(web, picture(1))
    web.routes["/short.jpg"] = short(picture(1))
    bomb = gzip.compress(picture(1) + bytes(100_000_000))
    web.serve("/gzip.jpg", bomb, "image/jpeg", headers={"Content-Encoding": "gzip"})
    web.serve("/pixels.gif", pixel_bomb(), "image/gif")
    web.serve("/page.jpg", "<!doctype html><script>alert(1)</script>", "image/jpeg")
    web.serve("/round.jpg", b"", status=302, headers={"Location": "/round.jpg"})
    web.serve("/robots.txt", "User-agent: *\nDisallow: /forbidden", "text/plain")
    web.picture("/forbidden.jpg", 70)
    web.serve("/noai.jpg", picture(71), "image/jpeg", headers={"X-Robots-Tag": "noai"})
    web.serve("/busy.jpg", b"", status=429, headers={"Retry-After": "100000"})
    return {
        "/drip.jpg": "timeout",
        "/endless.jpg": "too-large",
        "/short.jpg": "interrupted",
        "/gzip.jpg": "too-large",
        "/pixels.gif": "too-many-pixels",
        "/page.jpg": "not-an-image",
        "/round.jpg": "too-many-redirects",
        "/forbidden.jpg": "robots",
        "/noai.jpg": "opted-out",
    }


def serve_good(web: Any, picture: Callable[..., bytes]) -> list[str]:
    """Pictures that must all arrive."""
    paths = [f"/good/{number}.jpg" for number in range(30)]
    for number, path in enumerate(paths):
        web.picture(path, 100 + number)
    web.serve("/moved.jpg", b"", status=301, headers={"Location": "/good/0.jpg?moved"})
    web.serve("/good/0.jpg?moved", picture(200), "image/jpeg")
    web.routes["/busy-once.jpg"] = busy_once(web, "/busy-once.jpg", picture(201))
    packed = gzip.compress(picture(202))
    web.serve("/packed.jpg", packed, "image/jpeg", headers={"Content-Encoding": "gzip"})
    return [*paths, "/moved.jpg", "/busy-once.jpg", "/packed.jpg"]


@pytest.fixture
def threads() -> int:
    return 4


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    of = Limits.of

    def smaller(settings: Any) -> Limits:
        return replace(
            of(settings),
            max_bytes=300_000,
            max_seconds=2.0,
            pause=0.01,
            host_pause=0.0,
            threads=threads,
        )

    monkeypatch.setattr(Limits, "of", smaller)


def outcome(dataset: Dataset) -> tuple[set[str], dict[str, str]]:
    """Addresses of what was kept, and reason by address of what was not."""
    with dataset.read() as connection:
        refused = {row["url"]: row["reason"] for row in candidates.refused(connection)}
        kept = set(candidates.settled(connection)) - set(refused)
    return kept, refused


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("source", ["web", "urls"])
def test_a_hostile_web_is_collected_without_harm(
    source: str, net: Net, web: Any, dataset: Dataset, tmp_path: Path, picture: Callable[..., bytes]
) -> None:
    at, cdn = f"http://photos.example:{net.port}", f"http://cdn.example:{net.port}"
    reasons = redirects(web, net.port) | hostile(web, picture)
    good = serve_good(web, picture)
    web.picture("/secret.jpg", 666)
    wanted = {at + path for path in good} | {cdn + "/good/3.jpg?cdn"}
    web.picture("/good/3.jpg?cdn", 300)
    expected = {at + path: reason for path, reason in reasons.items()}
    for name in NAMES:
        if name not in GOOD_NAMES:
            expected[f"http://{name}:{net.port}/secret.jpg"] = "forbidden-address"
    # Each connection is judged anew; the name is good every other time, and then really good.
    rebinding = [f"http://rebinding.example:{net.port}/good/{number}.jpg" for number in range(6)]
    if source == "web":
        cycle = "".join(f"<a href=/p{n}>x</a>" for n in range(5))
        for number in range(5):
            web.serve(f"/p{number}", cycle + "<a href=/>home</a>")
        images = "".join(f"<img src={url}>" for url in (*wanted, *expected, *rebinding))
        web.serve("/", cycle + images + "<a href=/to-number.jpg>x</a>")
        target = at + "/"
    else:
        target = str(tmp_path / "list.txt")
        Path(target).write_text("\n".join((*wanted, *expected, *rebinding)))
    request = CollectRequest(
        source=source, target=target, also_hosts=("*",), allow_hosts=GOOD, max_images=None
    )
    collect(dataset, request, Silent())
    kept, refused = outcome(dataset)
    assert wanted <= kept
    for url in rebinding:
        assert url in kept or refused.pop(url) == "forbidden-address"
    assert refused == expected
    assert set(net.connected) <= set(GOOD)
    assert web.asked["/secret.jpg"] == 0
    assert web.asked["/forbidden.jpg"] == 0


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("threads", [1])
def test_a_host_that_asks_for_a_day_of_rest_fails_and_is_asked_no_more(
    net: Net, web: Any, dataset: Dataset, tmp_path: Path, picture: Callable[..., bytes]
) -> None:
    hostile(web, picture)
    web.picture("/x.jpg", 1)
    lines = [f"http://cdn.example:{net.port}{path}" for path in ("/busy.jpg", "/x.jpg")]
    lines.append(f"http://photos.example:{net.port}/x.jpg")
    (tmp_path / "list.txt").write_text("\n".join(lines))
    request = CollectRequest(source="urls", target=str(tmp_path / "list.txt"), allow_hosts=GOOD)
    report = collect(dataset, request, Silent())
    assert (report.kept, report.failed) == (1, {"server-busy": 2})
    assert web.asked == {"/robots.txt": 2, "/busy.jpg": 1, "/x.jpg": 1}
