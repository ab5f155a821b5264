"""Doubts: what about the proposals of one image a person should look at, and how urgently.

Nothing here knows the store. Priorities: where two detectors disagree 0.6 to 1, a low score 0.4
to 0.8, points in an odd shape 0.3 to 0.7, a random audit 0.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from curator.evaluate.agreement import compare
from curator.pipeline.asking import is_drawn
from curator.records import Face, FaceStatus, Image, NewTask, Reason
from curator.shapes import shape_distance

# Two detectors that place a face like this mean the same; typical is an IoU of 0.85 and more.
LEAST_IOU = 0.6
MOST_NME = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From where on a face is doubtful.

    Attributes:
        score: Proposals of a lower score, 0..1.
        shape: Points whose Procrustes distance to the mean face is larger, in distances between
            the eyes: a profile is near 0.3, swapped eyes near 0.5.
        audit: Share of images that are looked at whatever they look like, 0..1.
        seed: Of the audit's drawing.
    """

    score: float = 0.6
    shape: float = 0.35
    audit: float = 0.05
    seed: int = 0


def doubts(image: Image, faces: Sequence[Face], limits: Limits) -> Iterator[NewTask]:
    """What one detector's proposals give reason to look at."""
    for face in faces:
        if face.status is FaceStatus.PROPOSED:
            yield from _of_score(image, face, limits.score)
            yield from _of_shape(image, face, limits.shape)
    if is_drawn(image.sha256, limits.audit, f"audit {limits.seed}"):
        yield NewTask(
            image_id=image.id,
            reason=Reason.AUDIT,
            priority=0.1,
            detail=f"drawn at random, {limits.audit:.0%} of all",
        )


def disagreements(
    image: Image, faces: Sequence[Face], others: Sequence[Face], other: str
) -> Iterator[NewTask]:
    """Where another detector sees something else.

    Args:
        image: That both looked at.
        faces: That count.
        others: What the other detector found.
        other: Its name.
    """
    found = compare(faces, others)
    for (face, _), overlap, error in zip(found.pairs, found.ious, found.nmes, strict=True):
        if overlap < LEAST_IOU or error > MOST_NME:
            apart = max(1 - overlap, min(float(np.nan_to_num(error)), 1))
            points = "" if np.isnan(error) else f", points {error:.0%} of the eye distance apart"
            yield _disagreement(
                image, face.id, apart, f"{other}: boxes overlap by {overlap:.2f}{points}"
            )
    paired = {id(face) for pair in found.pairs for face in pair}
    for face in faces:
        if id(face) not in paired and face.status is FaceStatus.PROPOSED:
            sure = 1 - (face.score if face.score is not None else 1)
            yield _disagreement(image, face.id, sure, f"{other} does not see this face")
    missing = [face for face in others if id(face) not in paired]
    if missing:
        best = max(missing, key=lambda face: face.score or 0)
        x, y, _, _ = best.box
        many = "one more face" if len(missing) == 1 else f"{len(missing)} more faces"
        where = f"{other} sees {many}, such as at ({x:.0f}, {y:.0f})"
        score = "" if best.score is None else f", score {best.score:.2f}"
        yield _disagreement(image, None, best.score or 0, where + score)


def _disagreement(image: Image, face_id: int | None, apart: float, detail: str) -> NewTask:
    return NewTask(
        image_id=image.id,
        face_id=face_id,
        reason=Reason.DISAGREEMENT,
        priority=float(0.6 + 0.4 * apart),
        detail=detail,
    )


def _of_score(image: Image, face: Face, limit: float) -> Iterator[NewTask]:
    if face.score is not None and face.score < limit:
        yield NewTask(
            image_id=image.id,
            face_id=face.id,
            reason=Reason.LOW_SCORE,
            priority=0.4 + 0.4 * (1 - face.score / limit),
            detail=f"score {face.score:.2f}",
        )


def _of_shape(image: Image, face: Face, limit: float) -> Iterator[NewTask]:
    if face.landmarks is None or face.scheme is None:
        return
    distance = shape_distance(face.landmarks, face.scheme)
    if distance > limit:
        yield NewTask(
            image_id=image.id,
            face_id=face.id,
            reason=Reason.SHAPE,
            priority=0.3 + 0.4 * min(distance, 1),
            detail=f"points lie {distance:.2f} eye distances from those of the mean face",
        )
