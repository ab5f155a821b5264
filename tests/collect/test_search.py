"""Search engines: the addresses asked for, and small hand-made pages of each read."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from curator.collect.engines import ENGINES, Engine, Result
from curator.errors import ConfigError, InputError, SourceError

Collect = Callable[..., Any]


def bing_page(results: list[dict[str, str]]) -> str:
    links = "".join(
        f'<div class="imgpt"><a class="iusc" m="{html.escape(json.dumps(result))}"></a></div>'
        for result in results
    )
    return f"<div>{links}<a href=/about>about</a></div>"


def test_bing_tells_page_and_title_of_pictures_of_any_kind() -> None:
    page = bing_page(
        [
            {
                "murl": "https://a.example/one.png?w=1&h=2",
                "purl": "https://a.example/page",
                "t": "An \ue000old\ue001 portrait",
            },
            {"murl": "https://b.example/two", "purl": "https://b.example/"},
            {"purl": "https://c.example/nothing"},
        ]
    )
    assert ENGINES["bing"].parse(page.encode()) == [
        Result(
            url="https://a.example/one.png?w=1&h=2",
            page_url="https://a.example/page",
            title="An old portrait",
        ),
        Result(url="https://b.example/two", page_url="https://b.example/"),
    ]


def test_google_tells_page_and_title_and_leaves_out_its_thumbnails() -> None:
    script = (
        '[0,"id",["https://encrypted-tbn0.gstatic.com/images?q\\u003dtbn:x",100,100],'
        '["https://a.example/one.jpg?x\\u003d1",800,600],null,{"2003":[null,"k",'
        '"https://a.example/page","An \\u003cb\\u003eold\\u003c/b\\u003e portrait"]}],'
        '[0,"id2",["https://encrypted-tbn0.gstatic.com/images?q\\u003dtbn:y",100,100],'
        '["https://b.example/two.webp",640,480],null,{}]'
    )
    page = f"<script>AF_initDataCallback({{data:[{script}]}});</script>"
    assert ENGINES["google"].parse(page.encode()) == [
        Result(
            url="https://a.example/one.jpg?x=1",
            page_url="https://a.example/page",
            title="An old portrait",
        ),
        Result(url="https://b.example/two.webp"),
    ]


def test_baidu_is_deciphered() -> None:
    data = {
        "data": [
            {
                "objURL": "ippr_z2C$qAzdH3FAzdH3Fw_z2C&e3Bx",
                "hoverURL": "https://img.example/hover.jpg",
                "fromPageTitle": "<strong>old</strong> portrait",
                "replaceUrl": [{"FromURL": "https://a.example/page"}],
            },
            {"hoverURL": "https://img.example/only-hover.jpg"},
            {},
        ]
    }
    first, second = ENGINES["baidu"].parse(json.dumps(data).encode())
    assert first.url.startswith("http://")
    assert (first.page_url, first.title) == ("https://a.example/page", "old portrait")
    assert second == Result(url="https://img.example/only-hover.jpg")


def test_flickr_tells_author_page_and_licence() -> None:
    photo = {"id": "7", "owner": "9@N01", "ownername": "Ann", "title": "Old", "license": "4"}
    sizes = {"url_m": "https://live.example/m.jpg", "url_l": "https://live.example/l.jpg"}
    data = {"stat": "ok", "photos": {"photo": [{**photo, **sizes}, {**photo, "license": 0}]}}
    assert ENGINES["flickr"].parse(json.dumps(data).encode()) == [
        Result(
            url="https://live.example/l.jpg",
            page_url="https://www.flickr.com/photos/9@N01/7",
            title="Old",
            author="Ann",
            licence="CC BY 2.0",
        )
    ]
    assert ENGINES["flickr"].parse(b'{"stat":"fail","message":"bad key"}') == []


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("data", [b"", b"<html></html>", b"{}", b'{"data":null}', b"\0" * 50])
def test_a_page_that_is_not_understood_has_no_results(name: str, data: bytes) -> None:
    assert ENGINES[name].parse(data) == []


@pytest.mark.parametrize(
    ("name", "filters", "expected"),
    [
        (
            "bing",
            {"license": "commercial", "people": "face"},
            "+filterui:license-L2_L3_L4+filterui:face-face",
        ),
        (
            "google",
            {"license": "commercial", "size": "large", "type": "face"},
            "sur:fc,isz:l,itp:face",
        ),
        ("baidu", {"type": "face"}, "face=1"),
        ("flickr", {"license": "publicdomain"}, "license=7%2C8%2C9%2C10"),
    ],
)
def test_queries_and_filters_stand_in_the_addresses(
    name: str, filters: dict[str, str], expected: str
) -> None:
    from urllib.parse import unquote

    pages = list(ENGINES[name].pages("caf\u00e9 & bar", filters, 200, "KEY"))
    assert len(pages) == -(-200 // ENGINES[name].a_page)
    for page in pages:
        assert expected in page or expected in unquote(page)
        asked = parse_qs(urlsplit(page).query)
        assert ["caf\u00e9 & bar"] in asked.values()


@pytest.mark.parametrize(
    ("name", "filters"),
    [("bing", {"mood": "sad"}), ("google", {"license": "none"}), ("flickr", {"size": "large"})],
)
def test_a_filter_that_the_engine_has_not_is_one_sentence(
    name: str, filters: dict[str, str], collected: Collect
) -> None:
    with pytest.raises(ConfigError, match=r"filter"):
        collected(name, "x", filters=tuple(filters.items()), api_key="KEY")


@pytest.fixture
def bing(web: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The small web answers as Bing does."""
    real = ENGINES["bing"]

    def pages(query: str, filters: Any, wanted: int, key: str | None) -> Iterator[str]:
        for page in real.pages(query, filters, wanted, key):
            parts = urlsplit(page)
            yield f"{web.url}{parts.path}?{parts.query}"

    changed = Engine(pages=pages, parse=real.parse, a_page=20, filters=real.filters)
    monkeypatch.setattr("curator.collect.search.ENGINES", {"bing": changed})
    return web


