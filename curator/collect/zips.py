"""The entries of a zip archive."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import cast

from curator.collect.inspection import too_large
from curator.collect.limits import Limits
from curator.collect.local import Stream
from curator.collect.members import Member, check_ratio
from curator.collect.reasons import Reason, Refusal
from curator.errors import SourceError

# APPNOTE.TXT 4.4.4, bit 0.
_ENCRYPTED = 0x1
_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_DAMAGE = (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError, struct.error)


def is_zip(head: bytes) -> bool:
    """True for the first bytes of a zip archive, empty and split ones included."""
    return head.startswith(_SIGNATURES)


def zip_members(path: Path, limits: Limits) -> Iterator[Member]:
    """All files of the archive, in its order.

    Raises:
        SourceError: if its table of contents cannot be read.
    """
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGE as cause:
        raise SourceError(f"{path}: the zip archive cannot be read ({cause})") from cause
    with archive:
        for info in archive.infolist():
            if not info.is_dir():
                # The original name: zipfile cuts the other at a zero byte.
                yield Member(
                    info.orig_filename, _problem(info, limits), partial(_open, archive, info)
                )


def _open(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Stream:
    return cast(Stream, archive.open(info))


def _problem(info: zipfile.ZipInfo, limits: Limits) -> Refusal | None:
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return Refusal(Reason.LINK, "it is a link or a device, not a file")
    if info.flag_bits & _ENCRYPTED:
        return Refusal(Reason.ENCRYPTED, "it needs a password")
    try:
        check_ratio(info.file_size, info.compress_size, limits)
    except Refusal as refusal:
        return refusal
    if info.file_size > limits.max_bytes:
        return Refusal(Reason.TOO_LARGE, too_large(info.file_size, limits))
    return None
