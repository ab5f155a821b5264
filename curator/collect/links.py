"""What a web page shows and links: pure functions of its bytes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from lxml import etree, html  # type: ignore[import-untyped]

from curator.collect.addresses import canonical
from curator.collect.reasons import Refusal
from curator.collect.sniff import named_image

# Where scripts that load images late keep the address.
_LAZY = ("data-src", "data-original", "data-lazy-src")
_META = frozenset({"og:image", "og:image:url", "og:image:secure_url", "twitter:image"})
# Inline pictures have no address of their own; the others are no places.
_NO_PLACES = re.compile(r"\s*(data|blob|about|javascript|mailto|tel):", re.IGNORECASE)
_NO_PAGES = frozenset(
    (
        *(".7z", ".avi", ".css", ".csv", ".doc", ".docx", ".exe", ".gz", ".ico", ".iso", ".js"),
        *(".json", ".m4a", ".mkv", ".mov", ".mp3", ".mp4", ".ogg", ".pdf", ".ppt", ".pptx"),
        *(".rar", ".rss", ".svg", ".tar", ".tgz", ".txt", ".wav", ".webm", ".xls", ".xlsx"),
        *(".xml", ".xz", ".zip"),
    )
)
# Width in pixels or density.
_DESCRIPTOR = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)[wx]")
_TITLE = 300


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that a page shows or links, and what the page calls it."""

    url: str
    title: str | None


@dataclass(frozen=True, slots=True)
class Links:
    """What is on a page, in its order, each address once.

    Attributes:
        problems: Address as written -> why no image can be asked for there.
        meta: Name of a ``meta`` element, lower case -> its content.
    """

    pictures: list[Picture] = field(default_factory=list)
    pages: list[str] = field(default_factory=list)
    problems: dict[str, Refusal] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)


def links_of(data: bytes, url: str, charset: str | None = None) -> Links:
    """Read a page.

    Pictures are ``img`` (the largest of its ``srcset`` stands for its ``src``; the addresses
    that scripts load late), ``source`` of a ``picture`` without ``img``, links to files named
    like images, and the preview images of ``meta`` and ``link``.

    Args:
        data: The page; broken HTML is repaired as browsers do.
        url: Its address, the base of relative ones unless the page states another.
        charset: As the server declares it; else what the page says, else UTF-8.
    """
    document = _document(data, charset)
    links = Links()
    if document is None:
        return links
    base = _base(document, url)
    heading = _clean(document.findtext(".//title"))
    pictures: dict[str, str | None] = {}
    pages: dict[str, None] = {}
    for element in document.iter("meta"):
        links.meta.setdefault((element.get("name") or "").lower(), element.get("content") or "")
    for element in document.iter(*_ADDRESSES):
        for address, title in _pictures(element):
            try:
                pictures.setdefault(canonical(address, base), title or heading)
            except Refusal as refusal:
                links.problems[address] = refusal
        page = _page(element, base)
        if page is not None:
            pages.setdefault(page)
    links.pictures.extend(Picture(*item) for item in pictures.items())
    links.pages.extend(pages)
    return links


def largest(srcset: str) -> str | None:
    """The address of the widest or densest candidate of a ``srcset``, None if there is none.

    The form is the HTML standard's, section 4.8.4.2.2 (sizes and source sets): addresses may
    contain commas, but neither begin nor end with one.
    """
    best: tuple[float, str | None] = (-1.0, None)
    url, size = "", 1.0
    for token in srcset.split():
        if not url:
            url, size = token.strip(","), 1.0
            ended, onward = token.endswith(","), ""
        else:
            descriptor, ended, onward = _split(token)
            if match := _DESCRIPTOR.fullmatch(descriptor):
                size = float(match[1])
        if ended and url:
            best = max(best, (size, url), key=_size)
        if ended:
            url, size = onward, 1.0
    return max(best, (size, url or None), key=_size)[1] if url else best[1]


def _split(token: str) -> tuple[str, bool, str]:
    descriptor, comma, onward = token.partition(",")
    return descriptor, bool(comma), onward.strip(",")


def _size(candidate: tuple[float, str | None]) -> float:
    return candidate[0]


def _document(data: bytes, charset: str | None) -> Any:
    if charset is None and b"charset" not in data[:2048].lower():
        charset = "utf-8"
    try:
        # Servers write latin-1 and UTF_8; libxml2 knows fewer spellings than Python.
        name = charset and codecs.lookup(charset).name.replace("_", "-")
        parser = html.HTMLParser(encoding=name, no_network=True)
    except (LookupError, ValueError):
        parser = html.HTMLParser(encoding="utf-8", no_network=True)
    try:
        return html.document_fromstring(data, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def _base(document: Any, url: str) -> str:
    stated = document.find(".//base[@href]")
    if stated is None:
        return url
    try:
        return canonical(stated.get("href"), url)
    except Refusal:
        return url


def _pictures(element: Any) -> Iterator[tuple[str, str | None]]:
    title = _clean(element.get("alt")) or _clean(element.get("title"))
    if element.tag in ("a", "area"):
        title = title or _clean(element.text_content()) or _inner_title(element)
    for address in _ADDRESSES[element.tag](element):
        if address and address.strip() and not _NO_PLACES.match(address):
            yield address, title


def _of_img(element: Any) -> list[str | None]:
    best = largest(element.get("srcset") or element.get("data-srcset") or "")
    return [best or element.get("src"), *(element.get(name) for name in _LAZY)]


def _of_source(element: Any) -> list[str | None]:
    parent = element.getparent()
    is_alone = parent is not None and parent.tag == "picture" and parent.find(".//img") is None
    return [largest(element.get("srcset") or "")] if is_alone else []


def _of_meta(element: Any) -> list[str | None]:
    name = element.get("property") or element.get("name") or ""
    return [element.get("content")] if name.lower() in _META else []


def _of_link(element: Any) -> list[str | None]:
    return [element.get("href")] if (element.get("rel") or "").lower() == "image_src" else []


def _of_anchor(element: Any) -> list[str | None]:
    href = element.get("href")
    return [href] if named_image(_path(href)) else []


_ADDRESSES = {
    "img": _of_img,
    "source": _of_source,
    "meta": _of_meta,
    "link": _of_link,
    "a": _of_anchor,
    "area": _of_anchor,
}


def _page(element: Any, base: str) -> str | None:
    if element.tag not in ("a", "area"):
        return None
    href = element.get("href")
    if not href or href.startswith("#") or _NO_PLACES.match(href):
        return None
    if named_image(_path(href)) or PurePosixPath(_path(href)).suffix.lower() in _NO_PAGES:
        return None
    try:
        return canonical(href, base)
    except Refusal:
        return None


def _path(href: str | None) -> str:
    try:
        return urlsplit((href or "").strip()).path
    except ValueError:
        return ""


def _inner_title(element: Any) -> str | None:
    image = element.find(".//img")
    return None if image is None else _clean(image.get("alt")) or _clean(image.get("title"))


def _clean(text: str | None) -> str | None:
    return " ".join((text or "").split())[:_TITLE] or None
