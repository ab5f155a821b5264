"""A dataset is a folder: the database, the images, and what was made of them.

::

    curator.sqlite   images/   exports/   cache/ (may be deleted)   logs/   runs/
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from curator.errors import InputError, NotFound, StoreError
from curator.store.alive import Holds
from curator.store.blobs import Blobs
from curator.store.engine import connect, migrate, scrub

DATABASE = "curator.sqlite"


class Dataset:
    """An open dataset. All reading and writing goes through :meth:`read` and :meth:`write`."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.folder = folder
        self.blobs = Blobs(folder / "images")
        self.holds = Holds(folder / "logs")
        self._engine = engine
        self._writer = engine.execution_options(curator_writes=True)
        # SQLite lets one write at a time and those that wait sleep and ask again; here they
        # stand in line and each is woken when it is its turn.
        alone = engine.dialect.name == "sqlite"
        self._turn: AbstractContextManager[Any] = Lock() if alone else nullcontext()

    @property
    def exports(self) -> Path:
        """Where exports go unless told otherwise."""
        return self.folder / "exports"

    @property
    def cache(self) -> Path:
        """Thumbnails and the like: may be deleted at any time."""
        return self.folder / "cache"

    @property
    def runs(self) -> Path:
        """One folder a training run."""
        return self.folder / "runs"

    @property
    def logs(self) -> Path:
        """One file a job, and one a run that tells whether somebody works on it."""
        return self.folder / "logs"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one consistent state.

        Raises:
            StoreError: if the database cannot be read.
        """
        with self._translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, committed at the end, rolled back by any exception.

        Keep it short: compute first, then write. Other writers wait meanwhile.

        Raises:
            StoreError: if the database cannot be written (locked, read-only, full disk).
        """
        with self._translated(), self._turn, self._writer.begin() as connection:
            yield connection

    def scrub(self) -> bool:
        """Overwrite what deleted rows left in the files of the database.

        Returns:
            False if another reader kept some of it in use: call it again when he is gone.

        Raises:
            StoreError: if the database cannot be written.
        """
        with self._translated():
            return scrub(self._engine)

    def close(self) -> None:
        """Let go of the database and of the runs that were worked on."""
        self.holds.close()
        self._engine.dispose()

    def __enter__(self) -> Dataset:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as cause:
            raise StoreError(f"{self.folder}: {_reason(cause)}") from cause


def create_dataset(folder: Path, *, database_url: str | None = None) -> Dataset:
    """Make an empty dataset, or open the one that is there.

    Raises:
        InputError: if the folder holds other things already.
        StoreError: if it cannot be written.
    """
    folder = folder.resolve()
    is_dataset = (folder / DATABASE).exists() or database_url is not None
    if folder.is_file() or (folder.is_dir() and not is_dataset and any(folder.iterdir())):
        raise InputError(f"{folder}: is not empty and not a dataset; choose another folder")
    try:
        for part in ("images", "exports", "cache", "logs"):
            (folder / part).mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise StoreError(f"{folder}: cannot be written ({cause.strerror})") from cause
    return _open(folder, database_url)


def open_dataset(folder: Path, *, database_url: str | None = None) -> Dataset:
    """Open a dataset, upgrading its database if it is of an older version.

    Raises:
        NotFound: if there is none.
        SchemaMismatch: if a newer program wrote it.
    """
    folder = folder.resolve()
    if database_url is None and not (folder / DATABASE).is_file():
        raise NotFound(f"{folder}: no dataset here; make one with: curator init {folder}")
    return _open(folder, database_url)


def _open(folder: Path, database_url: str | None) -> Dataset:
    url = database_url or f"sqlite:///{folder / DATABASE}"
    engine = connect(url)
    try:
        migrate(engine)
    except DBAPIError as cause:
        raise StoreError(f"{folder}: {_reason(cause)}") from cause
    return Dataset(folder, engine)


def _reason(cause: DBAPIError) -> str:
    text = str(cause.orig)
    known = {
        "database is locked": "another program holds the database; try again in a moment",
        "attempt to write a readonly database": "the database is read-only",
        "database or disk is full": "the disk is full",
        "unable to open database file": "the database cannot be opened; is the folder writable?",
        "file is not a database": "curator.sqlite is not a database",
    }
    return known.get(text, f"the database says: {text}")
