from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from curator.collect import Limits
from curator.collect.download import download
from curator.collect.fetch import Fetcher
from curator.collect.pace import Stopped
from curator.collect.reasons import Reason, Refusal
from curator.records import Candidate, Fetched, Refused

Picture = Callable[..., bytes]


@pytest.fixture
def fetcher(limits: Limits) -> Iterator[Fetcher]:
    with Fetcher(limits) as fetcher:
        yield fetcher


def anywhere(_: str) -> None:
    """Every address is fine."""


def take(fetcher: Fetcher, url: str, permit: Callable[[str], None] = anywhere) -> Fetched | Refused:
    return download(Candidate(url=url, source="urls", name="x"), fetcher, permit)


def refusal(fetcher: Fetcher, url: str) -> Refused:
    record = take(fetcher, url)
    assert isinstance(record, Refused), record
    return record


def patient(limits: Limits, **changes: Any) -> Fetcher:
    return Fetcher(replace(limits, attempts=1, **changes))


@pytest.mark.parametrize(
    ("status", "reason", "retry"),
    [
        (404, "not-found", False),
        (410, "not-found", False),
        (401, "forbidden", False),
        (403, "forbidden", False),
        (451, "forbidden", False),
        (204, "http-error", False),
        (400, "http-error", False),
        (301, "http-error", False),
        (429, "server-busy", True),
        (500, "server-busy", True),
        (503, "server-busy", True),
    ],
)
def test_every_status_has_its_reason_and_only_passing_ones_are_tried_again(
    web: Any, fetcher: Fetcher, status: int, reason: str, retry: bool
) -> None:
    url = web.serve("/x.jpg", b"", "image/jpeg", status)
    record = refusal(fetcher, url)
    assert (record.reason, record.retry) == (reason, retry)
    assert str(status) in record.detail
    assert web.asked["/x.jpg"] == (2 if retry else 1)


def test_a_passing_trouble_passes(web: Any, picture: Picture, fetcher: Fetcher) -> None:
    web.picture("/x.jpg", 1)
    good = web.routes["/x.jpg"]

    def once_busy(request: BaseHTTPRequestHandler) -> None:
        if web.asked["/x.jpg"] == 1:
            request.send_error(503)
        else:
            good(request)

    web.routes["/x.jpg"] = once_busy
    record = take(fetcher, web.url + "/x.jpg")
    assert isinstance(record, Fetched)
    assert record.data == picture(1)
    assert web.asked["/x.jpg"] == 2


