"""Kill what trains, and time until it is told: ``python -m benchmarks.killed DATASET RELEASE``.

A training of YOLO runs as a job. One after another its starter (as the app is), its worker and its
trainer are killed with -9, then it is cancelled, and at last left to end. Needs ``curator train
setup yolo``. Told are the seconds until job and run are shown as what they are, and whatever
processes are left.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from curator.jobs import start as jobs
from curator.records import Job, Run, RunStatus
from curator.store import runs
from curator.store.dataset import Dataset, open_dataset

STARTER = """
import sys, time
from pathlib import Path
from curator.jobs.start import again
from curator.store.dataset import open_dataset
with open_dataset(Path(sys.argv[1])) as dataset:
    again(dataset, int(sys.argv[2]))
    time.sleep(600)
"""
LONGEST = 900


def main() -> None:
    """Start, kill, look, go on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("release")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--side", type=int, default=64, help="of the network's input, pixels")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    params = {
        "trainer": "yolo",
        "release": options.release,
        "recipe": "yolo11n",
        "epochs": options.epochs,
        "seed": options.seed,
        "more": {"imgsz": str(options.side), "batch": "32", "workers": "2"},
    }
    with open_dataset(options.dataset) as dataset:
        first = jobs.start(dataset, "train", params)
        trains(dataset)
        kill(dataset, "worker", newest(dataset).pid)
        starter = subprocess.Popen([sys.executable, "-c", STARTER, str(dataset.folder), str(first)])
        until(dataset, "the starter began it again", lambda job, _: job.id > first)
        trains(dataset)
        starter.kill()
        starter.wait()
        time.sleep(5)
        job = newest(dataset)
        print(f"starter killed: the job is {job.status}, {job.message}", flush=True)
        kill(dataset, "trainer", trainer(dataset))
        jobs.again(dataset, first)
        trains(dataset)
        jobs.cancel(dataset, newest(dataset).id)
        over(dataset, "cancelled")
        jobs.again(dataset, first)
        until(dataset, "left alone, over", lambda job, _: not alive(job))
        print(f"at last: {newest(dataset).status}, {newest(dataset).result}", flush=True)


def kill(dataset: Dataset, what: str, pid: int | None) -> None:
    """Kill a process of the newest job."""
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    over(dataset, f"{what} killed")


def over(dataset: Dataset, what: str) -> None:
    """Wait until job and run are shown as over, and all processes are gone."""
    until(dataset, f"{what}: run over", lambda _, run: run.status is not RunStatus.RUNNING)
    until(dataset, f"{what}: job over", lambda job, _: not alive(job))
    until(dataset, f"{what}: nothing left", lambda *_: not left(dataset))


def trains(dataset: Dataset) -> None:
    """Wait until the newest job has finished an epoch of its own."""
    table = dataset.runs / run_of(newest(dataset)) / "results.csv"
    before = table.stat().st_mtime if table.is_file() else 0
    until(
        dataset,
        "an epoch was trained",
        lambda job, _: not alive(job) or (table.is_file() and table.stat().st_mtime > before),
    )


def until(dataset: Dataset, what: str, reached: Callable[[Job, Run], bool]) -> None:
    """Look as a page does, every second, and say how long it took."""
    began = time.monotonic()
    while time.monotonic() - began < LONGEST:
        job = newest(dataset)
        with dataset.read() as connection:
            every = runs.every(connection, kind="train")
        # Another training of the dataset is none of ours.
        own = next((run for run in every if run.name == run_of(job)), None)
        if own is not None and reached(job, own):
            said = f"job {job.status}, run {own.status}"
            print(f"{time.monotonic() - began:6.1f} s  {what} ({said})", flush=True)
            return
        time.sleep(1)
    raise SystemExit(f"{what}: not within {LONGEST} s")


def newest(dataset: Dataset) -> Job:
    return jobs.recent(dataset, limit=1)[0]


def alive(job: Job) -> bool:
    return job.status in (RunStatus.QUEUED, RunStatus.RUNNING)


def run_of(job: Job) -> str:
    params = job.params
    return f"yolo-{params['release']}-{params['recipe']}-{params['seed']}"


def left(dataset: Dataset) -> list[psutil.Process]:
    """Workers of this dataset, trainers of the run and their helpers, zombies too."""
    found, run = [], str(dataset.runs / run_of(newest(dataset)))
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = process.cmdline()
            works = "curator.jobs.worker" in words and str(dataset.folder) in words
            zombie = process.status() == psutil.STATUS_ZOMBIE and process.ppid() == os.getpid()
            if works or zombie or any(run in word for word in words):
                found.append(process)
    return found


def trainer(dataset: Dataset) -> int | None:
    """The process that trains, the eldest of its family."""
    found = [each.pid for each in left(dataset) if "curator.jobs.worker" not in each.cmdline()]
    return min(found, default=None)


if __name__ == "__main__":
    main()
