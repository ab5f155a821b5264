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
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)


class Blobs:
    """The images of one dataset on this disk. Originals are written once, never changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._prefix = str(folder)
        self._incoming = folder / _INCOMING

    def path(self, sha256: str, mime: str) -> Path:
        """Where the bytes with this digest are, or would be."""
        return Path(self.place(sha256, mime))

    def place(self, sha256: str, mime: str) -> str:
        """As :meth:`path`, for those who ask tens of thousands of times."""
        return f"{self._prefix}/{sha256[:2]}/{sha256[2:4]}/{sha256}{MIME_SUFFIX[mime]}"

    def put(self, data: bytes, sha256: str, mime: str) -> None:
        """Write the bytes unless they are there; a reader never sees half a file.

        The caller calls :meth:`flush` before a row may point here.

        Raises:
            StoreError: if the disk is full or the folder cannot be written.
        """
        # Plain names: path objects take longer than writing a small picture.
        target = self.place(sha256, mime)
        try:
            if not _make_folder_of(target) and os.stat(target).st_size == len(data):  # noqa: PTH116
                return
        except FileNotFoundError:
            pass
        except OSError as cause:
            raise StoreError(f"{target}: cannot be written ({cause.strerror})") from cause
        _write(f"{self._incoming}/{os.getpid()}-{sha256[:16]}-{get_ident()}", target, data)

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
        for leftover in self._incoming.glob("*-*"):
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
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{get_ident()}")
    _write(str(temporary), str(target), data)


def _write(temporary: str, target: str, data: bytes) -> None:
    try:
        try:
            _write_new(temporary, data)
        except FileNotFoundError:
            _make_folder_of(temporary)
            _write_new(temporary, data)
        try:
            os.replace(temporary, target)  # noqa: PTH105
        except FileNotFoundError:
            _make_folder_of(target)
            os.replace(temporary, target)  # noqa: PTH105
    except OSError as cause:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise StoreError(f"{target}: cannot be written ({cause.strerror})") from cause


def _write_new(name: str, data: bytes) -> None:
    file = os.open(name, _NEW, 0o666)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]
    finally:
        os.close(file)


def _make_folder_of(name: str) -> bool:
    """Whether there was none: then there was no such file either, and nobody needs to look."""
    folder = os.path.dirname(name)  # noqa: PTH120
    try:
        # Mostly only the last one is missing, or none.
        os.mkdir(folder)  # noqa: PTH102
    except FileExistsError:
        return False
    except FileNotFoundError:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103
    return True
