"""Images: something to fetch, what became of it, and the stored photo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """What became of a candidate."""

    KEPT = "kept"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Something to fetch.

    Attributes:
        url: Where the bytes are; ``file:`` for a local file, ``file:...!/member`` in an archive.
        source: The kind of source that named it, such as ``web`` or ``folder``.
        name: A readable relative POSIX path to remember it by, such as ``0--Parade/1.jpg``.
        engine: The search engine that found it, such as ``bing``, None where none did.
        validator: What changes when the bytes change: an ETag, or size and mtime of a file.
        group: What it belongs to inseparably, such as one video; see :class:`Image`.
    """

    url: str
    source: str
    name: str
    page_url: str | None = None
    title: str | None = None
    licence: str | None = None
    author: str | None = None
    query: str | None = None
    engine: str | None = None
    validator: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A candidate whose bytes arrived and are a readable image.

    Attributes:
        data: The bytes as they came, never re-encoded.
        sha256: Hex digest of ``data``.
        width: Of the image as displayed, pixels.
        height: Of the image as displayed, pixels.
        mime: From the content, never from the name or a header.
        phash: 64-bit perceptual hash as 16 hex digits, or None where not computed.
        http: What HTTP said: ``status url redirects type etag last_modified date`` as far as they
            were sent; None for what came another way.
    """

    candidate: Candidate
    data: bytes = field(repr=False)
    sha256: str
    width: int
    height: int
    mime: str
    phash: str | None
    fetched_at: datetime
    http: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A candidate that was not kept.

    Attributes:
        reason: A short stable word to count by, such as ``not-an-image``.
        detail: One sentence for a person.
        retry: True if another attempt may succeed (a time-out, a full disk).
    """

    candidate: Candidate
    reason: str
    detail: str
    retry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """A candidate that was asked for again and is what it was: nothing was sent."""

    candidate: Candidate


class ImageStatus(StrEnum):
    """How far an image has come: nothing known, proposed by a detector, vouched for, unreadable."""

    NEW = "new"
    PROPOSED = "proposed"
    LABELLED = "labelled"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A stored photo.

    Attributes:
        name: The readable relative POSIX path it arrived under; unique within a dataset.
        width: Pixels after EXIF orientation.
        height: Pixels after EXIF orientation.
        licence: As stated.
        licence_id: Its SPDX identifier where it is known; see :mod:`curator.licences`.
        http: As of :class:`Fetched`.
        run_id: The run whose faces speak for this image, None before any.
        split: ``train``, ``val``, ``test``, or None before a split.
        version: Grows whenever the labels of the image change.
        group: Images of one group never stand in two splits (one identity, one video, copies).
    """

    id: int
    sha256: str
    phash: str | None
    width: int
    height: int
    mime: str
    name: str
    source: str
    url: str
    page_url: str | None = None
    title: str | None = None
    licence: str | None = None
    author: str | None = None
    query: str | None = None
    licence_id: str | None = None
    engine: str | None = None
    http: Mapping[str, Any] | None = None
    fetched_at: datetime
    status: ImageStatus = ImageStatus.NEW
    run_id: int | None = None
    split: str | None = None
    group: str | None = None
    version: int = 1
