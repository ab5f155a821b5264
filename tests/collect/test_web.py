from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from curator.collect import SOURCES, Limits
from curator.errors import InputError, SourceError
from curator.progress import Silent
from curator.records import Candidate, Fetched

Collect = Callable[..., Any]
Picture = Callable[..., bytes]


def threads_of_a_crawl() -> set[threading.Thread]:
    names = ("feeder", "parser", "downloader", "wire", "collect")
    return {thread for thread in threading.enumerate() if thread.name.startswith(names)}


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Any:
    assert not threads_of_a_crawl()
    yield
    assert not threads_of_a_crawl()


@pytest.fixture
def gallery(web: Any) -> Any:
    """Three pages and six pictures."""
    for number in range(6):
        web.picture(f"/img/{number}.jpg", number)
    web.serve(
        "/",
        "<title>Home</title><img src=img/0.jpg alt=zero><img src=/img/1.jpg>"
        "<a href=two.html>two</a><a href=/three/>three</a>",
    )
    web.serve(
        "/two.html",
        "<a href='img/2.jpg'>second</a><img src=img/3.jpg><img src=img/0.jpg alt=again>"
        "<a href=/>home</a><a href=two.html#x>here</a>",
    )
    web.serve("/three/", "<base href=/img/><img src=4.jpg><meta property=og:image content=5.jpg>")
    return web


def test_a_site_is_walked_and_every_picture_is_taken_once(
    gallery: Any, collected: Collect, listener: Any
) -> None:
    result = collected("web", gallery.url, licence="CC0-1.0", author="Ann")
    assert result.refused == []
    by_url = {r.candidate.url: r for r in result.fetched}
    host = gallery.host.replace(":", "_")
    assert set(by_url) == {f"{gallery.url}/img/{n}.jpg" for n in range(6)}
    zero = by_url[f"{gallery.url}/img/0.jpg"]
    assert zero.candidate == Candidate(
        url=f"{gallery.url}/img/0.jpg",
        source="web",
        name=f"{host}/img/0.jpg",
        page_url=f"{gallery.url}/",
        title="zero",
        licence="CC0-1.0",
        author="Ann",
    )
    two = by_url[f"{gallery.url}/img/2.jpg"].candidate
    assert (two.page_url, two.title) == (f"{gallery.url}/two.html", "second")
    assert set(gallery.asked.values()) == {1}
    assert sum(gallery.asked.values()) == 9
    assert listener.stages == [f"crawling {gallery.host}"]
    assert f"{gallery.url}/two.html: 2 new images" in listener.notes
    assert listener.done == 6


def test_the_honest_name_is_sent_with_pages_and_pictures(gallery: Any, collected: Collect) -> None:
    collected("web", gallery.url, user_agent="curator/0.1 (me@example.org)")
    assert gallery.agents == {"curator/0.1 (me@example.org)"}


def test_a_second_crawl_reads_the_pages_and_fetches_nothing_twice(
    gallery: Any, collected: Collect, picture: Picture
) -> None:
    gallery.serve(
        "/",
        "<img src=img/0.jpg><a href=two.html>x</a><a href=/three/>x</a>"
        "<a href=gone.html>x</a><img src=broken.jpg><a href=photo>x</a>",
    )
    gallery.serve("/broken.jpg", b"<html>no</html>", "image/jpeg")
    gallery.serve("/photo", picture(9), "image/jpeg")
    seen: set[str] = set()
    first = collected("web", gallery.url, lambda candidate: candidate.url in seen)
    assert len(first.fetched) == 6
    assert first.reasons_by_url == {
        f"{gallery.url}/gone.html": "not-found",
        f"{gallery.url}/broken.jpg": "not-an-image",
    }
    seen |= {r.candidate.url for r in first.records}
    gallery.asked.clear()
    assert collected("web", gallery.url, lambda candidate: candidate.url in seen).records == []
    assert gallery.asked == {"/": 1, "/two.html": 1, "/three/": 1}
    gallery.picture("/img/new.jpg", 99)
    gallery.serve("/three/", "<img src=/img/new.jpg>")
    third = collected("web", gallery.url, lambda candidate: candidate.url in seen)
    assert [r.candidate.url for r in third.records] == [f"{gallery.url}/img/new.jpg"]


