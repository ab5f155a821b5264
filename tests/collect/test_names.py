from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.collect.addresses import _CANONICAL, canonical, site
from curator.collect.names import escaped, member_name, name_of_url, with_suffix_of
from curator.collect.reasons import Refusal


def is_safe(name: str) -> bool:
    parts = name.split("/")
    return (
        bool(name)
        and not name.startswith("/")
        and "\\" not in name
        and all(part not in ("", ".", "..") for part in parts)
        and all(len(part.encode()) <= 255 for part in parts)
        and len(name.splitlines()) == 1
        and not any(unicodedata.category(char) in ("Cc", "Cs") for char in name)
    )


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://example.com/faces/1.jpg", "example.com/faces/1.jpg"),
        ("https://example.com/a/b/c/d/e.png", "example.com/c/d/e.png"),
        ("http://example.com/gr%C3%BC%C3%9Fe/%E5%90%8D.jpg", "example.com/grüße/名.jpg"),
    ],
)
def test_a_picture_is_named_after_the_end_of_its_address(url: str, name: str) -> None:
    assert name_of_url(url).startswith(name.removesuffix(PurePosixPath(name).suffix))
    assert is_safe(name_of_url(url))
    assert PurePosixPath(name_of_url(url)).suffix == PurePosixPath(name).suffix


def test_a_plain_address_is_its_own_name() -> None:
    assert name_of_url("http://example.com/faces/1.jpg") == "example.com/faces/1.jpg"
    assert name_of_url("http://example.com:8080/1.jpg") == "example.com_8080/1.jpg"


def test_addresses_that_differ_in_what_a_name_leaves_out_have_other_names() -> None:
    addresses = [
        "http://example.com/1.jpg",
        "http://example.com/1.jpg?size=1",
        "http://example.com/1.jpg?size=2",
        "http://example.com/a/x/y/1.jpg",
        "http://example.com/b/x/y/1.jpg",
        "http://example.com/a:1.jpg",
        "http://example.com/a*1.jpg",
        "http://example.com/" + "x" * 300 + "a.jpg",
        "http://example.com/" + "x" * 300 + "b.jpg",
        "http://example.com/",
    ]
    names = [name_of_url(address) for address in addresses]
    assert len(set(names)) == len(names)
    assert all(is_safe(name) for name in names)


@given(st.text(max_size=300), st.text(max_size=40))
def test_every_address_has_a_safe_name(path: str, query: str) -> None:
    try:
        url = canonical(f"http://example.com/{path}?{query}")
    except Refusal:
        return
    assert is_safe(name_of_url(url)), name_of_url(url)
    assert name_of_url(url) == name_of_url(url)


@pytest.mark.parametrize(
    "path",
    ["..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/x.jpg", "...", "%00.jpg", "a%0ab.jpg", "%5c..%5cx"],
)
def test_a_hostile_path_is_a_harmless_name(path: str) -> None:
    assert is_safe(name_of_url(f"http://example.com/{path}"))


@given(st.text(max_size=60))
def test_a_member_name_is_safe_or_refused(raw: str) -> None:
    try:
        assert is_safe(member_name(raw))
    except Refusal as refusal:
        assert refusal.reason == "unsafe-path"


def test_escaping_leaves_readable_names_alone() -> None:
    assert escaped("0--Parade/grüße (1).jpg") == "0--Parade/grüße (1).jpg"
    assert escaped("a\udce9\x07\\b\u2028") == "a%E9%07%5Cb%E2%80%A8"


@pytest.mark.parametrize(
    ("name", "mime", "expected"),
    [
        ("a/1.jpg", "image/jpeg", "a/1.jpg"),
        ("a/1.JPEG", "image/jpeg", "a/1.JPEG"),
        ("a/1.png", "image/jpeg", "a/1.jpg"),
        ("a/photo.php", "image/png", "a/photo.php.png"),
        ("a/v1.2", "image/webp", "a/v1.2.webp"),
        ("a/index", "image/tiff", "a/index.tif"),
    ],
)
def test_the_suffix_tells_what_the_bytes_are(name: str, mime: str, expected: str) -> None:
    assert with_suffix_of(name, mime) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("http://Example.COM", "http://example.com/"),
        ("http://example.com:80/a", "http://example.com/a"),
        ("https://example.com:443/a", "https://example.com/a"),
        ("http://example.com:8080/a", "http://example.com:8080/a"),
        ("http://example.com/a#part", "http://example.com/a"),
        ("http://user:secret@example.com/a", "http://example.com/a"),
        ("  http://example.com/a b.jpg\n", "http://example.com/a%20b.jpg"),
        ("http://example.com/ü.jpg", "http://example.com/%C3%BC.jpg"),
        ("http://example.com/%C3%BC.jpg", "http://example.com/%C3%BC.jpg"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://[::1]:81/x", "http://[::1]:81/x"),
        ("1.jpg", "http://example.com/x/1.jpg"),
        ("/1.jpg", "http://example.com/1.jpg"),
        ("../../../1.jpg", "http://example.com/1.jpg"),
        ("//cdn.example.com/1.jpg", "http://cdn.example.com/1.jpg"),
        ("?page=2", "http://example.com/x/y.html?page=2"),
    ],
)
def test_an_address_has_one_spelling(written: str, expected: str) -> None:
    assert canonical(written, "http://example.com/x/y.html") == expected
    assert canonical(expected) == expected


@pytest.mark.parametrize(
    "written",
    [
        *("", "example.com/a", "ftp://example.com/a", "file:///etc/passwd", "gopher://x/"),
        *("javascript:alert(1)", "data:image/png;base64,AAAA"),
        *("http://", "http:///a", "http://[::1", "http://example.com:99999/"),
        "http://" + "ü" * 70 + ".example/",
    ],
)
def test_what_is_no_web_address_is_refused(written: str) -> None:
    with pytest.raises(Refusal) as caught:
        canonical(written)
    assert caught.value.reason == "bad-url"


def test_a_site_is_a_host_with_its_port() -> None:
    assert site("http://example.com/a") == site("https://example.com/b") == "example.com"
    assert site("http://example.com:8080/a") == "example.com:8080"


@given(st.from_regex(_CANONICAL, fullmatch=True))
def test_the_short_way_for_plain_addresses_leads_to_the_same_spelling(address: str) -> None:
    assert canonical(address) == address
    # With a fragment it takes the long way.
    try:
        assert canonical(f"{address}#part") == address
    except Refusal as refusal:
        assert refusal.reason == "bad-url"
