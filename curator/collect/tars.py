"""The entries of a tar archive, plain or packed by gzip, bzip2 or xz."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

from curator.collect.inspection import too_large
from curator.collect.limits import Limits
from curator.collect.local import Stream
from curator.collect.members import Member, check_ratio
from curator.collect.reasons import Reason, Refusal
from curator.errors import InputError, SourceError

# tarfile reads the long names and comments of an entry whole into memory, and searches them in
# quadratic time before Python 3.11.10. No file's content is read in larger pieces either.
_LONGEST_READ = 1 << 16
_PACKED: Mapping[bytes, Callable[[IO[bytes]], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}
_DAMAGE = (tarfile.TarError, OSError, EOFError, lzma.LZMAError, ValueError)


class _Forward:
    """The unpacked bytes of a tar: only forward, and counted.

    ``tarfile`` takes a damaged header in the middle for the end of the archive; ``last`` keeps
    what it read there, so that :func:`_check_end` can tell the two apart.
    """

    def __init__(self, unpacked: IO[bytes], raw: IO[bytes], limits: Limits) -> None:
        self.last = b""
        self._unpacked = unpacked
        self._raw = raw
        self._limits = limits
        self._position = 0

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _LONGEST_READ:
            raise Refusal(Reason.BOMB, "the name or comment of an entry is far too long")
        data = self._unpacked.read(size)
        self._position += len(data)
        if self._unpacked is not self._raw:
            check_ratio(self._position, self._raw.tell(), self._limits)
        self.last = data
        return data

    def seek(self, position: int, whence: int = 0) -> int:
        if self._unpacked is self._raw:
            self._position = self._raw.seek(position, whence)
        while self._position < position and self.read(
            min(_LONGEST_READ, position - self._position)
        ):
            pass
        return self._position


def tar_members(path: Path, head: bytes, limits: Limits) -> Iterator[Member]:
    """All files, links and devices of the archive, in its order.

    Each must be read before the next is asked for.

    Raises:
        InputError: if it is no tar archive.
        SourceError: if it is one, and its first entry cannot be read.
        Refusal: if it is a bomb, or ends in the middle.
    """
    unpack = next((opener for magic, opener in _PACKED.items() if head.startswith(magic)), None)
    with path.open("rb") as raw:
        unpacked: IO[bytes] = unpack(raw) if unpack else raw
        forward = _Forward(unpacked, raw, limits)
        try:
            archive = tarfile.TarFile(fileobj=cast(IO[bytes], forward))
        except _DAMAGE as cause:
            if unpack is None:
                raise InputError(f"{path}: is neither a folder nor a zip or tar archive") from cause
            raise SourceError(f"{path}: the archive cannot be read ({cause})") from cause
        with archive:
            while (info := archive.next()) is not None:
                # It would keep them all.
                archive.members.clear()  # type: ignore[attr-defined]
                if not info.isdir():
                    yield Member(info.name, _problem(info, limits), partial(_open, archive, info))
        _check_end(forward.last)


def _open(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Stream:
    return cast(Stream, archive.extractfile(info))


def _problem(info: tarfile.TarInfo, limits: Limits) -> Refusal | None:
    if info.issym() or info.islnk():
        return Refusal(Reason.LINK, f"it is a link to {info.linkname!r}, not a file")
    if not info.isreg():
        return Refusal(Reason.LINK, "it is a pipe, a device or unknown, not a file")
    if info.size > limits.max_bytes:
        return Refusal(Reason.TOO_LARGE, too_large(info.size, limits))
    return None


def _check_end(last: bytes) -> None:
    """An archive ends with a block of zeros (POSIX.1-1988, ustar).

    Raises:
        Refusal: ``broken-archive``.
    """
    if len(last) < tarfile.BLOCKSIZE:
        raise Refusal(Reason.BROKEN_ARCHIVE, "it ends without its end mark; files may be missing")
    if any(last):
        raise Refusal(Reason.BROKEN_ARCHIVE, "the description of an entry is damaged")
