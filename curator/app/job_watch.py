"""More about a job that runs: what it takes of the machine, and the end of its log."""

from __future__ import annotations

import streamlit as st

from curator.app import training_curves
from curator.app.job_log import log_tail
from curator.jobs.usage import usage
from curator.records import Job
from curator.store.dataset import Dataset

_LINES = 12


def watched(dataset: Dataset, job: Job) -> None:
    """Draw it, below the card of the job."""
    if job.task == "train":
        training_curves.of_job(dataset, job)
    said = _taken(job)
    if said:
        st.caption(said)
    lines = log_tail(dataset, job.id)
    if lines:
        st.code("\n".join(lines[-_LINES:]), language=None)


def _taken(job: Job) -> str:
    taken = None if job.pid is None else usage(job.pid, job.id)
    if taken is None:
        return ""
    said = [f"{taken.memory / 2**20:,.0f} MB of memory"]
    if taken.cpu is not None:
        said.insert(0, f"{taken.cpu:.1f} cores")
    if taken.gpu is not None and taken.gpu_memory is not None:
        said.append(f"graphics card {taken.gpu:.0%}, {taken.gpu_memory / 2**20:,.0f} MB")
    return " · ".join(said)
