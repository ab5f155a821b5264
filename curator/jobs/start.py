"""Start, watch and stop jobs from the app or the command line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Any

from curator.errors import InputError
from curator.jobs.tasks import checked
from curator.pipeline.left_behind import settle
from curator.records import Job, RunStatus
from curator.store import jobs
from curator.store.dataset import Dataset


def start(dataset: Dataset, task: str, params: Mapping[str, Any]) -> int:
    """Queue the work and start a process for it; return the job's id.

    Raises:
        ConfigError: if the task is not known or a parameter is wrong.
    """
    values = checked(task, params).model_dump(mode="json")
    with dataset.write() as connection:
        job_id = jobs.add(connection, task, values)
    log = dataset.folder / log_path(job_id)
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "curator.jobs.worker", str(dataset.folder), str(job_id)]
    with log.open("ab") as output:
        # A session of its own: stopping the app does not stop the work.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with dataset.write() as connection:
        jobs.assign(connection, job_id, process.pid)
    # Someone has to wait for a finished child, or it stays as a zombie.
    Thread(target=process.wait, daemon=True).start()
    return job_id


def log_path(job_id: int) -> Path:
    """Where a job's output goes, relative to the dataset folder."""
    return Path("logs") / f"job-{job_id}.log"


def cancel(dataset: Dataset, job_id: int) -> None:
    """Ask a job to stop; what it has done stays, and starting it again goes on from there.

    Raises:
        NotFound: if there is no such job.
        InputError: if it is over already.
    """
    with dataset.write() as connection:
        job = jobs.get(connection, job_id)
        if job.status is RunStatus.QUEUED:
            jobs.finish(connection, job_id, RunStatus.CANCELLED, "cancelled before it started")
            return
    if job.status is not RunStatus.RUNNING:
        raise InputError(f"job {job_id} is over already ({job.status})")
    if job.pid is not None and is_worker(job.pid, job_id):
        os.kill(job.pid, signal.SIGTERM)


def again(dataset: Dataset, job_id: int) -> int:
    """Start the same work once more: it goes on where it was; return the new job's id.

    Raises:
        NotFound: if there is no such job.
    """
    with dataset.read() as connection:
        job = jobs.get(connection, job_id)
    return start(dataset, job.task, job.params)


def recent(dataset: Dataset, *, task: str | None = None, limit: int = 20) -> list[Job]:
    """The newest jobs first, after burying those whose worker is gone, and the runs they left."""
    with dataset.read() as connection:
        silent = jobs.silent(connection)
    # A worker in the middle of one long write is silent too, but its process is there. Writing
    # only when there is someone to bury lets readers see such a job instead of waiting for it.
    gone = [job.id for job in silent if _is_gone(job)]
    if gone:
        with dataset.write() as connection:
            jobs.bury(connection, gone)
    settle(dataset)
    with dataset.read() as connection:
        return jobs.recent(connection, task=task, limit=limit)


def _is_gone(job: Job) -> bool:
    """Whether a silent worker will not come back; without /proc (macOS) silence has to do."""
    return job.pid is None or sys.platform != "linux" or not is_worker(job.pid, job.id)


def is_worker(pid: int, job_id: int) -> bool:
    """Whether this process is the worker of this job: numbers are given out again."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        # No /proc here (macOS): the heartbeat that the row just showed has to do.
        return sys.platform != "linux"
    return b"curator.jobs.worker" in words and str(job_id).encode() in words
