"""A second crawl asks only for what has changed, and takes what has."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from curator.config import settings
from curator.pipeline.forget import ForgetRequest, forget
from curator.pipeline.ingest import CollectReport, CollectRequest, collect
from curator.progress import Silent
from curator.records import Outcome
from curator.store import candidates, images
from curator.store.dataset import Dataset, create_dataset
from curator.store.images import ImageFilter

Picture = Callable[..., bytes]
DATE = "Mon, 06 Jul 2026 10:00:00 GMT"


class Changing:
    """Answers of a server that knows whether its things are what they were (RFC 9110, 13)."""

    def __init__(self, web: Any) -> None:
        self.web = web
        self.sent: list[str] = []
        self.spared: list[str] = []

    def serve(self, path: str, body: bytes | str, mime: str, header: str = "ETag") -> None:
        data = body.encode() if isinstance(body, str) else body
        tag = '"' + hashlib.sha256(data).hexdigest()[:12] + '"'
        value = {"ETag": tag, "Last-Modified": DATE}.get(header)
        condition = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}.get(header, "-")

        def answer(request: BaseHTTPRequestHandler) -> None:
            holds = value is not None and request.headers.get(condition) == value
            (self.spared if holds else self.sent).append(path)
            request.send_response(304 if holds else 200)
            if value is not None:
                request.send_header(header, value)
            if not holds:
                request.send_header("Content-Type", mime)
                request.send_header("Content-Length", str(len(data)))
            request.end_headers()
            if not holds:
                request.wfile.write(data)

        self.web.routes[path] = answer

    def told(self) -> tuple[list[str], list[str]]:
        """Paths that were sent, and those that were spared, since the last time."""
        told = sorted(self.sent), sorted(self.spared)
        self.sent, self.spared = [], []
        return told


@pytest.fixture
def server(web: Any, picture: Picture, monkeypatch: pytest.MonkeyPatch) -> Iterator[Changing]:
    """Two pages; a picture with a tag, one with a date, one with neither."""
    monkeypatch.setenv("CURATOR_ALLOW_HOSTS", "127.0.0.1")
    monkeypatch.setenv("CURATOR_HOST_PAUSE", "0")
    settings.cache_clear()
    server = Changing(web)
    links = "<img src=/tag.jpg><a href=/two>two</a>"
    server.serve("/", links, "text/html")
    server.serve("/two", "<img src=/date.jpg><img src=/none.jpg>", "text/html", "Last-Modified")
    server.serve("/tag.jpg", picture(1), "image/jpeg")
    server.serve("/date.jpg", picture(2), "image/jpeg", "Last-Modified")
    server.serve("/none.jpg", picture(3), "image/jpeg", "nothing")
    yield server
    settings.cache_clear()


@pytest.fixture
def dataset(tmp_path: Path) -> Iterator[Dataset]:
    with create_dataset(tmp_path / "data") as made:
        yield made


def crawl(dataset: Dataset, server: Changing, **more: Any) -> CollectReport:
    request = CollectRequest(source="web", target=server.web.url + "/", **more)
    return collect(dataset, request, Silent())


def brought(report: CollectReport) -> tuple[int, int, int, int]:
    return report.kept, report.duplicates, report.unchanged, report.gone


PICTURES = ["/date.jpg", "/none.jpg", "/tag.jpg"]


def test_pages_are_not_sent_again_and_lead_on_all_the_same(
    dataset: Dataset, server: Changing, picture: Picture
) -> None:
    assert brought(crawl(dataset, server)) == (3, 0, 0, 0)
    assert server.told() == (sorted(["/", "/two", *PICTURES]), [])
    again = crawl(dataset, server)
    assert (*brought(again), again.settled) == (0, 0, 0, 0, 3)
    assert server.told() == ([], ["/", "/two"])
    # A page that has changed is read, and what it leads to that is new is fetched.
    server.serve("/new.jpg", picture(4), "image/jpeg")
    server.serve("/", "<img src=/new.jpg><a href=/two>two</a>", "text/html")
    assert brought(crawl(dataset, server)) == (1, 0, 0, 0)
    assert server.told() == (["/", "/new.jpg"], ["/two"])


def test_pictures_are_asked_for_again_on_demand_and_sent_only_if_they_changed(
    dataset: Dataset, server: Changing, picture: Picture
) -> None:
    crawl(dataset, server)
    server.told()
    # One has neither tag nor date: it is sent, and turns out to be what it was.
    assert brought(crawl(dataset, server, refresh=True)) == (0, 0, 3, 0)
    assert server.told() == (["/none.jpg"], ["/", "/date.jpg", "/tag.jpg", "/two"])
    with dataset.read() as connection:
        assert candidates.outcomes(connection) == {Outcome.KEPT: 3}

    server.serve("/tag.jpg", picture(5), "image/jpeg")
    server.web.serve("/date.jpg", "", status=404)
    assert brought(crawl(dataset, server, refresh=True)) == (1, 0, 1, 1)
    assert server.told() == (["/none.jpg", "/tag.jpg"], ["/", "/two"])
    with dataset.read() as connection:
        # Both pictures of that address are here; the address stands for the new one.
        kept = {image.sha256 for image in images.find(connection, ImageFilter())}
        new = candidates.content(connection, server.web.url + "/tag.jpg")
        assert candidates.outcomes(connection) == {Outcome.KEPT: 3}
    assert kept == {hashlib.sha256(picture(n)).hexdigest() for n in (1, 2, 3, 5)}
    assert new == hashlib.sha256(picture(5)).hexdigest()
    # And is asked about by its own tag the next time.
    server.told()
    crawl(dataset, server, refresh=True)
    assert server.told() == (["/none.jpg"], ["/", "/tag.jpg", "/two"])


def test_a_list_of_addresses_asks_again_in_the_same_way(
    dataset: Dataset, server: Changing, tmp_path: Path
) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(server.web.url + path for path in PICTURES))
    request = CollectRequest(source="urls", target=str(listed))
    assert brought(collect(dataset, request, Silent())) == (3, 0, 0, 0)
    server.told()
    again = CollectRequest(source="urls", target=str(listed), refresh=True)
    assert brought(collect(dataset, again, Silent())) == (0, 0, 3, 0)
    assert server.told() == (["/none.jpg"], ["/date.jpg", "/tag.jpg"])


def asked_twice(dataset: Dataset, server: Changing) -> list[dict[str, str]]:
    """The headers that the page was asked for with, by lower-case name, in two crawls."""
    asked: list[dict[str, str]] = []
    page = server.web.routes["/"]

    def noting(request: BaseHTTPRequestHandler) -> None:
        asked.append({name.lower(): value for name, value in request.headers.items()})
        page(request)

    server.web.routes["/"] = noting
    for _ in range(2):
        crawl(dataset, server)
    return asked


@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": '"a"', "Cache-Control": "no-store"},
        {"ETag": '"' + "a" * 5000 + '"'},
    ],
)
def test_what_must_not_be_stored_or_sent_back_is_no_condition(
    dataset: Dataset, server: Changing, headers: dict[str, str]
) -> None:
    server.web.serve("/", "<img src=/tag.jpg>", headers=headers)
    asked = asked_twice(dataset, server)
    assert len(asked) == 2
    assert not {"if-none-match", "if-modified-since"} & set(asked[1])


def test_a_tag_that_goes_on_in_the_next_line_is_never_two_headers(
    dataset: Dataset, server: Changing
) -> None:
    server.web.serve("/", "<img src=/tag.jpg>", headers={"ETag": '"a\r\n X-Evil: 1"'})
    asked = asked_twice(dataset, server)
    assert asked[1]["if-none-match"] == '"a X-Evil: 1"'
    assert "x-evil" not in asked[1]


def test_a_server_that_answers_304_to_no_condition_is_an_error(
    dataset: Dataset, server: Changing
) -> None:
    server.web.serve("/none.jpg", "", status=304)
    report = crawl(dataset, server)
    assert (report.kept, report.refused) == (2, {"http-error": 1})


def test_pages_that_name_a_forgotten_picture_are_forgotten_with_it(
    dataset: Dataset, server: Changing
) -> None:
    crawl(dataset, server)
    kept = [path.read_bytes() for path in (dataset.cache / "pages").iterdir()]
    assert any(b"tag.jpg" in page for page in kept)
    forget(dataset, ForgetRequest(image=server.web.url + "/tag.jpg"))
    files = [path for path in dataset.folder.rglob("*") if path.is_file()]
    assert [path for path in files if b"tag.jpg" in path.read_bytes()] == []
    server.told()
    report = crawl(dataset, server)
    assert (report.kept, report.opted_out) == (0, 1)
    assert server.told() == (["/", "/two"], [])