def test_pages_stay_on_the_site_and_pictures_too_unless_a_host_is_named(
    web: Any, other_web: Any, collected: Collect
) -> None:
    other_web.picture("/cdn.jpg", 1)
    other_web.serve("/page.html", "<img src=/never.jpg>")
    web.picture("/own.jpg", 2)
    web.serve(
        "/",
        f"<img src={other_web.url}/cdn.jpg><img src=own.jpg>"
        f"<a href={other_web.url}/page.html>away</a><a href=away>hidden</a>",
    )
    web.serve("/away", b"", status=302, headers={"Location": other_web.url + "/page.html"})
    result = collected("web", web.url)
    assert [r.candidate.url for r in result.fetched] == [f"{web.url}/own.jpg"]
    assert result.reasons_by_url == {f"{other_web.url}/cdn.jpg": "other-host"}
    assert other_web.asked == {}
    for named in (other_web.host, "*"):
        assert len(collected("web", web.url, also_hosts=(named,)).fetched) == 2
    assert set(other_web.asked) == {"/cdn.jpg"}


def test_a_picture_that_moved_to_another_host_is_refused(
    web: Any, other_web: Any, collected: Collect
) -> None:
    other_web.picture("/x.jpg", 1)
    web.serve("/", "<img src=x.jpg>")
    web.serve("/x.jpg", b"", status=302, headers={"Location": other_web.url + "/x.jpg"})
    assert set(collected("web", web.url).reasons_by_url.values()) == {"other-host"}
    assert other_web.asked == {}


def test_a_site_that_moved_is_walked_where_it_is(
    web: Any, other_web: Any, collected: Collect
) -> None:
    web.serve("/", b"", status=301, headers={"Location": other_web.url + "/home/"})
    other_web.serve("/home/", "<img src=1.jpg><a href=more.html>x</a>")
    other_web.serve("/home/more.html", "<img src=2.jpg>")
    other_web.picture("/home/1.jpg", 1)
    other_web.picture("/home/2.jpg", 2)
    result = collected("web", web.url)
    assert len(result.fetched) == 2
    assert {r.candidate.page_url for r in result.fetched} == {
        f"{other_web.url}/home/",
        f"{other_web.url}/home/more.html",
    }


def chain(web: Any, length: int) -> None:
    for number in range(length):
        web.serve(f"/p{number}", f"<img src=/{number}.jpg><a href=/p{number + 1}>on</a>")
        web.picture(f"/{number}.jpg", number)


def test_depth_and_pages_have_limits_and_the_last_is_told(
    web: Any, collected: Collect, listener: Any
) -> None:
    chain(web, 8)
    assert len(collected("web", web.url + "/p0", max_depth=0).fetched) == 1
    assert len(collected("web", web.url + "/p0", max_depth=2).fetched) == 3
    assert not any("not all pages" in note for note in listener.notes)
    assert len(collected("web", web.url + "/p0", max_depth=99, max_pages=5).fetched) == 5
    assert listener.notes[-1] == "not all pages: the limit is 5"


def test_pages_and_pictures_beyond_every_queue_are_all_taken(web: Any, collected: Collect) -> None:
    # More than any queue between the threads holds: none may be lost when one is full.
    links = "".join(f"<a href=/p{n}>x</a>" for n in range(60))
    many = "".join(f"<img src=/{n}.jpg>" for n in range(250))
    web.serve("/", links + many)
    for number in range(60):
        web.serve(f"/p{number}", f"<img src=/q{number}.jpg>")
        web.picture(f"/q{number}.jpg", 1000 + number)
    for number in range(250):
        web.serve(f"/{number}.jpg", b"GIF89a", "image/gif")
    result = collected("web", web.url)
    assert len(result.fetched) == 60
    assert len(result.refused) == 250
    assert set(web.asked.values()) == {1}


def test_the_page_that_is_named_with_a_picture_does_not_depend_on_luck(
    web: Any, collected: Collect
) -> None:
    web.picture("/x.jpg", 1)
    web.serve("/", "".join(f"<a href=/p{n}>x</a>" for n in range(12)))
    for number in range(12):
        web.serve(f"/p{number}", f"<img src=/x.jpg alt='on {number}'>")
    for _ in range(3):
        candidate = collected("web", web.url, threads=4).fetched[0].candidate
        assert (candidate.page_url, candidate.title) == (f"{web.url}/p0", "on 0")


