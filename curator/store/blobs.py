"""Image bytes as files named by their content: ``images/ab/cd/<sha256>.jpg``."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from threading import get_ident

from curator.errors import StoreError
from curator.imaging import MIME_SUFFIX

# Half-written files wait here under the number of the process that writes them.
_INCOMING = ".incoming"


class Blobs:
    """The images of one dataset on this disk. Originals are written once, never changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._prefix = str(folder)

    def path(self, sha256: str, mime: str) -> Path:
        """Where the bytes with this digest are, or would be."""
        # One path object instead of four: an export asks tens of thousands of times.
        inside = f"{sha256[:2]}/{sha256[2:4]}/{sha256}{MIME_SUFFIX[mime]}"
        return Path(f"{self._prefix}/{inside}")

    def put(self, data: bytes, sha256: str, mime: str) -> Path:
        """Write the bytes unless they are there; a reader never sees half a file.

        The caller calls :meth:`flush` before a row may point here.

        Raises:
            StoreError: if the disk is full or the folder cannot be written.
        """
        target = self.path(sha256, mime)
        try:
            if target.stat().st_size == len(data):
                return target
        except OSError:
            pass
        incoming = self.folder / _INCOMING
        _write(incoming / f"{os.getpid()}-{sha256[:16]}-{get_ident()}", target, data)
        return target

    def remove(self, sha256: str, mime: str) -> None:
        """Take a file away; what is gone already is no error.

        Raises:
            StoreError: if the folder cannot be written.
        """
        target = self.path(sha256, mime)
        try:
            target.unlink(missing_ok=True)
        except OSError as cause:
            raise StoreError(f"{target}: cannot be removed ({cause.strerror})") from cause
        for folder in target.parents[:2]:
            # Only the last file of a folder lets it go.
            with contextlib.suppress(OSError):
                folder.rmdir()

    def flush(self) -> None:
        """Bring all written bytes to the disk, so that they survive a power cut."""
        os.sync()

    def sweep(self) -> int:
        """Remove what killed processes left half written; return how many files."""
        swept = 0
        for leftover in (self.folder / _INCOMING).glob("*-*"):
            if not _alive(int(leftover.name.partition("-")[0])):
                leftover.unlink(missing_ok=True)
                swept += 1
        return swept


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_atomic(target: Path, data: bytes) -> None:
    """Write a file beside its place, then rename it into place.

    Raises:
        StoreError: if the disk is full or the folder cannot be written.
    """
    _write(target.with_name(f".{target.name}.{os.getpid()}-{get_ident()}"), target, data)


def _write(temporary: Path, target: Path, data: bytes) -> None:
    try:
        temporary.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(target)
    except OSError as cause:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise StoreError(f"{target}: cannot be written ({cause.strerror})") from cause
