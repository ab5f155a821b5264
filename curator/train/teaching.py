"""Teachers: what several detectors say of a photo, and what of it is worth learning.

Plain arrays; no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curator.geometry import iou
from curator.records import Detections

# Two teachers mean the same face from here on: the threshold of box voting.
SAME_FACE = 0.4
# A teacher means the face of a true box from here on: that of detection itself.
SAME_BOX = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """What teachers add to the true boxes of a photo.

    Attributes:
        points: Shape (G, 5, 2), pixels; NaN for a face that no teacher pointed out.
        scores: Shape (G,), 0..1: how sure they were of it; 0 for such a face.
        unclaimed: Indices of the proposals that no true box explains.
    """

    points: NDArray[np.float32]
    scores: NDArray[np.float32]
    unclaimed: NDArray[np.intp]


def agree(opinions: Sequence[Detections]) -> Detections:
    """One set of proposals from those of several teachers.

    Detections of different teachers that overlap by 0.4 are one face: its box and points are
    their mean weighted by score, its score the mean over all teachers, 0 from one that did not
    see it. So a face that one of two teachers saw has at most score 0.5.

    Args:
        opinions: Of the teachers, each without two detections of the same face.
    """
    teacher = np.repeat(np.arange(len(opinions)), [len(found) for found in opinions])
    boxes = np.concatenate([np.empty((0, 4), np.float32), *(found.boxes for found in opinions)])
    scores = np.concatenate([np.empty(0, np.float32), *(found.scores for found in opinions)])
    points = np.concatenate(
        [np.empty((0, 5, 2), np.float32), *(found.landmarks for found in opinions)]
    )
    rest = np.argsort(-scores, kind="stable")
    groups = []
    while len(rest):
        near = iou(boxes[rest[:1]], boxes[rest])[0] >= SAME_FACE
        near[0] = True  # an empty box overlaps nothing, not even itself
        # The best of each teacher; what is left of it is another face or none.
        near[near] = _first_of_each(teacher[rest[near]])
        groups.append(rest[near])
        rest = rest[~near]
    weights = [scores[group] / max(float(scores[group].sum()), 1e-9) for group in groups]
    pairs = list(zip(groups, weights, strict=True))
    means = np.array([scores[group].sum() / len(opinions) for group in groups], np.float32)
    order = np.argsort(-means, kind="stable")
    return Detections(
        _stacked([weight @ boxes[group] for group, weight in pairs], (4,))[order],
        means[order],
        _stacked([np.tensordot(weight, points[group], 1) for group, weight in pairs], (5, 2))[
            order
        ],
    )


def teach(boxes: NDArray[np.float32], proposals: Detections) -> Lesson:
    """Give true boxes the points of the proposals that mean them.

    Pairs are made from the largest overlap down, each box and each proposal once, as long as
    they overlap by 0.5.

    Args:
        boxes: Shape (G, 4), ``xyxy`` pixels.
        proposals: Of the same photo, as :func:`agree` gives them.
    """
    points = np.full((len(boxes), 5, 2), np.nan, np.float32)
    scores = np.zeros(len(boxes), np.float32)
    free = np.ones(len(proposals), bool)
    overlap = iou(boxes, proposals.boxes)
    for flat in np.argsort(-overlap, axis=None, kind="stable"):
        face, proposal = np.unravel_index(flat, overlap.shape)
        if overlap[face, proposal] < SAME_BOX:
            break
        if free[proposal] and not scores[face]:
            points[face] = proposals.landmarks[proposal]
            scores[face] = proposals.scores[proposal]
            free[proposal] = False
    return Lesson(points, scores, np.flatnonzero(free))


def _first_of_each(labels: NDArray[np.intp]) -> NDArray[np.bool_]:
    first = np.zeros(len(labels), bool)
    first[np.unique(labels, return_index=True)[1]] = True
    return first


def _stacked(rows: list[NDArray[np.float32]], shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.array(rows, np.float32).reshape(-1, *shape)