def test_what_is_found_is_fetched_with_all_that_is_known(
    bing: Any, other_web: Any, collected: Collect, listener: Any
) -> None:
    results = []
    for number in range(5):
        other_web.picture(f"/{number}.jpg", number)
        results.append(
            {
                "murl": f"{other_web.url}/{number}.jpg",
                "purl": f"https://a.example/{number}",
                "t": f"Portrait {number}",
            }
        )
    bing.serve("/images/async?q=old%20portrait&first=0", bing_page(results[:3]))
    bing.serve(
        "/images/async?q=old%20portrait&first=20", bing_page([*results[2:], {"murl": "ftp://x/y"}])
    )
    bing.serve("/images/async?q=old%20portrait&first=40", "<p>changed</p>")
    result = collected("bing", "old portrait", max_results=100, licence="ask")
    assert len(result.fetched) == 5
    candidate = next(r.candidate for r in result.fetched if r.candidate.url.endswith("/4.jpg"))
    assert (candidate.engine, candidate.source) == ("bing", "bing")
    assert (candidate.query, candidate.title) == ("old portrait", "Portrait 4")
    assert (candidate.page_url, candidate.licence) == ("https://a.example/4", "ask")
    assert result.reasons_by_url == {"ftp://x/y": "bad-url"}
    assert "bing: found 0 of 20 on page 3: the end, or the page has changed" in listener.notes
    assert set(other_web.asked.values()) == {1}
    seen = {r.candidate.url for r in result.records}
    assert collected("bing", "old portrait", lambda c: c.url in seen, max_results=40).records == []


def test_a_changed_page_is_told_instead_of_silence(
    bing: Any, collected: Collect, listener: Any
) -> None:
    bing.serve("/images/async?q=x&first=0", "<html>something else entirely</html>")
    assert collected("bing", "x", max_results=20).records == []
    assert listener.notes[-1] == (
        "bing: found 0 of 20: the page may have changed, or nothing was found"
    )


def test_an_engine_that_wants_no_robots_is_left_alone_with_one_sentence(
    bing: Any, collected: Collect
) -> None:
    bing.serve("/robots.txt", "User-agent: *\nDisallow: /images/async", "text/plain")
    with pytest.raises(SourceError, match=r"^bing: robots\.txt of .* forbids it"):
        collected("bing", "x")


def test_nothing_to_search_for_and_a_missing_key_are_one_sentence(collected: Collect) -> None:
    with pytest.raises(InputError, match="nothing to search for"):
        collected("bing", "  ")
    with pytest.raises(ConfigError, match="CURATOR_FLICKR_KEY"):
        collected("flickr", "x")