def test_every_trouble_on_the_way_has_its_reason(
    gallery: Any, collected: Collect, limits: Limits
) -> None:
    gallery.serve(
        "/",
        "<img src=slow.jpg><img src=cut.jpg><img src=gone.jpg><img src=round.jpg>"
        "<img src=big.jpg><img src=ftp://x/y.jpg><a href=busy.html>x</a>"
        "<a href=paper>x</a><a href=large.html>x</a><img src=img/0.jpg>",
    )
    gallery.routes["/slow.jpg"] = lambda _: gallery.over.wait(20)
    gallery.serve("/cut.jpg", b"\xff\xd8\xff" + bytes(99), "image/jpeg")
    gallery.serve("/round.jpg", b"", status=302, headers={"Location": "/round.jpg"})
    gallery.serve("/big.jpg", b"\xff\xd8\xff" + bytes(limits.max_bytes), "image/jpeg")
    gallery.serve("/busy.html", b"", status=503)
    gallery.serve("/paper", b"%PDF-1.7", "application/pdf")
    gallery.serve("/large.html", b"<html>" + bytes(5000), "text/html")
    result = collected("web", gallery.url, timeout=2.0, max_page_bytes=4000)
    at = gallery.url
    assert result.reasons_by_url == {
        f"{at}/slow.jpg": "timeout",
        f"{at}/cut.jpg": "truncated",
        f"{at}/gone.jpg": "not-found",
        f"{at}/round.jpg": "too-many-redirects",
        f"{at}/big.jpg": "too-large",
        "ftp://x/y.jpg": "bad-url",
        f"{at}/busy.html": "server-busy",
        f"{at}/large.html": "too-large",
    }
    assert {r.candidate.url for r in result.refused if r.retry} == {
        f"{at}/slow.jpg",
        f"{at}/busy.html",
    }
    assert [r.candidate.url for r in result.fetched] == [f"{at}/img/0.jpg"]
    assert all("page" in r.detail for r in result.refused if r.candidate.url.endswith("html"))


def test_a_start_page_that_cannot_be_visited_is_one_sentence(
    web: Any, collected: Collect, closed_port: int
) -> None:
    with pytest.raises(SourceError, match="answered 404"):
        collected("web", web.url + "/missing")
    with pytest.raises(SourceError, match="refuses connections"):
        collected("web", f"http://127.0.0.1:{closed_port}/")
    with pytest.raises(SourceError, match="no host of this name"):
        collected("web", "http://no-such-host.invalid/")
    with pytest.raises(SourceError, match="application/zip, not a web page"):
        collected("web", web.serve("/a", b"PK", "application/zip"))
    web.routes["/silent"] = lambda _: web.over.wait(20)
    with pytest.raises(SourceError, match="silent for too long"):
        collected("web", web.url + "/silent", timeout=1.0, attempts=1)
    with pytest.raises(InputError, match="does not start with http"):
        collected("web", "ftp://example.com")


def test_a_page_without_pictures_has_none(web: Any, collected: Collect) -> None:
    web.serve("/", "")
    assert collected("web", web.url).records == []


def test_an_address_that_is_a_picture_itself_is_taken(
    web: Any, picture: Picture, collected: Collect
) -> None:
    data = web.picture("/photo", 1)
    result = collected("web", web.url + "/photo")
    assert [r.data for r in result.fetched] == [data]
    seen = {r.candidate.url for r in result.records}
    again = collected("web", web.url + "/photo", lambda candidate: candidate.url in seen)
    assert again.records == []


def test_an_address_is_asked_once_whether_it_is_shown_or_linked(
    web: Any, picture: Picture, collected: Collect
) -> None:
    web.serve(
        "/",
        "<a href=/photo/1><img src=/photo/1></a> <a href=/photo/2>x</a> <a href=/more>x</a>"
        "<img src='#'><img src='?'><img src=/>",
    )
    web.serve("/more", "<img src=/photo/2><img src=/photo/3><a href=/photo/1>x</a><img src=/more>")
    for number in (1, 2, 3):
        web.serve(f"/photo/{number}", picture(number), "image/jpeg")
    result = collected("web", web.url)
    found = sorted(r.candidate.url for r in result.fetched)
    assert found == [f"{web.url}/photo/{n}" for n in (1, 2, 3)]
    assert web.asked == {"/": 1, "/more": 1, "/photo/1": 1, "/photo/2": 1, "/photo/3": 1}


