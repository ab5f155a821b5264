"""Runs whose process was killed: shown as what they are."""

from __future__ import annotations

from curator.errors import StoreError
from curator.records import RunStatus
from curator.store import runs
from curator.store.dataset import Dataset


def settle(dataset: Dataset) -> list[int]:
    """Mark the runs as failed that nobody works on any more; the same work goes on from there.

    Returns:
        Their ids.
    """
    with dataset.read() as connection:
        left = [run for run in runs.running(connection) if not dataset.holds.is_taken(run)]
    if not left:
        return []
    try:
        with dataset.write() as connection:
            # Somebody may have gone on with one meanwhile: he took it before he said so.
            left = [run for run in runs.running(connection) if not dataset.holds.is_taken(run)]
            for run in left:
                runs.finish(connection, run, status=RunStatus.FAILED)
    except StoreError:
        # Who only looks at a dataset, or looks while it is written, is not to fail for it.
        return []
    return left
