"""The aligned face: turned upright, at one size, with the mask and the cheeks to look at.

616 x 616 pixels, five points at fixed places, as OFIQ aligns. Only the window that the measures
look at is made.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from curator.shapes import moved, similarity

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

SIDE = 616
TEMPLATE = np.array([(251, 272), (364, 272), (308, 336), (262, 402), (355, 402)], np.float64)
_EYE_DISTANCE = float(TEMPLATE[1, 0] - TEMPLATE[0, 0])
# With five points no outline of the face is known: an ellipse inside that of a mean face.
_ELLIPSE = ((308, 352), (105, 135))
# Without points the box stands for the face: where it lies around the mean face.
_BOX = (158.0, 130.0, 458.0, 520.0)


@dataclass(frozen=True, slots=True)
class Aligned:
    """A window of the aligned face.

    Attributes:
        pixels: RGB, shape (h, w, 3).
        mask: Shape (h, w), True where the face is.
        cheeks: Left and right, as slices of rows and columns of ``pixels``.
        method: What the mask was made of, with a version.
        scale: Aligned pixels a pixel of the photo.
    """

    pixels: Pixels
    mask: NDArray[np.bool_]
    cheeks: tuple[tuple[slice, slice], tuple[slice, slice]]
    method: str
    scale: float


def align(image: Pixels, five: Floats, outline: Floats | None, scheme: str) -> Aligned | None:
    """Cut a face out of an image.

    Args:
        image: RGB, shape (H, W, 3).
        five: The five points, shape (5, 2), pixels of the image.
        outline: All points of a face with more of them, shape (K, 2), else None.
        scheme: Of the face's points, for ``method``.

    Returns:
        None where the points coincide, or lie outside of the image.
    """
    matrix = similarity(five, TEMPLATE)
    scale = float(np.hypot(*matrix[:, 0]))
    if not 1e-3 < scale < 200:
        return None
    if outline is None:
        corners = np.asarray(cv2.ellipse2Poly(*_ELLIPSE, 0, 0, 360, 6), np.float64)
        method = "ellipse-5/1"
    else:
        hull = cv2.convexHull(moved(outline, matrix).astype(np.float32))
        corners = np.asarray(hull.reshape(-1, 2), np.float64)
        method = f"hull-{scheme}/1"
    polygon = np.clip(np.round(corners), 0, SIDE - 1).astype(np.int32)
    cheeks = _cheeks(moved(five, matrix))
    reach = np.concatenate([polygon, cheeks.reshape(-1, 2)])
    left, top = np.clip(reach.min(0), 0, SIDE - 1)
    right, bottom = np.clip(reach.max(0) + 1, 1, SIDE)
    size_wh = (int(right - left), int(bottom - top))
    if min(size_wh) < 8:
        return None
    matrix[:, 2] -= (left, top)
    mask = np.zeros(size_wh[::-1], np.uint8)
    cv2.fillConvexPoly(mask, polygon - (left, top), 1)
    inside = _inside(image, matrix, size_wh)
    if inside is not None:
        mask &= inside
    if not mask.any():
        return None
    places = np.clip(cheeks - (left, top), 0, size_wh).tolist()
    (one, other) = ((slice(a[1], b[1]), slice(a[0], b[0])) for a, b in places)
    return Aligned(warp(image, matrix, size_wh), mask.astype(bool), (one, other), method, scale)


def five_of_box(box: tuple[float, float, float, float]) -> Floats:
    """Where the five points of an upright mean face in this box would be; for cutting it out."""
    x_min, y_min, x_max, y_max = box
    share = (TEMPLATE - _BOX[:2]) / (_BOX[2] - _BOX[0], _BOX[3] - _BOX[1])
    return np.asarray(share * (x_max - x_min, y_max - y_min) + (x_min, y_min))


def warp(image: Pixels, matrix: Floats, size_wh: tuple[int, int]) -> Pixels:
    """Part of an image under a similarity, averaged where it gets much smaller.

    Args:
        image: RGB, shape (H, W, 3).
        matrix: Shape (2, 3), from pixels of the image to pixels of the result.
        size_wh: Of the result.
    """
    scale = float(np.hypot(*matrix[:, 0]))
    back = np.asarray(cv2.invertAffineTransform(matrix), np.float64)
    width, height = size_wh
    corners = moved([(0, 0), (width, 0), (0, height), (width, height)], back)
    left, top = np.maximum(np.floor(corners.min(0)).astype(int) - 2, 0)
    right, bottom = np.ceil(corners.max(0)).astype(int) + 3
    part = image[top:bottom, left:right]
    if part.size == 0:
        return np.zeros((height, width, 3), np.uint8)
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ (left, top)
    steps = int(0.75 / scale) if scale > 0 else 1
    if steps > 1:
        rows, columns = part.shape[:2]
        wh = (max(1, columns // steps), max(1, rows // steps))
        ratio = np.array([columns / wh[0], rows / wh[1]])
        part = cv2.resize(part, wh, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        # The middle of a large pixel is not the middle of its first small one.
        shifted[:, 2] += shifted[:, :2] @ (ratio / 2 - 0.5)
        shifted[:, :2] *= ratio
    found = cv2.warpAffine(
        np.ascontiguousarray(part),
        shifted,
        size_wh,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return found.astype(np.uint8, copy=False)


def _cheeks(five: Floats) -> NDArray[np.int32]:
    """Two squares of 0.3 eye distances half way between eyes and mouth: shape (2, 2, 2)."""
    half = 0.15 * _EYE_DISTANCE
    found = []
    for eye, mouth in ((0, 3), (1, 4)):
        # Straight below the eye, at half the way down to the mouth.
        centre = np.array([five[eye, 0], (five[eye, 1] + five[mouth, 1]) / 2])
        found.append([centre - half, centre + half])
    return np.round(np.array(found)).astype(np.int32)


def _inside(image: Pixels, matrix: Floats, size_wh: tuple[int, int]) -> Pixels | None:
    """1 where the window shows the image, 0 where it looks past its rim; None if nowhere past."""
    back = np.asarray(cv2.invertAffineTransform(matrix), np.float64)
    width, height = size_wh
    corners = moved([(0, 0), (width, 0), (0, height), (width, height)], back)
    limits = (image.shape[1] - 1, image.shape[0] - 1)
    if (corners >= 0).all() and (corners <= limits).all():
        return None
    frame = np.array([(0, 0), (limits[0], 0), limits, (0, limits[1])], np.float64)
    shown = np.zeros(size_wh[::-1], np.uint8)
    place = np.clip(np.round(moved(frame, matrix)), -30_000, 30_000).astype(np.int32)
    cv2.fillConvexPoly(shown, place, 1)
    return shown
