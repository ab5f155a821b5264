from __future__ import annotations

import pytest

from curator.collect.links import Links, Picture, largest, links_of

PAGE = "http://example.com/dir/page.html"


def read(html: str, url: str = PAGE) -> Links:
    return links_of(html.encode(), url)


def urls(html: str, url: str = PAGE) -> list[str]:
    return [picture.url for picture in read(html, url).pictures]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<img src=a.jpg>", ["dir/a.jpg"]),
        ("<IMG SRC='/a'>", ["a"]),
        ("<img src=' a b.jpg\n'>", ["dir/a%20b.jpg"]),
        ("<img src='a.jpg#x'><img src=a.jpg>", ["dir/a.jpg"]),
        ("<img src=s.gif data-src=a.jpg>", ["dir/s.gif", "dir/a.jpg"]),
        ("<img data-original=a.jpg>", ["dir/a.jpg"]),
        ("<img src=s.jpg srcset='m.jpg 480w, l.jpg 1200w'>", ["dir/l.jpg"]),
        ("<img src=s.jpg srcset='s.jpg, l.jpg 2x'>", ["dir/l.jpg"]),
        ("<img data-srcset='m.jpg 480w,l.jpg 1200w,'>", ["dir/l.jpg"]),
        ("<picture><source srcset=a.webp><img src=a.jpg></picture>", ["dir/a.jpg"]),
        ("<picture><source srcset='a.webp 1x, b.webp 2x'></picture>", ["dir/b.webp"]),
        ("<video><source src=a.mp4 srcset=b.jpg></video>", []),
        ("<a href=a.JPG>x</a>", ["dir/a.JPG"]),
        ("<a href='a.jpg?size=9'>x</a>", ["dir/a.jpg?size=9"]),
        ("<map><area href=a.png></map>", ["dir/a.png"]),
        ("<meta property=og:image content=/a.jpg>", ["a.jpg"]),
        ("<meta name='twitter:image' content=/a.jpg>", ["a.jpg"]),
        ("<meta name=description content=/a.jpg>", []),
        ("<link rel=image_src href=a.jpg>", ["dir/a.jpg"]),
        ("<link rel=stylesheet href=a.css>", []),
        ("<img><img src><img src=''><img src=' '>", []),
        ("<img src='data:image/png;base64,AA'><img src='blob:x'>", []),
        ("<a href='mailto:a@b.jpg'>x</a><a href='javascript:a.jpg'>x</a>", []),
        ("<base href=/other/><img src=a.jpg>", ["other/a.jpg"]),
        ("<img src=a.jpg><base href='http://example.com/later/'>", ["later/a.jpg"]),
        ("<base href='javascript:x'><img src=a.jpg>", ["dir/a.jpg"]),
        ("<!-- <img src=a.jpg> --><p>nothing</p>", []),
        ("<script>'<img src=a.jpg>'</script>", []),
        ("<table><img src=a.jpg <b><img src=b.jpg", ["dir/a.jpg"]),
    ],
)
def test_pictures_are_found_where_pages_have_them(html: str, expected: list[str]) -> None:
    assert urls(html) == [f"http://example.com/{path}" for path in expected]


def test_pictures_of_other_hosts_are_named_as_they_are() -> None:
    assert urls("<img src=//cdn.example.org/a.jpg><img src=https://x.example/b>") == [
        "http://cdn.example.org/a.jpg",
        "https://x.example/b",
    ]


def test_a_picture_is_called_what_the_page_calls_it() -> None:
    page = read(
        """<title> The  page </title>
        <img src=1.jpg alt=" six
          friends " title=no>
        <img src=2.jpg title="a title">
        <img src=3.jpg>
        <a href=4.jpg>a <b>large</b> one</a>
        <a href=5.jpg><img src=6.jpg alt=small></a>"""
    )
    titles = {picture.url.rsplit("/")[-1]: picture.title for picture in page.pictures}
    assert titles == {
        "1.jpg": "six friends",
        "2.jpg": "a title",
        "3.jpg": "The page",
        "4.jpg": "a large one",
        "5.jpg": "small",
        "6.jpg": "small",
    }
    assert read("<img src=1.jpg>").pictures == [Picture("http://example.com/dir/1.jpg", None)]


