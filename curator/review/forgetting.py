"""Forget: the copies that FiftyOne has of what is known of an image."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from curator.environments import REVIEW, python_of, variables_of
from curator.errors import InputError, RunError
from curator.records import Image
from curator.store.dataset import Dataset

_SCRIPT = Path(__file__).with_name("moving.py")
_FRESH, _OLD, _ROOM = "database.new", "database.old", "forgetting-"
# A MongoDB that nobody asks any more ends within this, also on a busy machine.
_SECONDS = 60.0


class Reviews:
    """A holder of copies, see :class:`curator.pipeline.forget.Holder`."""

    def holding(self, dataset: Dataset, images: Sequence[Image]) -> list[str]:
        """The names of FiftyOne's datasets that show one of the images.

        Raises:
            MissingExtra: if there are such datasets and FiftyOne is not installed.
            RunError: if it does not work.
        """
        folder = _folder(dataset)
        _settle(folder)
        if not _is_filled(folder / "database"):
            return []
        with _told(folder, images) as wanted:
            out = wanted.with_name("held.json")
            _run(folder / "database", "held", wanted, out)
            names: list[str] = json.loads(out.read_text(encoding="utf-8"))
        return [f"FiftyOne: {name}" for name in names]

    def remove(self, dataset: Dataset, images: Sequence[Image]) -> None:
        """Write its database anew without them; tags and views of people stay.

        Raises:
            InputError: if somebody looks at it at the moment; nothing is removed then.
            RunError: if FiftyOne does not work; nothing is removed then.
        """
        folder = _folder(dataset)
        database, fresh = folder / "database", folder / _FRESH
        _wait_until_closed(database)
        with _told(folder, images) as wanted:
            kept = wanted.with_name("kept")
            _run(database, "dump", wanted, kept)
            _wait_until_closed(database)
            fresh.mkdir()
            _run(fresh, "restore", kept)
        _wait_until_closed(fresh)
        database.rename(folder / _OLD)
        fresh.rename(database)
        shutil.rmtree(folder / _OLD)
        (folder / "fiftyone.log").unlink(missing_ok=True)


def _folder(dataset: Dataset) -> Path:
    return dataset.folder / "review"


def _settle(folder: Path) -> None:
    """End what a kill cut short."""
    old, fresh = folder / _OLD, folder / _FRESH
    if old.exists() and not (folder / "database").exists():
        fresh.rename(folder / "database")
    for rest in (old, fresh, *folder.glob(f"{_ROOM}*")):
        shutil.rmtree(rest, ignore_errors=True)


def _is_filled(database: Path) -> bool:
    return database.is_dir() and any(database.iterdir())


@contextmanager
def _told(folder: Path, images: Sequence[Image]) -> Iterator[Path]:
    """A file that names the images, beside room for answers, which are gone afterwards."""
    with TemporaryDirectory(dir=folder, prefix=_ROOM) as room:
        wanted = Path(room) / "wanted.json"
        wanted.write_text(json.dumps([image.sha256 for image in images]), encoding="utf-8")
        yield wanted


def _run(database: Path, *words: str | Path) -> None:
    variables = variables_of(
        REVIEW,
        FIFTYONE_DATABASE_DIR=str(database),
        FIFTYONE_CONFIG_PATH=str(database.with_name("config.json")),
    )
    done = subprocess.run(
        [str(python_of(REVIEW)), "-P", str(_SCRIPT), *map(str, words)],
        cwd=database.parent,
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
        raise RunError(f"FiftyOne's copies cannot be looked at ({said[:300]})")


def _wait_until_closed(database: Path) -> None:
    """Its lock is empty once MongoDB has ended."""
    lock = database / "mongod.lock"
    deadline = time.monotonic() + _SECONDS
    while lock.exists() and lock.stat().st_size:
        if time.monotonic() > deadline:
            raise InputError("FiftyOne is open on this dataset: close it and say the same again")
        time.sleep(0.1)