def test_the_server_is_told_who_asks_and_nothing_else(
    web: Any, limits: Limits, monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    headers: list[dict[str, str]] = []
    web.picture("/x.jpg", 1)
    answer = web.routes["/x.jpg"]

    def note(request: BaseHTTPRequestHandler) -> None:
        headers.append(dict(request.headers))
        answer(request)

    web.routes["/x.jpg"] = note
    web.serve("/cookie.jpg", b"", headers={"Set-Cookie": "id=1; Path=/"})
    # Nobody listens there: a proxy of the environment must not be asked.
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    with Fetcher(replace(limits, user_agent="curator/0.1 (me@example.org)")) as fetcher:
        refusal(fetcher, web.url + "/cookie.jpg")
        assert isinstance(take(fetcher, web.url + "/x.jpg"), Fetched)
    assert headers[0]["User-Agent"] == "curator/0.1 (me@example.org)"
    assert not {"Cookie", "Authorization", "Referer"} & set(headers[0])


def test_html_that_calls_itself_an_image_is_refused(web: Any, fetcher: Fetcher) -> None:
    page = "<!doctype html><html>Not found, but we say 200</html>"
    assert refusal(fetcher, web.serve("/a.jpg", page, "image/jpeg")).reason == "not-an-image"
    record = refusal(fetcher, web.serve("/b.jpg", b"\0\0\0 ftypmp42", "video/mp4"))
    assert record.reason == "not-an-image"
    assert "video/mp4" in record.detail
    assert refusal(fetcher, web.serve("/c.jpg", b"", "image/jpeg")).reason == "empty"


def test_an_image_that_calls_itself_something_else_is_taken(
    web: Any, picture: Picture, fetcher: Fetcher
) -> None:
    assert isinstance(take(fetcher, web.serve("/x", picture(1), "text/plain")), Fetched)


def test_a_video_is_not_read_to_its_end(web: Any, fetcher: Fetcher) -> None:
    sent = []

    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while not web.over.is_set():
            request.wfile.write(bytes(65_536))
            sent.append(65_536)

    web.routes["/x.jpg"] = endless
    assert refusal(fetcher, web.url + "/x.jpg").reason == "not-an-image"
    assert sum(sent) < 20_000_000


def test_an_endless_body_is_stopped_at_the_limit(
    web: Any, picture: Picture, fetcher: Fetcher
) -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(picture(1))
        while not web.over.is_set():
            request.wfile.write(bytes(65_536))

    web.routes["/x.jpg"] = endless
    record = refusal(fetcher, web.url + "/x.jpg")
    assert (record.reason, record.retry) == ("too-large", False)
    assert "300,000" in record.detail


def test_a_stated_length_above_the_limit_is_believed(web: Any, fetcher: Fetcher) -> None:
    stated = {"Content-Length": "300001"}

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", stated["Content-Length"])
        request.end_headers()
        request.wfile.write(b"\xff\xd8\xff" + bytes(100_000))
        web.over.wait(20)

    web.routes["/x.jpg"] = answer
    assert "300,001 bytes" in refusal(fetcher, web.url + "/x.jpg").detail


def test_a_stated_length_of_thousands_of_digits_is_only_a_large_one(
    web: Any, fetcher: Fetcher
) -> None:
    web.routes["/x.jpg"] = raw(
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 6000 + b"\r\n\r\n\xff\xd8\xff"
    )
    assert refusal(fetcher, web.url + "/x.jpg").reason == "too-large"


def raw(answer: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def send(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(answer)
        request.close_connection = True

    return send


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[\xff\xfe/\r\n\r\n",
        b"\0" * 5000,
    ],
)
def test_an_answer_that_is_no_http_is_a_reason_and_never_another_error(
    web: Any, limits: Limits, answer: bytes
) -> None:
    web.routes["/x.jpg"] = raw(answer)
    with patient(limits, timeout=1.0) as fetcher:
        record = refusal(fetcher, web.url + "/x.jpg")
    assert record.reason in {"interrupted", "empty", "not-an-image", "truncated", "bad-url"}
    assert len(record.detail.splitlines()) == 1


def test_a_small_body_that_unpacks_to_gigabytes_is_stopped(
    web: Any, picture: Picture, fetcher: Fetcher
) -> None:
    packed = gzip.compress(picture(1) + bytes(100_000_000))
    assert len(packed) < 150_000
    url = web.serve("/x.jpg", packed, "image/jpeg", headers={"Content-Encoding": "gzip"})
    assert refusal(fetcher, url).reason == "too-large"


def test_a_body_shorter_than_stated_is_an_interruption(
    web: Any, picture: Picture, fetcher: Fetcher
) -> None:
    def short(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(picture(1))))
        request.end_headers()
        request.wfile.write(picture(1)[:-100])
        request.close_connection = True

    web.routes["/x.jpg"] = short
    record = refusal(fetcher, web.url + "/x.jpg")
    assert (record.reason, record.retry) == ("interrupted", True)


def test_a_stated_packing_that_is_none_is_an_error(
    web: Any, picture: Picture, fetcher: Fetcher
) -> None:
    url = web.serve("/x.jpg", picture(1), headers={"Content-Encoding": "gzip"})
    assert refusal(fetcher, url).reason == "http-error"


def test_redirects_are_followed_to_the_picture(
    web: Any, other_web: Any, picture: Picture, fetcher: Fetcher
) -> None:
    other_web.picture("/real.jpg", 1)
    web.serve("/a", b"", status=301, headers={"Location": "b?x=1#part"})
    web.serve("/b?x=1", b"", status=307, headers={"Location": "/gr\u00c3\u00bc"})
    web.serve("/gr%C3%BC", b"", status=308, headers={"Location": other_web.url + "/real.jpg"})
    record = take(fetcher, web.url + "/a")
    assert isinstance(record, Fetched)
    assert record.candidate.url == web.url + "/a"


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("/x", "too-many-redirects"),
        ("file:///etc/passwd", "bad-url"),
        ("ftp://example.com/", "bad-url"),
        ("javascript:alert(1)", "bad-url"),
        ("http://[::1", "bad-url"),
    ],
)
def test_redirects_that_lead_nowhere_are_refused(
    web: Any, fetcher: Fetcher, location: str, reason: str
) -> None:
    url = web.serve("/x", b"", status=302, headers={"Location": location})
    assert refusal(fetcher, url).reason == reason
    assert web.asked["/x"] == (6 if reason == "too-many-redirects" else 1)


def test_the_body_of_a_redirect_is_not_read(web: Any, fetcher: Fetcher) -> None:
    web.picture("/real.jpg", 1)

    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", "/real.jpg")
        request.end_headers()
        while not web.over.is_set():
            request.wfile.write(bytes(65_536))

    web.routes["/x"] = endless
    assert isinstance(take(fetcher, web.url + "/x"), Fetched)


def test_every_hop_asks_for_permission(web: Any, other_web: Any, fetcher: Fetcher) -> None:
    other_web.picture("/real.jpg", 1)
    web.serve("/a", b"", status=302, headers={"Location": other_web.url + "/real.jpg"})

    def permit(url: str) -> None:
        if url.startswith(other_web.url):
            raise Refusal(Reason.OTHER_HOST, "not there")

    record = take(fetcher, web.url + "/a", permit)
    assert isinstance(record, Refused)
    assert record.reason == "other-host"
    assert other_web.asked == {}


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:{port}/x.jpg", "refuses connections"),
        ("http://no-such-host.invalid/x.jpg", "no host of this name"),
        ("https://127.0.0.1:{tls}/x.jpg", "secure connection"),
    ],
)
def test_hosts_that_cannot_be_reached_say_why(
    web: Any, limits: Limits, closed_port: int, address: str, words: str
) -> None:
    url = address.format(port=closed_port, tls=web.host.split(":")[1])
    with patient(limits) as fetcher:
        record = refusal(fetcher, url)
    assert (record.reason, record.retry) == ("unreachable", True)
    assert words in record.detail


