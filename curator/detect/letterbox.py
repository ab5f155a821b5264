"""A photo of any size drawn into the top left corner of a network's input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.uint8]
Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where the photo comes to lie.

    Attributes:
        inner_wh: The size the photo is drawn at, pixels.
        canvas_wh: The size of the network's input, pixels; the rest is black.
        scale_xy: Canvas pixels per photo pixel, by which boxes are divided.
    """

    inner_wh: Size
    canvas_wh: Size
    scale_xy: tuple[float, float]


def padded(photo_wh: Size, size: int, stride: int) -> Letterbox:
    """Long side ``size``, the canvas no larger than the next multiple of ``stride``."""
    scale = size / max(photo_wh)
    inner = _scaled(photo_wh, scale)
    canvas = tuple(-(-side // stride) * stride for side in inner)
    return Letterbox(inner, (canvas[0], canvas[1]), _exact(inner, photo_wh))


def inside(photo_wh: Size, canvas_wh: Size) -> Letterbox:
    """As large as fits into a canvas that cannot change."""
    scale = min(canvas_wh[0] / photo_wh[0], canvas_wh[1] / photo_wh[1])
    inner = _scaled(photo_wh, scale)
    return Letterbox(inner, canvas_wh, _exact(inner, photo_wh))


def square(photo_wh: Size, size: int) -> Letterbox:
    """Into a square as insightface does it: sides truncated, the scale of the height for both.

    So its boxes, and ours, can be off by one canvas pixel at the far edge.
    """
    width, height = photo_wh
    ratio = height / width
    inner = (int(size / ratio), size) if ratio > 1 else (size, int(size * ratio))
    inner = (max(inner[0], 1), max(inner[1], 1))
    scale = inner[1] / height
    return Letterbox(inner, (size, size), (scale, scale))


def draw(photo: Rgb, box: Letterbox) -> Rgb:
    """The photo, RGB (H, W, 3), on its black canvas."""
    width, height = box.inner_wh
    canvas = np.zeros((box.canvas_wh[1], box.canvas_wh[0], 3), np.uint8)
    if photo.shape[:2] == (height, width):
        canvas[:height, :width] = photo
    else:
        canvas[:height, :width] = cv2.resize(photo, box.inner_wh)
    return canvas


def tensor(
    canvas: Rgb, mean: Sequence[float], scale: float, *, bgr: bool, dtype: str
) -> NDArray[Any]:
    """``(channel - mean) * scale`` of each channel, shape (1, 3, H, W).

    Plane by plane, in place: three times as fast as ``cv2.dnn.blobFromImage``.
    """
    planes = cv2.split(canvas)
    result = np.empty((1, 3, *canvas.shape[:2]), dtype)
    for channel, plane in enumerate(planes[::-1] if bgr else planes):
        result[0, channel] = plane
        if mean[channel]:
            result[0, channel] -= mean[channel]
        if scale != 1:
            result[0, channel] *= scale
    return result


def _scaled(photo_wh: Size, scale: float) -> Size:
    return (max(round(photo_wh[0] * scale), 1), max(round(photo_wh[1] * scale), 1))


def _exact(inner: Size, photo_wh: Size) -> tuple[float, float]:
    return (inner[0] / photo_wh[0], inner[1] / photo_wh[1])
