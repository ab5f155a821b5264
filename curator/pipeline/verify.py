"""Verify: does a release still say what it was frozen with, and are its images what they were."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from curator.pipeline.export import samples
from curator.progress import Progress, track
from curator.records import Sample
from curator.store import releases
from curator.store.dataset import Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What became of a release since it was made.

    Attributes:
        labels: True if the samples still have the digest of the release.
        images: How many there are.
        broken: Image name -> what is wrong with its file.
    """

    labels: bool
    images: int
    broken: Mapping[str, str]


def verify(dataset: Dataset, name: str, progress: Progress) -> Verification:
    """Compare the samples of a release with its digest, and the bytes of its images with theirs.

    Raises:
        NotFound: if there is no such release.
    """
    with dataset.read() as connection:
        record = releases.get(connection, name)
        labels = releases.verify(connection, name)
    broken = {}
    for sample in track(samples(dataset, name), progress, "verifying", record.images):
        wrong = _wrong(sample)
        if wrong is not None:
            broken[sample.image.name] = wrong
    return Verification(labels=labels, images=record.images, broken=broken)


def _wrong(sample: Sample) -> str | None:
    try:
        with sample.file.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as cause:
        return f"the file cannot be read ({cause.strerror})"
    return None if found == sample.image.sha256 else "the file is not the one that was collected"
