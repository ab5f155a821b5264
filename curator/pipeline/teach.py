"""Teach: what several detectors proposed becomes points of true boxes.

Where no person has looked it becomes one set of proposals.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from msgspec import structs
from sqlalchemy import Connection

from curator.errors import InputError
from curator.progress import Progress, track
from curator.records import Detections, Face, FaceStatus, Image, ImageStatus, Origin, RunStatus
from curator.store import faces, images, runs
from curator.store.dataset import Dataset
from curator.store.rows import batches
from curator.train.teaching import agree, teach

BATCH = 256
FIVE = "5"


@dataclass(frozen=True, slots=True, kw_only=True)
class TeachRequest:
    """Whom to ask, and how far to trust them.

    Attributes:
        teachers: Detectors that have run over the dataset: a name as in ``--detector``, or the
            number of a run.
        min_score: Mean score over the teachers below which they have said nothing, 0..1.
        sure: Mean score from which they may contradict a person's labels, 0..1.
    """

    teachers: tuple[str, ...]
    min_score: float = 0.25
    sure: float = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class TeachReport:
    """What the teachers added.

    Attributes:
        teachers: The methods whose proposals were used.
        images: Taught now.
        pointed: Labelled faces that now have points.
        unpointed: Labelled faces without points, because no teacher pointed them out.
        doubted: Proposals in labelled images that no label explains, kept as proposals.
        proposed: Proposals in images without labels.
        left: Reason -> images that were left as they are.
    """

    run_id: int
    teachers: tuple[str, ...]
    images: int
    pointed: int
    unpointed: int
    doubted: int
    proposed: int
    left: Mapping[str, int]
    seconds: float


@dataclass(slots=True)
class _Class:
    """One teaching run at work."""

    request: TeachRequest
    run_id: int
    opinions: Sequence[Mapping[int, Sequence[Face]]]
    counts: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)

    def lesson(self, image: Image, labels: Sequence[Face]) -> list[Face]:
        """The faces that are to speak for an image from now on."""
        merged = agree([detections_of(each.get(image.id, ())) for each in self.opinions])
        if image.status is not ImageStatus.LABELLED:
            new = self._proposals(
                image, merged, np.flatnonzero(merged.scores >= self.request.min_score)
            )
            self.counts["proposed"] += len(new)
            return new
        known = merged.scores >= self.request.min_score
        heard = Detections(merged.boxes[known], merged.scores[known], merged.landmarks[known])
        boxes = np.array([face.box for face in labels], np.float32).reshape(-1, 4)
        said = teach(boxes, heard)
        taught = [
            self._pointed(face, points) for face, points in zip(labels, said.points, strict=True)
        ]
        doubts = said.unclaimed[heard.scores[said.unclaimed] >= self.request.sure]
        new = self._proposals(image, heard, doubts)
        self.counts["doubted"] += len(new)
        return taught + new

    def _pointed(
        self, face: Face, points: np.ndarray[tuple[int, ...], np.dtype[np.float32]]
    ) -> Face:
        own = structs.replace(face, id=None, run_id=self.run_id)
        if face.landmarks is not None:
            return own
        if np.isnan(points).any():
            self.counts["unpointed"] += 1
            return own
        self.counts["pointed"] += 1
        marks = tuple((x, y) for x, y in points.tolist())
        return structs.replace(own, landmarks=marks, visibility=(2,) * len(marks), scheme=FIVE)

    def _proposals(
        self,
        image: Image,
        merged: Detections,
        index: np.ndarray[tuple[int, ...], np.dtype[np.intp]],
    ) -> list[Face]:
        return [
            Face(
                image_id=image.id,
                run_id=self.run_id,
                box=_box(merged.boxes[i]),
                score=float(merged.scores[i]),
                landmarks=tuple((x, y) for x, y in merged.landmarks[i].tolist()),
                visibility=(2,) * len(merged.landmarks[i]),
                scheme=FIVE,
                origin=Origin.DETECTOR,
                status=FaceStatus.PROPOSED,
            )
            for i in index
        ]


def teach_points(dataset: Dataset, request: TeachRequest, progress: Progress) -> TeachReport:
    """Merge what detectors proposed, and let it speak for the images.

    * In an image with labels every labelled face stays, with its box and attributes; one without
      points gets those of the proposal that overlaps it by 0.5. Proposals that no label explains
      are dropped, or kept as proposals where the teachers are sure.
    * In an image without labels the merged proposals replace what any one detector said.
    * An image on which a person has worked here is left alone.

    Running it again with the same teachers goes on with the images that are new since.

    Raises:
        InputError: if no teacher is named, or a threshold is out of range.
        NotFound: if a teacher has not run over the dataset.
        StoreError: if the dataset cannot be written.
    """
    started = time.monotonic()
    _check(request)
    with dataset.write() as connection:
        asked = [runs.of_detector(connection, teacher) for teacher in request.teachers]
        run = runs.begin(
            connection,
            kind="teach",
            method="+".join(each.method for each in asked),
            params={
                "runs": [each.id for each in asked],
                "min_score": request.min_score,
                "sure": request.sure,
            },
            licence=" + ".join(dict.fromkeys(each.licence or "not stated" for each in asked)),
        )
        dataset.holds.take(run.id)
        opinions = [_by_image(faces.of_run(connection, each.id)) for each in asked]
        seen = set.intersection(*(runs.done_with(connection, each.id) for each in asked))
        waiting = images.without_run(connection, run.id)
    lessons = _Class(request, run.id, opinions)
    lessons.left["a teacher has not seen it"] = sum(image.id not in seen for image in waiting)
    ready = [image for image in waiting if image.id in seen]
    taught = 0
    for batch in batches(track(ready, progress, "teaching", len(ready)), BATCH):
        with dataset.write() as connection:
            taught += _write(connection, batch, lessons)
    with dataset.write() as connection:
        runs.finish(connection, run.id, status=RunStatus.DONE, metrics=dict(lessons.counts))
    counts = lessons.counts
    return TeachReport(
        run_id=run.id,
        teachers=tuple(each.method for each in asked),
        images=taught,
        pointed=counts["pointed"],
        unpointed=counts["unpointed"],
        doubted=counts["doubted"],
        proposed=counts["proposed"],
        left={reason: count for reason, count in lessons.left.items() if count},
        seconds=time.monotonic() - started,
    )


def detections_of(proposed: Sequence[Face]) -> Detections:
    """The proposals of one detector for one image as arrays, best first."""
    best = sorted((f for f in proposed if f.landmarks), key=lambda f: -(f.score or 0.0))
    return Detections(
        np.array([face.box for face in best], np.float32).reshape(-1, 4),
        np.array([face.score for face in best], np.float32),
        np.array([face.landmarks for face in best], np.float32).reshape(-1, 5, 2),
    )


def _write(connection: Connection, batch: Sequence[Image], lessons: _Class) -> int:
    """One batch; how many of its images were taught."""
    ids = [image.id for image in batch]
    guarded = faces.touched(connection, ids)
    lessons.left["a person has worked on it"] += len(guarded)
    free = [image for image in batch if image.id not in guarded]
    current = faces.current(connection, [image.id for image in free])
    labelled = [image.id for image in free if image.status is ImageStatus.LABELLED]
    for image in free:
        labels = [face for face in current[image.id] if face.origin is not Origin.DETECTOR]
        faces.add(connection, lessons.lesson(image, labels))
    images.vouch(connection, labelled, lessons.run_id)
    unlabelled = {image.id for image in free} - set(labelled)
    images.propose(connection, unlabelled, lessons.run_id)
    runs.mark(connection, lessons.run_id, dict.fromkeys(ids))
    return len(free)


def _check(request: TeachRequest) -> None:
    if not request.teachers:
        raise InputError("name at least one teacher: a detector that has run over the dataset")
    for name, value in (("min_score", request.min_score), ("sure", request.sure)):
        if not 0 <= value <= 1:
            raise InputError(f"{name} must lie between 0 and 1, not {value:g}")


def _by_image(proposed: Sequence[Face]) -> dict[int, list[Face]]:
    found: dict[int, list[Face]] = {}
    for face in proposed:
        if face.image_id is not None:
            found.setdefault(face.image_id, []).append(face)
    return found


def _box(
    row: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> tuple[float, float, float, float]:
    x_min, y_min, x_max, y_max = row.tolist()
    return (x_min, y_min, x_max, y_max)
