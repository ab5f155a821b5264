"""A journal of arrivals: what was brought but not yet written to the database survives a kill.

One line a candidate, appended the moment it is done, before the next one is begun. Lines are not
forced to the disk, which would take longer than fetching: a killed program loses none, a power
cut may, and then they are fetched again. Every batch of rows has a file of its own, which goes
once the rows are there; what a killed program left is written to the database by the next one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import msgspec
import psutil

from curator.errors import StoreError
from curator.records import Fetched, Refused
from curator.store.dataset import Dataset


class Arrival(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one candidate; one of the last three is set.

    Attributes:
        at: When.
        fetched: Without its bytes, which are in the dataset.
        passed: An address of which nothing is to be remembered.
    """

    at: datetime
    fetched: Fetched | None = None
    refused: Refused | None = None
    passed: str | None = None

    @classmethod
    def of(cls, result: Fetched | Refused) -> Arrival:
        """What became of it, now."""
        if isinstance(result, Fetched):
            return cls(result.fetched_at, fetched=replace(result, data=b""))
        return cls(datetime.now(UTC), refused=result)


class Journal:
    """The lines of one run of this process."""

    def __init__(self, dataset: Dataset, run_id: int) -> None:
        self._folder = _folder(dataset)
        self._prefix = f"{_owner()}.{run_id}"
        self._numbers = count()
        self._path: Path | None = None
        self._file = -1
        self._encode = msgspec.json.Encoder().encode

    def append(self, arrival: Arrival) -> None:
        """One more line.

        Raises:
            StoreError: if it cannot be written.
        """
        try:
            if self._path is None:
                self._begin()
            os.write(self._file, self._encode(arrival) + b"\n")
        except OSError as cause:
            raise StoreError(f"{self._folder}: cannot be written ({cause.strerror})") from cause

    def turn(self) -> Path | None:
        """Begin another file; the one so far, None if nothing was written."""
        path, self._path = self._path, None
        if path is not None:
            os.close(self._file)
        return path

    def _begin(self) -> None:
        # Another of this process may be at work on the same run.
        path = self._folder / f"{self._prefix}.{id(self)}-{next(self._numbers)}"
        while self._path is None:
            with suppress(FileExistsError):
                self._folder.mkdir()
            # Who drops the last file takes the folder along, be it this very moment.
            with suppress(FileNotFoundError):
                self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
                self._path = path


def drop(path: Path | None) -> None:
    """The rows of this file are in the database."""
    if path is not None:
        path.unlink(missing_ok=True)
        # Only the last one lets the folder go.
        with suppress(OSError):
            path.parent.rmdir()


def left(dataset: Dataset) -> Iterator[tuple[Path, int, list[Arrival]]]:
    """What programs that are gone left: the file, the run, and what can be read of it.

    Pictures whose bytes a power cut took are left out.
    """
    for path in sorted(_folder(dataset).glob("*.*.*")):
        owner, run_id, rest = path.name.split(".", 2)
        if _lives(owner):
            continue
        mine = path.with_name(f"{_owner()}.{run_id}.{rest}")
        with suppress(FileNotFoundError):
            # Whoever renames it first has it.
            path.rename(mine)
            yield mine, int(run_id), list(_readable(dataset, mine))


def _readable(dataset: Dataset, path: Path) -> Iterator[Arrival]:
    decoder = msgspec.json.Decoder(Arrival)
    for line in path.read_bytes().splitlines():
        try:
            arrival = decoder.decode(line)
        except msgspec.DecodeError:
            # A power cut took the end of it.
            continue
        if arrival.fetched is None or _is_whole(dataset, arrival.fetched):
            yield arrival


def _is_whole(dataset: Dataset, fetched: Fetched) -> bool:
    try:
        data = dataset.blobs.path(fetched.sha256, fetched.mime).read_bytes()
    except OSError:
        return False
    return hashlib.sha256(data).hexdigest() == fetched.sha256


def _folder(dataset: Dataset) -> Path:
    return dataset.folder / "journal"


def _owner(pid: int | None = None) -> str:
    """A process; numbers are used again, so with the moment it was started."""
    process = psutil.Process(pid)
    return f"{process.pid}-{int(process.create_time() * 1000)}"


def _lives(owner: str) -> bool:
    try:
        return _owner(int(owner.partition("-")[0])) == owner
    except psutil.Error:
        return False
