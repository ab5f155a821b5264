"""Search engines: the addresses of their result pages, and what is on those.

The addresses are those of icrawler's feeders, with its filters. Its parsers keep the address of
the picture alone; these carry along the page it is on, its title, and where the engine tells,
its author and licence. Engines change their pages without a word: a page of results on which
nothing is found is told, never taken for the end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lxml import html  # type: ignore[import-untyped]

from curator.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A picture that an engine found: its address, and what the engine says of it."""

    url: str
    page_url: str | None = None
    title: str | None = None
    author: str | None = None
    licence: str | None = None


Filters = Mapping[str, str]
Parse = Callable[[bytes], list[Result]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One search engine.

    Attributes:
        pages: From query, filters, results wanted and key to the addresses of result pages.
        parse: From the bytes of such a page to its results; none if it is not understood.
        a_page: How many results a page has.
        filters: The names of its filters.
        needs_key: Whether it answers only to those who have a key.
    """

    pages: Callable[[str, Filters, int, str | None], Iterator[str]]
    parse: Parse
    a_page: int
    filters: tuple[str, ...]
    needs_key: bool = False


class _Queue(list[str]):
    """What icrawler's feeders put their addresses into."""

    def put(self, url: str) -> None:
        """One more address."""
        self.append(url)


class _Silent:
    """A logger that nobody reads."""

    def debug(self, *_: object) -> None:
        """Say nothing."""


def _fed(feeder: Any, **asked: Any) -> list[str]:
    """The addresses that a feeder of icrawler makes, without its threads.

    Raises:
        ConfigError: if it does not know a filter or its value.
    """
    made = feeder.__new__(feeder)
    made.out_queue, made.logger = _Queue(), _Silent()
    try:
        made.feed(**asked)
    except (KeyError, ValueError, TypeError, AssertionError) as cause:
        detail = str(cause.args[0]) if cause.args else "a filter is not understood"
        raise ConfigError(detail.replace("\uff0c", ",")) from cause
    return list(made.out_queue)


def _bing_pages(query: str, filters: Filters, wanted: int, _: str | None) -> Iterator[str]:
    from icrawler.builtin.bing import BingFeeder

    yield from _fed(
        BingFeeder, keyword=quote(query), offset=0, max_num=wanted, filters=dict(filters)
    )


def _google_pages(query: str, filters: Filters, wanted: int, _: str | None) -> Iterator[str]:
    from icrawler.builtin.google import GoogleFeeder

    yield from _fed(GoogleFeeder, keyword=query, offset=0, max_num=wanted, filters=dict(filters))


def _baidu_pages(query: str, filters: Filters, wanted: int, _: str | None) -> Iterator[str]:
    from icrawler.builtin.baidu import BaiduFeeder

    yield from _fed(
        BaiduFeeder, keyword=quote(query), offset=0, max_num=wanted, filters=dict(filters)
    )


# https://www.flickr.com/services/api/flickr.photos.licenses.getInfo.html
_FLICKR = {
    "0": "All rights reserved",
    "1": "CC BY-NC-SA 2.0",
    "2": "CC BY-NC 2.0",
    "3": "CC BY-NC-ND 2.0",
    "4": "CC BY 2.0",
    "5": "CC BY-SA 2.0",
    "6": "CC BY-ND 2.0",
    "7": "No known copyright restrictions",
    "8": "LicenseRef-US-Government-Work",
    "9": "CC0 1.0",
    "10": "Public Domain Mark 1.0",
}
_FLICKR_GROUPS = {
    "creativecommons": "1,2,3,4,5,6,9,10",
    "commercial": "4,5,6,7,8,9,10",
    "commercial,modify": "4,5,7,8,9,10",
    "publicdomain": "7,8,9,10",
}
# The largest that is offered first; ``url_l`` is 1024 pixels wide.
_FLICKR_SIZES = ("url_o", "url_k", "url_h", "url_l", "url_c", "url_z", "url_m")
_FLICKR_PAGE = 100


def _flickr_pages(query: str, filters: Filters, wanted: int, key: str | None) -> Iterator[str]:
    from urllib.parse import urlencode

    unknown = set(filters) - {"license", "date"}
    if unknown:
        raise ConfigError(f"flickr has no filter {min(unknown)!r}; known: license, date")
    asked = {
        "method": "flickr.photos.search",
        "api_key": key or "",
        "format": "json",
        "nojsoncallback": 1,
        "text": query,
        "media": "photos",
        "content_type": 1,
        "per_page": _FLICKR_PAGE,
        "extras": ",".join(("license", "owner_name", *_FLICKR_SIZES)),
    }
    if "license" in filters:
        asked["license"] = _FLICKR_GROUPS.get(filters["license"], filters["license"])
    if "date" in filters:
        asked["min_upload_date"] = filters["date"]
    # Flickr repeats itself after 4,000 results.
    for page in range(1, -(-min(wanted, 4000) // _FLICKR_PAGE) + 1):
        yield "https://api.flickr.com/services/rest/?" + urlencode({**asked, "page": page})


def _bing(data: bytes) -> list[Result]:
    """Each result is a link whose attribute ``m`` is JSON."""
    found = []
    for element in _elements(data, "//a[@m]"):
        told = _json(element.get("m"))
        if isinstance(told, dict) and isinstance(told.get("murl"), str):
            found.append(
                Result(url=told["murl"], page_url=told.get("purl"), title=_plain(told.get("t")))
            )
    return found


# ["https://the.picture/x.jpg",480,640] ... "2003":[null,"id","https://the.page/","Its title"
_GOOGLE_PICTURE = re.compile(r'\["(https?://[^"]+)",(\d+),(\d+)\]')
_GOOGLE_PAGE = re.compile(r'"2003":\[null,"[^"]*","(https?://[^"]+)","([^"]*)"')


def _google(data: bytes) -> list[Result]:
    """Results are in scripts: a thumbnail, the picture, then the page it is on."""
    text = data.decode("utf-8", "replace")
    if '\\"2003\\"' in text:
        # Scripts inside strings of scripts.
        text = text.replace('\\"', '"')
    found: list[Result] = []
    pictures = [m for m in _GOOGLE_PICTURE.finditer(text) if "gstatic.com/images" not in m[1]]
    pages = list(_GOOGLE_PAGE.finditer(text))
    for place, match in enumerate(pictures):
        end = pictures[place + 1].start() if place + 1 < len(pictures) else len(text)
        page = next((p for p in pages if match.end() <= p.start() < end), None)
        found.append(
            Result(
                url=_unescaped(match[1]),
                page_url=None if page is None else _unescaped(page[1]),
                title=None if page is None else _plain(_unescaped(page[2])),
            )
        )
    return found


def _baidu(data: bytes) -> list[Result]:
    from icrawler.builtin.baidu import BaiduParser

    decode = BaiduParser._decode_url
    told = _json(data.decode("utf-8", "replace").replace("\\'", "'"))
    found = []
    for item in told.get("data") or [] if isinstance(told, dict) else []:
        places = item.get("replaceUrl") or [{}]
        url = item.get("objURL") or item.get("hoverURL")
        if url:
            plain = url if url.startswith("http") else decode(None, url)
            page = item.get("fromURL") or places[0].get("FromURL")
            if page and not page.startswith("http"):
                page = decode(None, page)
            found.append(Result(url=plain, page_url=page, title=_plain(item.get("fromPageTitle"))))
    return found


def _flickr(data: bytes) -> list[Result]:
    told = _json(data.decode("utf-8", "replace"))
    if not isinstance(told, dict) or told.get("stat") != "ok":
        return []
    found = []
    for photo in told.get("photos", {}).get("photo", []):
        url = next((photo[size] for size in _FLICKR_SIZES if photo.get(size)), None)
        if url:
            found.append(
                Result(
                    url=url,
                    page_url=f"https://www.flickr.com/photos/{photo['owner']}/{photo['id']}",
                    title=_plain(photo.get("title")),
                    author=photo.get("ownername"),
                    licence=_FLICKR.get(str(photo.get("license"))),
                )
            )
    return found


def _elements(data: bytes, path: str) -> list[Any]:
    try:
        document = html.document_fromstring(data, parser=html.HTMLParser(encoding="utf-8"))
    except (html.etree.ParserError, ValueError):
        return []
    return list(document.xpath(path))


def _json(text: str | None) -> Any:
    try:
        return json.loads(text or "", strict=False)
    except ValueError:
        return None


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text


def _plain(text: str | None) -> str | None:
    """Without the marks around what was searched for."""
    without = re.sub(r"</?\w+>|[\ue000\ue001]", "", text or "")
    return " ".join(without.split()) or None


ENGINES: Mapping[str, Engine] = {
    "bing": Engine(
        pages=_bing_pages,
        parse=_bing,
        a_page=20,
        filters=("type", "color", "size", "license", "layout", "people", "date"),
    ),
    "google": Engine(
        pages=_google_pages,
        parse=_google,
        a_page=100,
        filters=("type", "color", "size", "license", "date"),
    ),
    "baidu": Engine(pages=_baidu_pages, parse=_baidu, a_page=30, filters=("type", "color", "size")),
    "flickr": Engine(
        pages=_flickr_pages,
        parse=_flickr,
        a_page=_FLICKR_PAGE,
        filters=("license", "date"),
        needs_key=True,
    ),
}
