"""What pages and servers say about the use of their images.

``X-Robots-Tag`` and ``meta name=robots`` as search engines document them, with ``noai`` and
``noimageai`` (DeviantArt, 2022), and the TDM reservation protocol (W3C community group, 2024).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# Said with an image, about it.
FORBID_IMAGE = frozenset(
    {"noai", "noimageai", "noindex", "noimageindex", "none", "tdm-reservation"}
)
# Said with a page, about the images on it; that the page itself is in no index is another matter.
FORBID_IMAGES_OF_PAGE = frozenset({"noai", "noimageai", "noimageindex", "none", "tdm-reservation"})
FORBID_LINKS = frozenset({"nofollow", "none"})
# These carry a value after a colon, which would look like the name of a robot before it.
_WITH_VALUE = frozenset(
    {"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"}
)
_TDM = "tdm-reservation"


def of_headers(tags: Iterable[str], reservation: str | None, robot: str) -> frozenset[str]:
    """The directives of all ``X-Robots-Tag`` headers that are for everybody or for this robot.

    Args:
        tags: One header each, such as ``noindex, nofollow`` or ``googlebot: noai``.
        reservation: The header ``tdm-reservation``, None if there is none.
        robot: Our name, lower case.
    """
    found: set[str] = set()
    for tag in tags:
        name, colon, rest = tag.lower().partition(":")
        if colon and "," not in name and name.strip() not in _WITH_VALUE:
            found |= _words(rest) if name.strip() in (robot, "*") else set()
        else:
            found |= _words(tag)
    if (reservation or "").strip() == "1":
        found.add(_TDM)
    return frozenset(found)


def of_meta(stated: Mapping[str, str], robot: str) -> frozenset[str]:
    """The directives of a page: name of a ``meta`` element, lower case -> its content."""
    found = _words(stated.get("robots", "")) | _words(stated.get(robot, ""))
    if stated.get(_TDM, "").strip() == "1":
        found.add(_TDM)
    return frozenset(found)


def _words(text: str) -> set[str]:
    return {word.strip().lower() for word in text.split(",") if word.strip()}