def test_pages_that_link_in_circles_end(web: Any, collected: Collect) -> None:
    for number in range(6):
        links = "".join(f"<a href=/p{n}#{number}>x</a>" for n in range(6))
        web.serve(f"/p{number}", links + "<img src=/x.jpg>")
    web.picture("/x.jpg", 1)
    assert len(collected("web", web.url + "/p0", max_depth=50).fetched) == 1
    assert set(web.asked.values()) == {1}


def test_nothing_is_written_to_disk_nor_logged(
    gallery: Any,
    collected: Collect,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    gallery.serve("/", "<img src=img/0.jpg><img src=gone.jpg>")
    with caplog.at_level(logging.INFO):
        collected("web", gallery.url)
    assert (root.handlers, caplog.records) == (before[1], [])
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_closing_early_ends_all_threads_though_the_server_hangs(
    gallery: Any, limits: Limits
) -> None:
    gallery.serve(
        "/",
        "<img src=img/0.jpg><a href=hang.html>x</a>"
        + "".join(f"<img src=hang{n}.jpg>" for n in range(300)),
    )
    for path in ("/hang.html", *(f"/hang{n}.jpg" for n in range(300))):
        gallery.routes[path] = lambda _: gallery.over.wait(30)
    patient = replace(limits, timeout=30.0, max_seconds=30.0)
    records = SOURCES.load("web")(gallery.url, patient).collect(lambda _: False, Silent())
    assert isinstance(next(records), Fetched)
    assert threads_of_a_crawl()
    records.close()
    assert not threads_of_a_crawl()


def test_closing_early_ends_all_threads_though_nobody_takes_the_records(
    gallery: Any, limits: Limits
) -> None:
    gallery.serve("/", "".join(f"<img src=/img/0.jpg?{n}>" for n in range(300)))
    for number in range(300):
        gallery.picture(f"/img/0.jpg?{number}", number)
    records = SOURCES.load("web")(gallery.url, limits).collect(lambda _: False, Silent())
    assert isinstance(next(records), Fetched)
    while sum(gallery.asked.values()) < limits.threads + 3:
        assert threads_of_a_crawl()
    # The page, one picture taken, one waiting, and each thread with one in its hands.
    threading.Event().wait(0.2)
    assert sum(gallery.asked.values()) == limits.threads + 3
    records.close()
    assert not threads_of_a_crawl()


def test_the_source_ends_at_its_limit(gallery: Any, collected: Collect, listener: Any) -> None:
    assert len(collected("web", gallery.url, max_images=2).fetched) == 2
    assert listener.notes[-1] == "ended at the limit of 2 images"


def test_an_interruption_from_the_keyboard_ends_all_threads(gallery: Any, limits: Limits) -> None:
    gallery.routes["/img/1.jpg"] = lambda _: gallery.over.wait(30)

    class Keyboard(Silent):
        def advance(self, done: int = 1, note: str = "") -> None:
            if done:
                raise KeyboardInterrupt

    records = SOURCES.load("web")(gallery.url, limits).collect(lambda _: False, Keyboard())
    with pytest.raises(KeyboardInterrupt):
        list(records)


@pytest.mark.parametrize("asked_for", ["img/0.jpg", "two.html"])
def test_an_error_of_the_caller_comes_out_as_it_is(
    gallery: Any, collected: Collect, asked_for: str
) -> None:
    def settled(candidate: Candidate) -> bool:
        if candidate.url.endswith(asked_for):
            raise OverflowError("the store says no")
        return False

    with pytest.raises(OverflowError, match="the store says no"):
        collected("web", gallery.url, settled)


def test_a_page_that_never_ends_is_left_and_the_others_read(
    gallery: Any, collected: Collect
) -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "text/html")
        request.end_headers()
        while not gallery.over.is_set():
            request.wfile.write(b"<p>more</p>" * 1000)

    gallery.routes["/two.html"] = endless
    result = collected("web", gallery.url, max_page_bytes=100_000)
    assert result.reasons_by_url == {f"{gallery.url}/two.html": "too-large"}
    assert len(result.fetched) == 4
