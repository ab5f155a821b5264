"""A crawl of 2,000 images, killed twenty times, ends like one that nobody disturbed."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

KILLS = 20
PAGES, PICTURES = 40, 50
THREADS = 4


@pytest.fixture
def gallery(web: Any, picture: Callable[..., bytes]) -> Any:
    """Pages that link to two others each, fifty pictures on every one, some of them broken."""
    for page in range(PAGES):
        links = "".join(f"<a href=/p{n}>x</a>" for n in (2 * page + 1, 2 * page + 2) if n < PAGES)
        images = "".join(f"<img src=/{page}/{n}.jpg alt='{page} {n}'>" for n in range(PICTURES))
        web.serve(f"/p{page}", links + images)
        for number in range(PICTURES):
            data = picture(page * PICTURES + number, (32, 24))
            path = f"/{page}/{number}.jpg"
            web.serve(path, data if number % 10 else data[:-30], "image/jpeg")
    web.order = []
    for path, plain in list(web.routes.items()):
        web.routes[path] = noting(web, path, plain)
    return web


def noting(web: Any, path: str, plain: Any) -> Any:
    def answer(request: BaseHTTPRequestHandler) -> None:
        web.order.append(path)
        plain(request)

    return answer


def start(gallery: Any, dataset: Path) -> subprocess.Popen[bytes]:
    words = ["collect", "web", gallery.url + "/p0", "--depth", "9", "--dataset", str(dataset)]
    environment = os.environ | {
        "CURATOR_ALLOW_HOSTS": "127.0.0.1",
        "CURATOR_HOST_PAUSE": "0",
        "CURATOR_THREADS": str(THREADS),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "curator", *words],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def settle(web: Any) -> None:
    """Wait until all that was asked before the kill has been written down."""
    # Connections are taken in their order: this one after those.
    with suppress(HTTPError):
        urlopen(web.url + "/nothing", timeout=60).close()
    while any("process_request" in thread.name for thread in threading.enumerate()):
        time.sleep(0.002)


def finish(process: subprocess.Popen[bytes]) -> None:
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said


def rows(dataset: Path) -> dict[str, list[Any]]:
    queries = {
        "image": "SELECT sha256, phash, width, height, name, url, page_url, title FROM image",
        "candidate": "SELECT c.url, c.outcome, c.reason, c.page_url, i.sha256 "
        "FROM candidate c LEFT JOIN image i ON i.id = c.image_id",
        "run": "SELECT kind, method, params, status FROM run",
        "frontier": "SELECT url FROM frontier",
    }
    connection = sqlite3.connect(dataset / "curator.sqlite")
    try:
        return {
            name: sorted(connection.execute(query), key=repr) for name, query in queries.items()
        }
    finally:
        connection.close()


def files(folder: Path) -> dict[str, int]:
    return {p.name: p.stat().st_size for p in folder.rglob("*") if p.is_file()}


@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform != "linux", reason="kills by signal")
def test_a_crawl_killed_twenty_times_ends_like_an_undisturbed_one(
    gallery: Any, tmp_path: Path
) -> None:
    finish(start(gallery, tmp_path / "calm"))
    assert set(Counter(gallery.order).values()) == {1}
    assert len(gallery.order) == PAGES * PICTURES + PAGES

    seed = random.randrange(10**9)
    moments = random.Random(seed)
    gallery.order.clear()
    ends: list[int] = []
    for _ in range(KILLS):
        # So few that the crawl does not end before the last kill; another would begin anew.
        process = start(gallery, tmp_path / "killed")
        until = len(gallery.order) + moments.randint(1, PAGES * PICTURES // KILLS - 20)
        while len(gallery.order) < until and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        settle(gallery)
        ends.append(len(gallery.order))
    finish(start(gallery, tmp_path / "killed"))

    expected = rows(tmp_path / "calm")
    assert len(expected["image"]) == PAGES * PICTURES * 9 // 10
    assert rows(tmp_path / "killed") == expected, f"seed {seed}"
    assert files(tmp_path / "killed/images") == files(tmp_path / "calm/images"), f"seed {seed}"
    # Asked for again is only what was in flight when a kill came: the page being read, and a
    # picture for every thread, one that is handed over and one that is being written down.
    last: dict[str, int] = {}
    pages: Counter[int] = Counter()
    pictures: Counter[int] = Counter()
    for place, path in enumerate(gallery.order):
        if path in last:
            kill = next(end for end in ends if end > last[path])
            assert place >= kill, f"seed {seed}: {path} twice in one start"
            (pages if path.startswith("/p") else pictures)[kill] += 1
        last[path] = place
    assert max(pages.values(), default=0) <= 1, f"seed {seed}"
    assert max(pictures.values(), default=0) <= THREADS + 2, f"seed {seed}"
