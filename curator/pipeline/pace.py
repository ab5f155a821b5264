"""Progress and pace: what is left, who did what, and how many actions and seconds a face took."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from curator.pipeline.queue import left
from curator.records import Step, User
from curator.store import images, labelling, steps
from curator.store.dataset import Dataset
from curator.store.images import ImageFilter
from curator.store.labelling import QueueFilter

# The pace of late: somebody who got faster wants to see it.
LAST_STEPS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What one person did.

    Attributes:
        images: Finished.
        faces: Accepted, corrected or added on them.
        actions_per_face: Median over the last 500 measured steps; None without any.
        seconds_per_face: Likewise.
    """

    user: str
    images: int
    faces: int
    actions_per_face: float | None
    seconds_per_face: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressReport:
    """How far the labelling of a dataset is.

    Attributes:
        left: Images that wait for the one who asks.
        done: Images that people vouch for.
        waiting: How many tasks wait for each reason.
        by_user: The most images first.
    """

    left: int
    done: int
    waiting: dict[str, int]
    by_user: tuple[Pace, ...]


def progress_of(dataset: Dataset, user: User) -> ProgressReport:
    """Count and measure everything now."""
    remaining = left(dataset, user, QueueFilter())
    with dataset.read() as connection:
        paces = tuple(
            _pace(name, *totals, list(steps.measured(connection, name, limit=LAST_STEPS)))
            for name, totals in steps.totals(connection).items()
        )
        return ProgressReport(
            left=remaining,
            done=images.count(connection, ImageFilter(labelled=True)),
            waiting=labelling.counts(connection),
            by_user=paces,
        )


def _pace(user: str, image_count: int, face_count: int, measured: list[Step]) -> Pace:
    seconds = [step.seconds / step.faces for step in measured if step.seconds is not None]
    actions = [step.actions / step.faces for step in measured if step.actions is not None]
    return Pace(
        user=user,
        images=image_count,
        faces=face_count,
        actions_per_face=median(actions) if actions else None,
        seconds_per_face=median(seconds) if seconds else None,
    )
