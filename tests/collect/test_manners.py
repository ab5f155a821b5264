"""What hosts ask of robots is done: rules, pauses, wishes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from curator.collect import SOURCES, Limits
from curator.collect.download import download
from curator.collect.fetch import Fetcher
from curator.collect.pace import Pace, Stopped
from curator.collect.reasons import Refusal
from curator.collect.robots import robot_name
from curator.collect.wishes import of_headers
from curator.errors import SourceError
from curator.progress import Silent
from curator.records import Candidate, Fetched, Refused

Collect = Callable[..., Any]
Picture = Callable[..., bytes]


def take(url: str, limits: Limits) -> Fetched | Refused:
    with Fetcher(limits) as fetcher:
        return download(Candidate(url=url, source="urls", name="x"), fetcher, lambda _: None)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("curator/0.1 (face dataset curation)", "curator"),
        ("My-Bot_x (me@example.org)", "my-bot_x"),
        ("(?)", "*"),
    ],
)
def test_the_name_that_rules_are_for_stands_before_the_version(agent: str, name: str) -> None:
    assert robot_name(agent) == name


# RFC 9309: groups of one name are one (2.2.1), the longest match wins and Allow on a tie (2.2.2),
# * and $ are special (2.2.3), a group of our own hides the one for all.
@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow:", True),
        ("", True),
        ("User-agent: *\nDisallow: /private", True),
        ("User-agent: *\nDisallow: /img/", False),
        ("User-agent: *\nDisallow: /img/\nAllow: /img/x", True),
        ("User-agent: *\nAllow: /img/x.jpg\nDisallow: /img/x.jpg", True),
        ("User-agent: *\nDisallow: /*.jpg$", False),
        ("User-agent: *\nDisallow: /*.jp$", True),
        ("User-agent: other\nDisallow: /", True),
        ("User-agent: CURATOR\nDisallow: /\n\nUser-agent: *\nAllow: /", False),
        ("User-agent: curator\nAllow: /\n\nUser-agent: *\nDisallow: /", True),
        ("User-agent: curator\nDisallow: /a\n\nUser-agent: curator\nDisallow: /img", False),
        ("\ufeffUser-agent: *\r\nDisallow: /img # comment\r\n", False),
        ("<html>no rules at all</html>", True),
    ],
)
def test_rules_are_those_of_the_standard(
    web: Any, limits: Limits, rules: str, allowed: bool
) -> None:
    web.picture("/img/x.jpg", 1)
    web.serve("/robots.txt", rules, "text/plain")
    record = take(web.url + "/img/x.jpg", limits)
    if allowed:
        assert isinstance(record, Fetched)
    else:
        assert isinstance(record, Refused)
        assert (record.reason, record.retry) == ("robots", False)
        assert web.asked["/img/x.jpg"] == 0
    assert isinstance(take(web.url + "/img/x.jpg", replace(limits, obey=False)), Fetched)
    assert web.asked["/robots.txt"] == 1


@pytest.mark.parametrize(
    ("status", "reason"), [(404, None), (403, None), (429, "server-busy"), (503, "server-busy")]
)
def test_without_rules_all_is_allowed_and_with_unreadable_ones_nothing_for_now(
    web: Any, limits: Limits, status: int, reason: str | None
) -> None:
    web.picture("/x.jpg", 1)
    web.serve("/robots.txt", "", status=status)
    record = take(web.url + "/x.jpg", limits)
    if reason is None:
        assert isinstance(record, Fetched)
    else:
        assert isinstance(record, Refused)
        assert (record.reason, record.retry) == (reason, True)
        assert record.detail.startswith("robots.txt: ")
        assert web.asked["/x.jpg"] == 0


def test_rules_are_read_once_whole_or_their_beginning_and_where_they_moved_to(
    web: Any, other_web: Any, limits: Limits
) -> None:
    web.serve("/robots.txt", b"", status=301, headers={"Location": other_web.url + "/rules"})
    other_web.serve("/rules", "User-agent: *\nDisallow: /no\n" + "#" * 600_000, "text/plain")
    web.picture("/yes.jpg", 1)
    web.picture("/no.jpg", 2)
    with Fetcher(limits) as fetcher:
        records = [
            download(Candidate(url=web.url + path, source="urls", name="x"), fetcher, _anywhere)
            for path in ("/yes.jpg", "/no.jpg", "/yes.jpg")
        ]
    assert [type(record) for record in records] == [Fetched, Refused, Fetched]
    assert (web.asked["/robots.txt"], other_web.asked["/rules"]) == (1, 1)


def _anywhere(_: str) -> None:
    """All hosts."""


def test_a_redirect_to_what_is_forbidden_is_not_followed(web: Any, limits: Limits) -> None:
    web.serve("/robots.txt", "User-agent: *\nDisallow: /private/", "text/plain")
    web.serve("/x.jpg", b"", status=302, headers={"Location": "/private/x.jpg"})
    web.picture("/private/x.jpg", 1)
    record = take(web.url + "/x.jpg", limits)
    assert isinstance(record, Refused)
    assert record.reason == "robots"
    assert web.asked["/private/x.jpg"] == 0


def test_a_site_that_forbids_its_start_page_says_so(web: Any, collected: Collect) -> None:
    web.serve("/robots.txt", "User-agent: *\nDisallow: /", "text/plain")
    with pytest.raises(SourceError, match=r"robots\.txt of .* forbids it"):
        collected("web", web.url)


@pytest.mark.parametrize(
    ("header", "forbids"),
    [
        ("noai", True),
        ("all, NoImageAI", True),
        ("curator: noindex", True),
        ("*: noai", True),
        ("otherbot: noai", False),
        ("max-snippet: 10, noai", True),
        ("noarchive, nofollow", False),
    ],
)
def test_a_server_that_forbids_the_use_of_an_image_is_obeyed(
    web: Any, picture: Picture, limits: Limits, header: str, forbids: bool
) -> None:
    url = web.serve("/x.jpg", picture(1), "image/jpeg", headers={"X-Robots-Tag": header})
    record = take(url, limits)
    assert isinstance(record, Refused) is forbids
    if isinstance(record, Refused):
        assert (record.reason, record.retry) == ("opted-out", False)
    assert isinstance(take(url, replace(limits, obey=False)), Fetched)


def test_several_headers_and_a_reservation_of_rights_count() -> None:
    assert of_headers(["otherbot: noai", "noindex"], None, "curator") == {"noindex"}
    assert of_headers([], "1", "curator") == {"tdm-reservation"}
    assert of_headers([], "0", "curator") == frozenset()


def test_pages_that_forbid_the_use_of_their_images_or_links_are_obeyed(
    web: Any, collected: Collect
) -> None:
    for number in range(5):
        web.picture(f"/{number}.jpg", number)
    web.serve(
        "/",
        "<img src=0.jpg><a href=meta>x</a><a href=header>x</a><a href=dead-end>x</a>"
        "<a href=other>x</a>",
    )
    web.serve("/meta", "<meta name=ROBOTS content='noai, noarchive'><img src=1.jpg>")
    web.serve("/header", "<img src=2.jpg>", headers={"X-Robots-Tag": "noimageai"})
    web.serve("/dead-end", "<meta name=robots content=nofollow><img src=3.jpg><a href=no>x</a>")
    web.serve("/other", "<meta name=otherbot content=noai><img src=4.jpg>")
    result = collected("web", web.url)
    assert sorted(r.candidate.url[-5:] for r in result.fetched) == ["0.jpg", "3.jpg", "4.jpg"]
    assert result.reasons_by_url == {
        f"{web.url}/1.jpg": "opted-out",
        f"{web.url}/2.jpg": "opted-out",
    }
    assert web.asked["/no"] == 0
    assert len(collected("web", web.url, obey=False).fetched) == 5


def times(web: Any, path: str) -> list[float]:
    """When a path is asked for from now on."""
    asked: list[float] = []
    plain = web.routes[path]

    def note(request: BaseHTTPRequestHandler) -> None:
        asked.append(time.monotonic())
        plain(request)

    web.routes[path] = note
    return asked


def test_a_busy_server_is_asked_again_when_it_says_and_by_nobody_before(
    web: Any, limits: Limits
) -> None:
    for name in ("busy", "other"):
        web.picture(f"/{name}.jpg", 1)
    plain = web.routes["/busy.jpg"]

    def busy_once(request: BaseHTTPRequestHandler) -> None:
        if web.asked["/busy.jpg"] == 1:
            request.send_response(429)
            request.send_header("Retry-After", "1")
            request.send_header("Content-Length", "0")
            request.end_headers()
        else:
            plain(request)

    web.routes["/busy.jpg"] = busy_once
    busy, other = times(web, "/busy.jpg"), times(web, "/other.jpg")
    with Fetcher(limits) as fetcher:

        def get(name: str) -> Fetched | Refused:
            place = Candidate(url=f"{web.url}/{name}.jpg", source="urls", name="x")
            return download(place, fetcher, _anywhere)

        thread = threading.Thread(target=get, args=("busy",))
        thread.start()
        while not busy or fetcher.pace.is_free(web.host):
            time.sleep(0.005)
        assert isinstance(get("other"), Fetched)
        thread.join()
    assert busy[1] - busy[0] >= 1
    assert other[0] - busy[0] >= 1


def test_a_server_that_wants_to_rest_for_hours_is_left_for_another_run(
    web: Any, limits: Limits
) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=3), usegmt=True)
    web.serve("/busy.jpg", b"", status=503, headers={"Retry-After": later})
    web.picture("/other.jpg", 1)
    with Fetcher(limits) as fetcher:
        for name in ("busy", "other"):
            place = Candidate(url=f"{web.url}/{name}.jpg", source="urls", name="x")
            record = download(place, fetcher, _anywhere)
            assert isinstance(record, Refused)
            assert (record.reason, record.retry) == ("server-busy", True)
        assert "left alone for 10" in record.detail
    assert web.asked == {"/busy.jpg": 1}


def test_requests_to_one_host_start_with_a_pause_between_them(web: Any, limits: Limits) -> None:
    web.serve("/robots.txt", "User-agent: *\nCrawl-delay: 0.2", "text/plain")
    web.picture("/x.jpg", 1)
    asked = times(web, "/x.jpg")
    for pause in (0.15, 0.0):
        with Fetcher(replace(limits, host_pause=pause)) as fetcher:
            place = Candidate(url=web.url + "/x.jpg", source="urls", name="x")
            download(place, fetcher, _anywhere)
            while not fetcher.pace.is_free(web.host):
                time.sleep(0.005)
            began = time.monotonic()
            for _ in range(3):
                download(place, fetcher, _anywhere)
        # The first started then or later, the last arrived when it started or later.
        assert asked[-1] - began >= 0.4


def test_one_host_is_asked_few_things_at_a_time(limits: Limits) -> None:
    pace = Pace(replace(limits, host_requests=2), threading.Event())
    asking, most, lock = [], [0], threading.Lock()

    def ask() -> None:
        with pace.turn("a.example"):
            with lock:
                asking.append(1)
                most[0] = max(most[0], len(asking))
            time.sleep(0.02)
            with lock:
                asking.pop()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [2]


def test_who_waits_for_a_turn_is_called_off_at_once(limits: Limits) -> None:
    closed = threading.Event()
    pace = Pace(limits, closed)
    pace.hold("a.example", 100)
    closed.set()
    with pytest.raises(Stopped), pace.turn("a.example"):
        pass
    pace.hold("a.example", 1000)
    with pytest.raises(Refusal, match="left alone"), pace.turn("a.example"):
        pass


def test_a_slow_host_does_not_hold_up_the_others(
    web: Any, other_web: Any, collected: Collect, tmp_path: Path
) -> None:
    web.serve("/robots.txt", "User-agent: *\nCrawl-delay: 30", "text/plain")
    web.picture("/0.jpg", 0)
    for number in range(20):
        other_web.picture(f"/{number}.jpg", number)
    lines = [web.url + f"/{number}.jpg" for number in range(40)]
    lines += [other_web.url + f"/{number}.jpg" for number in range(20)]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    limits = Limits(threads=2, host_pause=0, host_requests=8, allow_hosts=("127.0.0.1",))
    records = SOURCES.load("urls")(str(tmp_path / "list.txt"), limits).collect(
        lambda _: False, Silent()
    )
    found = [next(records).candidate.url for _ in range(20)]
    records.close()
    assert sum(url.startswith(other_web.url) for url in found) == 20


def test_a_budget_of_time_ends_the_source(collected: Collect, web: Any, listener: Any) -> None:
    web.serve("/", "".join(f"<img src=/{n}.jpg>" for n in range(30)))
    for number in range(30):
        web.picture(f"/{number}.jpg", number)
    result = collected("web", web.url, max_run_seconds=0.25, host_pause=0.1)
    assert 1 <= len(result.fetched) < 30
    assert listener.notes[-1] == "ended at the limit of 0.25 seconds"
