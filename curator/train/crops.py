"""Cut a square out of a photo at any scale, with the faces in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from curator.train.targets import Faces

Pixels = NDArray[np.uint8]

# What lies outside a photo: the middle grey that the network sees as 0.
GREY = 127
# A face of which less can be seen is no face to learn, but no background either ...
MOSTLY = 0.55
# ... unless next to nothing of it can be seen.
HARDLY = 0.1
# Below this side, pixels, no one can tell a face.
SMALLEST = 5.0


@dataclass(frozen=True, slots=True)
class Window:
    """A square window into a photo.

    Attributes:
        x: Left edge, pixels of the photo; may lie outside.
        y: Upper edge, likewise.
        scale: Pixels of the crop per pixel of the photo.
        size: Side of the crop, pixels.
    """

    x: float
    y: float
    scale: float
    size: int


def cut(photo: Pixels, window: Window) -> Pixels:
    """The pixels in a window, shape (size, size, 3); grey where there is no photo."""
    size, scale = window.size, window.scale
    crop = np.full((size, size, 3), GREY, np.uint8)
    height, width = photo.shape[:2]
    # The part of the crop that shows the photo, and the part of the photo it shows.
    left, right = _shown(window.x, width, scale, size)
    top, bottom = _shown(window.y, height, scale, size)
    if right <= left or bottom <= top:
        return crop
    source = photo[
        _bounds(top / scale + window.y, bottom / scale + window.y, height),
        _bounds(left / scale + window.x, right / scale + window.x, width),
    ]
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    shown = cv2.resize(source, (right - left, bottom - top), interpolation=method)
    crop[top:bottom, left:right] = shown
    return crop


def _shown(start: float, length: int, scale: float, size: int) -> tuple[int, int]:
    low = max(round(-start * scale), 0)
    high = min(round((length - start) * scale), size)
    return low, high


def _bounds(low: float, high: float, length: int) -> slice:
    first = min(max(round(low), 0), length - 1)
    return slice(first, max(min(round(high), length), first + 1))


def faces_in(faces: Faces, window: Window) -> Faces:
    """The faces that a window shows, in its pixels.

    Boxes end at its edge. A face that is cut off too far, or is too small to see, becomes a
    region that teaches nothing; one of which hardly anything is left is gone. Points stay only
    with faces whose five points are all inside.
    """
    moved = faces.moved(window.scale, (-window.x * window.scale, -window.y * window.scale))
    whole = np.maximum(moved.boxes[:, 2:] - moved.boxes[:, :2], 1e-6)
    boxes = moved.boxes.clip(0, window.size)
    seen = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    share = seen.prod(axis=1) / whole.prod(axis=1)
    points = moved.points.copy()
    outside = ((points < 0) | (points > window.size)).any(axis=(1, 2))
    points[outside] = np.nan
    doubtful = (share < MOSTLY) | (seen.min(axis=1, initial=np.inf) < SMALLEST)
    trust = np.where(doubtful, np.float32(0), moved.trust)
    return Faces(boxes, points, trust).some(share >= HARDLY)
