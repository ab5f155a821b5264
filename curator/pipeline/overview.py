"""What is in a dataset, in numbers: for ``curator show`` and the pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from curator.pipeline.left_behind import settle
from curator.records import Release, Run
from curator.store import candidates, faces, images, releases, runs
from curator.store.dataset import Dataset
from curator.store.images import ImageFilter


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A dataset at a glance; every mapping is name -> number of images.

    Attributes:
        faces: Those that count: of the run that speaks for each image, and people's own.
        outcomes: What became of all candidates; refusals as ``refused: reason``.
        runs: Newest first.
        run_images: Run id -> images it is done with.
    """

    images: int
    faces: int
    by_source: Mapping[str, int]
    by_status: Mapping[str, int]
    by_split: Mapping[str, int]
    by_licence: Mapping[str, int]
    outcomes: Mapping[str, int]
    runs: tuple[Run, ...]
    run_images: Mapping[int, int]
    releases: tuple[Release, ...]


def overview(dataset: Dataset) -> Overview:
    """Count everything once, in one consistent state."""
    settle(dataset)
    with dataset.read() as connection:
        every_run = runs.every(connection)
        return Overview(
            images=images.count(connection, ImageFilter()),
            faces=faces.count(connection),
            by_source=images.counts_by(connection, "source"),
            by_status=images.counts_by(connection, "status"),
            by_split=images.counts_by(connection, "split"),
            by_licence=images.counts_by(connection, "licence"),
            outcomes=candidates.outcomes(connection),
            runs=tuple(every_run),
            run_images=runs.images_of(connection, [run.id for run in every_run]),
            releases=tuple(releases.every(connection)),
        )
