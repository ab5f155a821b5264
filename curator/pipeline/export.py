"""Export: a release, and nothing but a release, becomes files of a format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from curator import formats
from curator.formats import ExportOptions, ExportReport
from curator.formats.options import DEFAULT_OPTIONS
from curator.progress import Progress, track
from curator.records import Sample
from curator.store import releases
from curator.store.dataset import Dataset


def export(
    dataset: Dataset,
    release: str,
    format_name: str,
    out: Path,
    *,
    progress: Progress,
    options: ExportOptions = DEFAULT_OPTIONS,
) -> ExportReport:
    """Write a release in a format; the folder appears whole or not at all.

    Args:
        dataset: That holds the release.
        release: Its name.
        format_name: A name of the registry of formats.
        out: A folder that does not exist yet, or holds an earlier export.
        progress: Told of every image.
        options: What a person chose.

    Raises:
        ConfigError: if the format or an option is not known.
        NotFound: if there is no such release.
        InputError: if ``out`` holds something else.
        RunError: if the files cannot be written.
    """
    with dataset.read() as connection:
        record = releases.get(connection, release)
    tracked = track(samples(dataset, release), progress, f"writing {format_name}", record.images)
    return formats.export(format_name, tracked, out, options)


def folder_of(dataset: Dataset, release: str, format_name: str) -> Path:
    """Where an export goes unless told otherwise: the dataset's own ``exports``."""
    return dataset.exports / f"{release}-{format_name}"


def samples(dataset: Dataset, release: str) -> Iterator[Sample]:
    """The frozen samples of a release, a few in memory at a time.

    Raises:
        NotFound: if there is no such release.
    """
    with dataset.read() as connection:
        record = releases.get(connection, release)
        yield from releases.samples(connection, record.id, dataset.blobs.place)
