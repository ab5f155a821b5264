"""How much one run may take: checked in one place for every source."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from typing import TypeVar

from curator.collect.limits import Limits
from curator.progress import Progress
from curator.records import Fetched, Refused, Unchanged

R = TypeVar("R", bound=Fetched | Refused | Unchanged)


def within(
    limits: Limits, records: Generator[R, None, None], progress: Progress
) -> Generator[R, None, None]:
    """Pass the records on, tell of each, and end the source when the budget is used up."""
    images, size = 0, 0
    started = time.monotonic()
    with closing(records):
        for record in records:
            yield record
            progress.advance(1, _note(record))
            if isinstance(record, Fetched):
                images += 1
                size += len(record.data)
            if limits.max_images is not None and images >= limits.max_images:
                progress.advance(0, f"ended at the limit of {limits.max_images} images")
                return
            if size >= limits.max_total_bytes:
                progress.advance(0, f"ended at the limit of {limits.max_total_bytes:,} bytes")
                return
            if limits.max_run_seconds is not None and (
                time.monotonic() - started >= limits.max_run_seconds
            ):
                progress.advance(0, f"ended at the limit of {limits.max_run_seconds:g} seconds")
                return


def _note(record: Fetched | Refused | Unchanged) -> str:
    name = record.candidate.name
    if isinstance(record, Unchanged):
        return f"{name}: unchanged"
    return name if isinstance(record, Fetched) else f"{name}: {record.detail}"
