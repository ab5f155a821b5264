"""Boxes and points as plain arrays; the float ``xyxy`` pixel convention of the records."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curator.records import Box

Floats = NDArray[np.float32] | NDArray[np.float64]


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
    top_left = np.maximum(first[:, None, :2], second[None, :, :2])
    bottom_right = np.minimum(first[:, None, 2:], second[None, :, 2:])
    size = np.maximum(bottom_right - top_left, 0)
    overlap = size[..., 0] * size[..., 1]
    union = area(first)[:, None] + area(second)[None, :] - overlap
    return np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)
