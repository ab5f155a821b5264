"""Fill the queue: proposals -> doubts -> tasks, as often as one likes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from curator.errors import InputError
from curator.pipeline.doubts import Limits, disagreements, doubts
from curator.progress import Progress
from curator.records import Image, ImageStatus, NewTask, Run
from curator.store import faces, images, labelling, runs
from curator.store.dataset import Dataset
from curator.store.images import ImageFilter
from curator.store.rows import batches

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRequest:
    """What to look for.

    Attributes:
        compare_with: A detector that has run over the dataset as well, by name or number of the
            run: where it sees something else, a person is asked.
        source: Of the images; None for all.
    """

    limits: Limits = field(default_factory=Limits)
    compare_with: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FillReport:
    """What waits now.

    Attributes:
        images: Looked through.
        added: Tasks that did not wait before.
        found: Reason -> tasks that this look gave, waiting before or not.
        waiting: Reason -> tasks that wait now, whoever asked.
    """

    images: int
    added: int
    found: Mapping[str, int]
    waiting: Mapping[str, int]
    seconds: float


def fill_queue(dataset: Dataset, request: FillRequest, progress: Progress) -> FillReport:
    """Look through what detectors proposed and ask people about what is doubtful.

    What people have looked at is not asked again for the same reason.

    Raises:
        InputError: if a limit cannot be.
        NotFound: if the other detector has not run.
    """
    started = time.monotonic()
    _check(request.limits)
    wanted = ImageFilter(source=request.source, status=ImageStatus.PROPOSED)
    with dataset.read() as connection:
        other = request.compare_with
        run = None if other is None else runs.of_detector(connection, other)
        found = images.find(connection, wanted)
    progress.begin("looking for doubts", len(found))
    counts: Counter[str] = Counter()
    added = 0
    for batch in batches(found, BATCH):
        with dataset.read() as connection:
            tasks = _tasks(connection, batch, request.limits, run)
        with dataset.write() as connection:
            added += labelling.enqueue(connection, tasks)
        counts.update(task.reason for task in tasks)
        progress.advance(len(batch))
    with dataset.read() as connection:
        waiting = labelling.counts(connection)
    return FillReport(
        images=len(found),
        added=added,
        found=dict(counts),
        waiting=waiting,
        seconds=time.monotonic() - started,
    )


def _tasks(
    connection: Connection, batch: Sequence[Image], limits: Limits, other: Run | None
) -> list[NewTask]:
    ids = [image.id for image in batch]
    current = faces.current(connection, ids)
    tasks = [task for image in batch for task in doubts(image, current[image.id], limits)]
    if other is not None:
        seen = runs.done_with(connection, other.id, among=ids)
        theirs = faces.proposed_by(connection, other.id, seen)
        name = other.method.partition("@")[0]
        for image in batch:
            if image.id in seen and image.run_id != other.id:
                tasks += disagreements(image, current[image.id], theirs[image.id], name)
    settled = labelling.settled(connection, ids)
    return [t for t in tasks if (t.image_id, t.face_id or 0, t.reason) not in settled]


def _check(limits: Limits) -> None:
    for name, value, most in (
        ("score", limits.score, 1.0),
        ("shape", limits.shape, 10.0),
        ("audit", limits.audit, 1.0),
    ):
        if not 0 <= value <= most:
            raise InputError(f"the limit of {name} lies between 0 and {most:g}, not at {value:g}")
