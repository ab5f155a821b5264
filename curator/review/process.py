"""The process in which FiftyOne runs, and how it is talked to."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from curator.environments import REVIEW, end, python_of, variables_of
from curator.errors import MissingExtra, RunError, StoreError
from curator.progress import Progress
from curator.records import Run
from curator.store.dataset import Dataset

SCRIPT = Path(__file__).with_name("bridge.py")
PORT = 5151
# FiftyOne stops its database first, which takes seconds on a busy machine.
END_SECONDS = 20.0
_MOST_BYTES = 200_000_000


class Bridge:
    """FiftyOne for one dataset, with a database of its own.

    Raises:
        MissingExtra: if FiftyOne is not installed.
        StoreError: if the folder of its database cannot be written.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._python = python_of(REVIEW)
        self._dataset = dataset
        self.folder = dataset.folder / "review"
        try:
            (self.folder / "database").mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            raise StoreError(f"{self.folder}: cannot be written ({cause.strerror})") from cause

    def name_of(self, run: Run) -> str:
        """What the dataset of a run is called in FiftyOne."""
        return f"{self._dataset.folder.name} {run.name}"

    def push(self, file: Path, progress: Progress) -> None:
        """Make or refresh a dataset from a file of samples.

        Raises:
            RunError: if FiftyOne does not work.
        """
        done = 0
        with self.started("push", str(file)) as process:
            for line in process.stdout or ():
                word, _, count = line.strip().partition(" ")
                if word == "pushed" and count.isdecimal():
                    progress.advance(int(count) - done)
                    done = int(count)
        self._check(process, "FiftyOne did not take the run over")

    def plot(self, run: Run, file: Path) -> int:
        """Lay out the faces of a run from a file of vectors; how many there are.

        Raises:
            RunError: if FiftyOne Brain cannot.
        """
        count = 0
        with self.started("plot", self.name_of(run), str(file)) as process:
            for line in process.stdout or ():
                word, _, said = line.strip().partition(" ")
                if word == "plotted" and said.isdecimal():
                    count = int(said)
        self._check(process, "FiftyOne Brain did not make it")
        return count

    def pull(self, run: Run) -> list[Any] | None:
        """What it answers about tags, unchecked; None where it has no such dataset.

        Raises:
            RunError: if FiftyOne does not work, or answers what is no JSON.
        """
        file = self.folder / f"pull-{run.id}.json"
        try:
            with self.started("pull", self.name_of(run), str(file)) as process:
                for _ in process.stdout or ():
                    pass
            self._check(process, "FiftyOne did not give its tags")
            if file.stat().st_size > _MOST_BYTES:
                raise RunError("FiftyOne's answer is larger than any review can be")
            answer = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as cause:
            raise RunError("FiftyOne's answer cannot be read") from cause
        finally:
            file.unlink(missing_ok=True)
        if answer is not None and not isinstance(answer, list):
            raise RunError("FiftyOne's answer is no list of samples")
        return answer

    @contextmanager
    def started(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """The process, its output as text; it is over when the block is."""
        with (self.folder / "fiftyone.log").open("w") as log:
            process = subprocess.Popen(
                [str(self._python), "-P", str(SCRIPT), *words],
                cwd=self.folder,
                env=self.variables(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        # Leaving the block waits for it.
        with process:
            try:
                yield process
            except BaseException:
                end(process, END_SECONDS)
                raise

    def variables(self) -> dict[str, str]:
        """For every process that is to meet this database."""
        return variables_of(
            REVIEW,
            FIFTYONE_DATABASE_DIR=str(self.folder / "database"),
            FIFTYONE_CONFIG_PATH=str(self.folder / "config.json"),
            FIFTYONE_DEFAULT_APP_ADDRESS="127.0.0.1",
        )

    def _check(self, process: subprocess.Popen[str], sentence: str) -> None:
        if process.returncode:
            said = (self.folder / "fiftyone.log").read_text(errors="replace").strip().splitlines()
            last = said[-1] if said else f"status {process.returncode}"
            raise RunError(f"{sentence} ({last[:300]}); curator doctor tells more")


def is_here() -> bool:
    """Whether FiftyOne's environment has been made; whether it works, the doctor tells."""
    try:
        python_of(REVIEW)
    except MissingExtra:
        return False
    return True