@pytest.mark.parametrize(
    ("srcset", "expected"),
    [
        ("a.jpg", "a.jpg"),
        ("a.jpg 1x, b.jpg 2x", "b.jpg"),
        ("a.jpg 1x,b.jpg 1.5x", "b.jpg"),
        ("a.jpg, b.jpg 2x", "b.jpg"),
        ("a.jpg 300w 200h, b.jpg 100w", "a.jpg"),
        ("a.jpg 2x, b.jpg 2x", "a.jpg"),
        ("w_1,h_2/a.jpg 100w, w_9,h_9/b.jpg 900w", "w_9,h_9/b.jpg"),
        ("  a.jpg\n 1x ,\n b.jpg 2x ", "b.jpg"),
        (",,a.jpg 1x,", "a.jpg"),
        ("a.jpg nonsense, b.jpg 2x", "b.jpg"),
        ("", None),
        (" , ", None),
    ],
)
def test_the_largest_of_a_srcset_is_taken(srcset: str, expected: str | None) -> None:
    assert largest(srcset) == expected


def test_a_hostile_srcset_takes_no_time() -> None:
    assert largest("a " * 200_000) == "a"
    assert largest("," * 400_000) is None
    assert largest("a" * 400_000) == "a" * 400_000


def test_pages_are_links_that_may_lead_to_one() -> None:
    page = read(
        """<a href="b.html#top">x</a> <a href=b.html>again</a> <a href=#here>x</a> <a>x</a>
        <a href="/c/">x</a> <a href="?page=2">x</a> <a href="//other.example/d">x</a>
        <a href="paper.pdf">x</a> <a href="a.zip">x</a> <a href="film.mp4">x</a>
        <a href="a.jpg">x</a> <a href="mailto:me@example.com">x</a> <a href="ftp://x/y">x</a>
        <a href="http://[::1">x</a> <a href="JavaScript:void(0)">x</a> <a href="v1.2/notes">x</a>"""
    )
    assert page.pages == [
        "http://example.com/dir/b.html",
        "http://example.com/c/",
        "http://example.com/dir/page.html?page=2",
        "http://other.example/d",
        "http://example.com/dir/v1.2/notes",
    ]


def test_addresses_of_images_that_cannot_be_asked_for_are_told() -> None:
    page = read("<img src=ftp://x/a.jpg><img src='http://[::1/a.jpg'><img src=b.jpg>")
    assert [picture.url for picture in page.pictures] == ["http://example.com/dir/b.jpg"]
    assert {address: problem.reason for address, problem in page.problems.items()} == {
        "ftp://x/a.jpg": "bad-url",
        "http://[::1/a.jpg": "bad-url",
    }


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        ("<img src=1.jpg alt=grüße>".encode(), None),
        ("<img src=1.jpg alt=grüße>".encode(), "utf-8"),
        ("<meta charset=latin-1><img src=1.jpg alt=grüße>".encode("latin-1"), None),
        ("<img src=1.jpg alt=grüße>".encode("latin-1"), "latin-1"),
        ("<img src=1.jpg alt=grüße>".encode(), "no-such-charset"),
        (b"\xef\xbb\xbf" + "<img src=1.jpg alt=grüße>".encode(), None),
    ],
)
def test_words_are_read_in_the_character_set_of_the_page(data: bytes, charset: str | None) -> None:
    assert [picture.title for picture in links_of(data, PAGE, charset).pictures] == ["grüße"]


@pytest.mark.parametrize("data", [b"", b"  ", b"\0\0\0", b"<", b"<!-- ", b"\xff\xfe", b"<a" * 9])
def test_a_page_that_is_none_has_no_links(data: bytes) -> None:
    assert links_of(data, PAGE) == Links()


def test_a_page_nested_beyond_reason_is_read_or_left() -> None:
    deep = b"<div>" * 100_000 + b"<img src=a.jpg>"
    assert len(links_of(deep, PAGE).pictures) <= 1
    assert links_of(b"<b>" * 200 + b"<img src=a.jpg>", PAGE).pictures
