"""The process of one job: ``python -m curator.jobs.worker DATASET JOB``."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread

from curator.config import settings
from curator.errors import CuratorError, StoreError
from curator.jobs.tasks import TASKS, checked
from curator.records import RunStatus
from curator.store import jobs
from curator.store.dataset import Dataset, open_dataset

# How often the row may change: often enough for a bar that moves, rarely enough for SQLite.
TICK_SECONDS = 1.0
# From here on, what is left can be told from what is done.
_TELLING_SHARE, _TELLING_SECONDS = 0.01, 3.0


class JobProgress:
    """Remembers how far the work is; a thread writes that into the job's row."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._stage = "starting"
        self._total: int | None = None
        self._done = 0
        self._since = time.monotonic()

    def begin(self, stage: str, total: int | None) -> None:
        """A stage starts."""
        with self._lock:
            self._stage, self._total, self._done = stage, total, 0
            self._since = time.monotonic()
        print(stage if total is None else f"{stage}: {total}", flush=True)  # noqa: T201 - the log

    def advance(self, done: int = 1, note: str = "") -> None:
        """Some more is done."""
        with self._lock:
            self._done += done
        if note:
            print(f"  {note}", flush=True)  # noqa: T201 - the log

    def now(self) -> tuple[float | None, str]:
        """Share done (None without a total), and a line for a person."""
        with self._lock:
            if not self._total:
                return None, f"{self._stage}: {self._done}" if self._done else self._stage
            share = min(self._done / self._total, 1.0)
            said = f"{self._stage}: {self._done} of {self._total}"
            return share, said + _left(share, time.monotonic() - self._since)


def _left(share: float, seconds: float) -> str:
    """How long the stage will take from here, once that can be told."""
    if share >= 1 or share < _TELLING_SHARE or seconds < _TELLING_SECONDS:
        return ""
    left = seconds * (1 - share) / share
    return f", about {left:.0f} s left" if left < 90 else f", about {left / 60:.0f} min left"


def main(folder: str, job_id: int) -> int:
    """Do one job; return the exit status."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Only the app's process group gets the terminal's interrupt; be sure of it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with open_dataset(Path(folder), database_url=settings().database_url) as dataset:
        with dataset.write() as connection:
            if not jobs.claim(connection, job_id, os.getpid()):
                return 0
        return _work(dataset, job_id)


def _work(dataset: Dataset, job_id: int) -> int:
    progress, over = JobProgress(), Event()
    pulse = Thread(target=_beat, args=(dataset, job_id, progress, over), daemon=True)
    pulse.start()
    status, message, result, code = RunStatus.DONE, "done", {}, 0
    try:
        with dataset.read() as connection:
            job = jobs.get(connection, job_id)
        outcome = TASKS[job.task].run(dataset, checked(job.task, job.params), progress)
        result = dict(outcome)
    except KeyboardInterrupt:
        status, message, code = RunStatus.CANCELLED, "cancelled; start it again to go on", 130
    except CuratorError as error:
        status, message, code = RunStatus.FAILED, str(error), error.exit_status
    except Exception as error:  # noqa: BLE001 - the last line of defence: the row must tell
        traceback.print_exc()
        status, message, code = RunStatus.FAILED, f"unexpected {type(error).__name__}: {error}", 1
    over.set()
    pulse.join()
    with dataset.write() as connection:
        jobs.finish(connection, job_id, status, message, result)
    print(message, flush=True)  # noqa: T201 - the log
    return code


def _beat(dataset: Dataset, job_id: int, progress: JobProgress, over: Event) -> None:
    while not over.wait(TICK_SECONDS):
        share, message = progress.now()
        # A long transaction of the work itself may hold the database; the next beat will tell.
        with suppress(StoreError), dataset.write() as connection:
            jobs.beat(connection, job_id, share, message)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
