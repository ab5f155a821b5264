"""Snapshots: a picture that a person took just now becomes an image of the dataset."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from hashlib import sha256

from curator.collect import Limits
from curator.collect.inspection import inspect
from curator.config import settings
from curator.errors import InputError
from curator.pipeline.ingest import ingest
from curator.progress import Progress, Silent
from curator.records import Candidate, Fetched, Refused
from curator.store.dataset import Dataset

SOURCE = "camera"


@dataclass(frozen=True, slots=True)
class _Snapshot:
    candidate: Candidate
    data: bytes

    def collect(
        self, settled: Callable[[Candidate], bool], progress: Progress
    ) -> Generator[Fetched | Refused, None, None]:
        """Yield the one picture."""
        if not settled(self.candidate):
            yield inspect(self.candidate, self.data, Limits.of(settings()))


def keep_snapshot(dataset: Dataset, data: bytes, *, author: str = "", licence: str = "") -> None:
    """Store one picture from a camera.

    Raises:
        InputError: if the bytes are no image that can be kept, or must not be collected.
        StoreError: if the dataset cannot be written.
    """
    digest = sha256(data).hexdigest()
    candidate = Candidate(
        url=f"camera:{digest}",
        source=SOURCE,
        name=f"camera/{digest[:12]}.jpg",
        author=author or None,
        licence=licence or None,
    )
    source = _Snapshot(candidate, data)
    report = ingest(dataset, source, method=SOURCE, params={}, progress=Silent())
    if report.opted_out:
        raise InputError("this picture is on the list of what must not be collected")
    if report.refused or report.failed:
        raise InputError(f"the picture is refused: {', '.join((*report.refused, *report.failed))}")
