"""Boxes and points as plain arrays; the float ``xyxy`` pixel convention of the records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from curator.records import Box, Detections

Floats = NDArray[np.float32] | NDArray[np.float64]

_BLOCK = 64
NOTHING = Detections(
    np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty((0, 5, 2), np.float32)
)
"""No face, with five points each."""


def box_from_xywh(x: float, y: float, width: float, height: float) -> Box:
    """The box of a top-left corner and a size, as WIDER FACE and COCO write it."""
    return (float(x), float(y), float(x + width), float(y + height))


def xywh(box: Box) -> tuple[float, float, float, float]:
    """Top-left corner and size of a box."""
    x_min, y_min, x_max, y_max = box
    return (x_min, y_min, x_max - x_min, y_max - y_min)


def clip(box: Box, width: float, height: float) -> Box:
    """The part of a box inside an image of this size; may have zero area."""
    x_min, y_min, x_max, y_max = box
    return (
        min(max(x_min, 0.0), width),
        min(max(y_min, 0.0), height),
        min(max(x_max, 0.0), width),
        min(max(y_max, 0.0), height),
    )


def area(boxes: Floats) -> Floats:
    """Areas, shape (N,), of boxes, shape (N, 4); a reversed box has area 0."""
    size = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return np.asarray(size[:, 0] * size[:, 1])


def iou(first: Floats, second: Floats) -> Floats:
    """Intersection over union of all pairs.

    Args:
        first: Boxes, shape (N, 4).
        second: Boxes, shape (M, 4).

    Returns:
        Shape (N, M), 0..1; 0 where both boxes are empty.
    """
    # One coordinate at a time: rows of numbers are thrice as fast as rows of pairs.
    width, height = (
        np.maximum(
            np.minimum.outer(first[:, axis + 2], second[:, axis + 2])
            - np.maximum.outer(first[:, axis], second[:, axis]),
            0,
        )
        for axis in (0, 1)
    )
    overlap = width * height
    union = np.add.outer(area(first), area(second)) - overlap
    return np.asarray(np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0))


def suppress(boxes: Floats, scores: Floats, threshold: float) -> NDArray[np.intp]:
    """Non-maximum suppression: the best box stays, what overlaps it too much goes, and so on.

    Args:
        boxes: Shape (N, 4).
        scores: Shape (N,); of equal ones the earlier wins.
        threshold: A box goes when its IoU with a kept box is above this, 0..1.

    Returns:
        The indices of the boxes that stay, by descending score.
    """
    order = np.argsort(-scores, kind="stable")
    kept = np.empty(0, np.intp)
    # In blocks: one overlap matrix at a time is fast, and a crowd does not fill the memory.
    for start in range(0, len(order), _BLOCK):
        block = order[start : start + _BLOCK]
        if len(kept):
            block = block[(iou(boxes[block], boxes[kept]) <= threshold).all(axis=1)]
        far = iou(boxes[block], boxes[block]) <= threshold
        stays = np.ones(len(block), bool)
        for row in range(len(block)):
            if stays[row]:
                stays[row + 1 :] &= far[row, row + 1 :]
        kept = np.concatenate([kept, block[stays]])
    return kept


def vote(found: Detections, threshold: float, votes: int = 1) -> Detections:
    """Merge what several looks at one image found, as RetinaFace was tested on WIDER FACE.

    The best detection gathers every other one whose IoU with it reaches the threshold; box and
    points become the mean of the group weighted by score. Then the best of the rest, and so on.

    Args:
        found: The detections of all looks, in pixels of one frame, in any order.
        threshold: IoU, 0..1; 0.4 in the published test.
        votes: The score is the mean of so many best ones of the group, where one that is
            missing counts 0. With 1 it is the highest, as in the published test.
    """
    rest = np.argsort(-found.scores, kind="stable")
    groups = []
    while len(rest):
        near = iou(found.boxes[rest[:1]], found.boxes[rest])[0] >= threshold
        near[0] = True  # an empty box overlaps nothing, not even itself
        groups.append(rest[near])
        rest = rest[~near]
    boxes = np.empty((len(groups), 4), np.float32)
    landmarks = np.empty((len(groups), *found.landmarks.shape[1:]), np.float32)
    best = np.array([group[0] for group in groups], np.intp)
    scores = np.empty(len(groups), np.float32)
    for row, group in enumerate(groups):
        weights = np.maximum(found.scores[group].astype(np.float64), 1e-9)
        boxes[row] = np.average(found.boxes[group], axis=0, weights=weights)
        landmarks[row] = np.average(found.landmarks[group], axis=0, weights=weights)
        scores[row] = found.scores[group[:votes]].sum() / votes
    who = None if found.identities is None else found.identities[best]
    merged = Detections(boxes, scores, landmarks, who)
    return chosen(merged, np.argsort(-scores, kind="stable"))


def joined(parts: Sequence[Detections]) -> Detections:
    """All detections of one image in one record, in the order of the parts, which are not none."""
    return Detections(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.landmarks for part in parts]),
        _who(parts),
    )


def chosen(found: Detections, which: NDArray[np.intp] | NDArray[np.bool_]) -> Detections:
    """Some of the detections, by index or by mask."""
    who = None if found.identities is None else found.identities[which]
    return Detections(found.boxes[which], found.scores[which], found.landmarks[which], who)


def scaled(found: Detections, by_xy: tuple[float, float]) -> Detections:
    """The detections of an image drawn this much wider and higher."""
    factor = np.array(by_xy, np.float32)
    corners = found.boxes.reshape(-1, 2, 2) * factor
    points = found.landmarks * factor
    return Detections(corners.reshape(-1, 4), found.scores, points, found.identities)


def flipped(found: Detections, width: float, order: Sequence[int]) -> Detections:
    """The detections of an image mirrored left to right.

    Args:
        found: In pixels of the image.
        width: Of the image, pixels.
        order: For each point of the scheme, the one that takes its place: in a mirror the
            left eye is the right one.
    """
    boxes = found.boxes.copy()
    boxes[:, [0, 2]] = width - found.boxes[:, [2, 0]]
    landmarks = found.landmarks[:, order]
    landmarks[..., 0] = width - landmarks[..., 0]
    return Detections(boxes, found.scores, landmarks, found.identities)


def _who(parts: Sequence[Detections]) -> NDArray[np.str_] | None:
    """Who all of them are, None where no part names anybody."""
    if all(part.identities is None for part in parts):
        return None
    nobody = [
        np.full(len(part), "") if part.identities is None else part.identities for part in parts
    ]
    return np.concatenate(nobody)