def test_a_host_name_that_cannot_be_one_is_a_bad_address(limits: Limits) -> None:
    with patient(limits) as fetcher:
        for url in ("http://a..b/x.jpg", "http://" + "a" * 64 + ".example/x.jpg"):
            assert refusal(fetcher, url).reason == "bad-url"


def test_an_address_of_version_6_is_reached(limits: Limits, picture: Picture) -> None:
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    data = picture(1)

    def answer() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(data)}\r\n\r\n"
            connection.sendall(head.encode() + data)

    thread = threading.Thread(target=answer)
    thread.start()
    with server, patient(limits, obey=False) as fetcher:
        record = take(fetcher, f"http://[::1]:{server.getsockname()[1]}/x.jpg")
        thread.join()
    assert isinstance(record, Fetched)


def drip_headers(site: Any) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not site.over.wait(0.05):
            request.wfile.write(b"x")
            request.wfile.flush()

    return answer


def drip_body(site: Any, head: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(head)
        while not site.over.wait(0.05):
            request.wfile.write(b"x")
            request.wfile.flush()

    return answer


def waiting(site: Any) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(_: BaseHTTPRequestHandler) -> None:
        site.over.wait(20)

    return answer


def test_a_silent_server_is_a_time_out(web: Any, limits: Limits) -> None:
    web.routes["/x.jpg"] = waiting(web)
    with patient(limits, timeout=1.0) as fetcher:
        record = refusal(fetcher, web.url + "/x.jpg")
    assert (record.reason, record.retry) == ("timeout", True)
    assert "silent" in record.detail


@pytest.mark.parametrize("where", ["headers", "body"])
def test_a_server_that_drips_is_a_time_out_however_alive(
    web: Any, limits: Limits, picture: Picture, where: str
) -> None:
    dripping = {"headers": drip_headers(web), "body": drip_body(web, picture(1)[:600])}
    web.routes["/x.jpg"] = dripping[where]
    with patient(limits, timeout=5.0, max_seconds=1.5) as fetcher:
        record = refusal(fetcher, web.url + "/x.jpg")
    assert (record.reason, record.retry) == ("timeout", True)
    assert "in all" in record.detail


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port that takes no connection and refuses none: its queue is full."""
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(0)
    callers = []
    for _ in range(8):
        caller = socket.socket()
        caller.setblocking(False)
        caller.connect_ex(server.getsockname())
        callers.append(caller)
    yield server.getsockname()[1]
    for caller in callers:
        caller.close()
    server.close()


@pytest.mark.parametrize("where", ["connect", "tls", "headers", "body", "pause"])
def test_closing_wakes_up_whoever_waits_and_wherever(
    web: Any, limits: Limits, picture: Picture, deaf_port: int, where: str
) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    urls = {
        "connect": f"http://127.0.0.1:{deaf_port}/x.jpg",
        "tls": f"https://127.0.0.1:{listening.getsockname()[1]}/x.jpg",
        "headers": web.url + "/headers.jpg",
        "body": web.url + "/body.jpg",
        "pause": web.url + "/busy.jpg",
    }
    web.routes["/headers.jpg"] = waiting(web)
    web.routes["/body.jpg"] = drip_body(web, picture(1)[:600])
    web.serve("/busy.jpg", b"", status=503)
    fetcher = Fetcher(replace(limits, timeout=30.0, max_seconds=30.0, pause=30.0))
    outcome: list[object] = []

    def work() -> None:
        try:
            outcome.append(take(fetcher, urls[where]))
        except Stopped as stopped:
            outcome.append(stopped)

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.3)
    assert thread.is_alive()
    fetcher.close()
    thread.join(60)
    listening.close()
    assert not thread.is_alive()
    assert [type(one) for one in outcome] == [Stopped]


def test_a_connection_is_used_again(web: Any, limits: Limits) -> None:
    ports = set()
    web.picture("/x.jpg", 1)
    answer = web.routes["/x.jpg"]

    def note(request: BaseHTTPRequestHandler) -> None:
        ports.add(request.client_address[1])
        answer(request)

    web.routes["/x.jpg"] = note
    with patient(limits) as fetcher:
        for _ in range(4):
            assert isinstance(take(fetcher, web.url + "/x.jpg"), Fetched)
    assert len(ports) == 1


def test_closing_leaves_no_thread(web: Any, limits: Limits) -> None:
    before = {thread for thread in threading.enumerate() if thread.name == "wire"}
    web.picture("/x.jpg", 1)
    with Fetcher(limits) as fetcher:
        take(fetcher, web.url + "/x.jpg")
    after = {thread for thread in threading.enumerate() if thread.name == "wire"}
    assert after == before
