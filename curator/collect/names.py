"""Readable names for candidates: always relative POSIX paths that are safe to be used as such."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path, PurePosixPath
from posixpath import splitext
from urllib.parse import quote, unquote, urlsplit

from curator.collect.reasons import Reason, Refusal
from curator.collect.sniff import IMAGE_SUFFIXES
from curator.imaging import MIME_SUFFIX

# Of one path segment, as in every common file system, and of a whole name.
_SEGMENT_BYTES = 255
_NAME_BYTES = 1024
# Readable names of addresses are kept shorter, so that an export can put its own around them.
_READABLE = 80
# How many last segments of an address's path tell pictures apart.
_SEGMENTS = 3
_SUFFIXES_OF = {"image/jpeg": {".jpg", ".jpeg", ".jpe", ".jfif"}, "image/tiff": {".tif", ".tiff"}}

# Control characters and line ends of any kind, what some system takes for a separator, and
# bytes that are no text (Python holds those as U+DC80..U+DCFF).
_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\\\udc80-\udcff]")
_NOT_READABLE = re.compile(r"[^\w.,()+=@ -]")


def escaped(path: str) -> str:
    """A path of this disk as a name: what is no plain text stands as ``%`` and two hex digits."""
    return _ODD.sub(lambda odd: "".join(f"%{byte:02X}" for byte in os.fsencode(odd[0])), path)


def file_validator(facts: os.stat_result) -> str:
    """What changes when a local file does: its size in bytes and its time of change."""
    return f"{facts.st_size}:{facts.st_mtime_ns}"


def file_url(path: Path | str, member: str | None = None) -> str:
    """The ``file:`` URL of an absolute path, or of a member inside an archive."""
    url = "file://" + quote(os.fsencode(path))
    return url if member is None else f"{url}!/{quote(os.fsencode(member))}"


def member_name(raw: str) -> str:
    """The name of an archive's member as a relative path without detours.

    Raises:
        Refusal: ``unsafe-path`` for absolute names, drive letters, ``..``, backslashes, and
            names that no file system takes.
    """
    if raw.startswith("/") or re.match(r"[A-Za-z]:", raw):
        raise Refusal(Reason.UNSAFE_PATH, f"{_short(raw)} is an absolute path")
    if "\\" in raw or "\0" in raw:
        raise Refusal(Reason.UNSAFE_PATH, f"{_short(raw)} has a backslash or a zero byte")
    parts = [part for part in raw.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Refusal(Reason.UNSAFE_PATH, f"{_short(raw)} leads out of the archive")
    name = escaped("/".join(parts))
    sizes = [len(part.encode()) for part in name.split("/")]
    if not parts or max(sizes) > _SEGMENT_BYTES or len(name.encode()) > _NAME_BYTES:
        raise Refusal(Reason.UNSAFE_PATH, f"{_short(raw)} is empty or too long for a path")
    return name


def name_of_url(url: str) -> str:
    """The host and the last segments of an address: ``example.com/faces/1.jpg``.

    What the path does not tell (a query, what had to be left out) becomes eight hex digits, so
    that two addresses do not share a name.
    """
    parts = urlsplit(url)
    wanted = [unquote(part) for part in parts.path.split("/") if part]
    kept = [clean for part in wanted[-_SEGMENTS:] if (clean := _readable(part))]
    name = "/".join((_readable(parts.netloc) or "host", *(kept or ["index"])))
    if parts.query or kept != wanted:
        digest = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        stem, suffix = splitext(name)
        name = f"{stem}-{digest}{suffix}"
    return name


def with_suffix_of(name: str, mime: str) -> str:
    """The name with the suffix that tells what the bytes really are."""
    if splitext(name)[1].lower() in _SUFFIXES_OF.get(mime, {MIME_SUFFIX[mime]}):
        return name
    path = PurePosixPath(name)
    suffix = path.suffix.lower()
    stem = path.stem if suffix in IMAGE_SUFFIXES else path.name
    return str(path.with_name(stem + MIME_SUFFIX[mime]))


def _readable(segment: str) -> str:
    """Letters, digits and harmless signs of any script; no leading or trailing dots or spaces."""
    clean = _NOT_READABLE.sub("_", segment).strip(". ")
    if len(clean.encode()) <= _READABLE:
        return clean
    path = PurePosixPath(clean)
    suffix = path.suffix if len(path.suffix) <= 8 else ""
    head = path.stem.encode()[: _READABLE - len(suffix.encode())].decode(errors="ignore")
    return head.strip(". ") + suffix


def _short(raw: str) -> str:
    return repr(raw if len(raw) <= _READABLE else raw[: _READABLE - 1] + "…")
