"""What a running crawl has brought so far: counts by outcome, and the newest pictures."""

from __future__ import annotations

import streamlit as st

from curator.app.newest_images import newest_images
from curator.app.text import number
from curator.records import Job
from curator.store import candidates, runs
from curator.store.dataset import Dataset

# The most frequent reasons that are told while they come.
_REASONS = 6


def arrivals(dataset: Dataset, job: Job) -> None:
    """Draw them on the card of a collecting job."""
    if job.task != "collect":
        return
    with dataset.read() as connection:
        collecting = runs.every(connection, kind="collect")
        run = next((run for run in collecting if run.params == job.params), None)
        counts = {} if run is None else candidates.outcomes(connection, run_id=run.id)
    if not counts:
        return
    st.caption(" · ".join(f"{number(count)} {outcome}" for outcome, count in by_outcome(counts)))
    why = {name: count for name, count in counts.items() if ": " in name}
    if why:
        told = sorted(why.items(), key=lambda item: -item[1])[:_REASONS]
        st.caption(" · ".join(f"{number(count)} {name}" for name, count in told))
    newest_images(dataset, key=f"arrivals-{job.id}")


def by_outcome(counts: dict[str, int]) -> list[tuple[str, int]]:
    """``kept``, ``duplicate``, ``refused``, ``failed`` without the reasons, those that occur."""
    summed: dict[str, int] = {}
    for name, count in counts.items():
        outcome = name.partition(":")[0]
        summed[outcome] = summed.get(outcome, 0) + count
    order = ("kept", "duplicate", "refused", "failed")
    return [(name, summed[name]) for name in order if name in summed]
