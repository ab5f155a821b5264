"""Faces drawn on pictures, the same way on contact sheets, pages and reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from curator.records import Face, FaceStatus

Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]

# Okabe and Ito's palette: told apart with every kind of colour vision.
PROPOSED: Colour = (230, 159, 0)
VOUCHED: Colour = (0, 158, 115)
POINTS: tuple[Colour, ...] = (
    (86, 180, 233),
    (86, 180, 233),
    (240, 228, 66),
    (213, 94, 0),
    (213, 94, 0),
)
HIDDEN: Colour = (170, 170, 170)
RIM: Colour = (20, 20, 20)
PAPER: Colour = (250, 250, 250)
_SHIFT = 4  # OpenCV draws at sixteenths of a pixel


def shrink(image: Pixels, side: int) -> tuple[Pixels, float]:
    """The image with its long side at most ``side`` pixels, and the factor it was scaled by."""
    height, width = image.shape[:2]
    factor = min(1.0, side / max(height, width))
    if factor == 1.0:
        return image, factor
    size_wh = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False), factor


def draw_faces(image: Pixels, faces: Iterable[Face], factor: float = 1.0) -> Pixels:
    """A copy of an RGB image with the boxes and points of its faces.

    Args:
        image: Shape (H, W, 3).
        faces: In pixels of the original image.
        factor: How much smaller this image is than the original.
    """
    canvas = image.copy()
    thickness = max(2, round(max(canvas.shape[:2]) / 400))
    for face in faces:
        colour = PROPOSED if face.status is FaceStatus.PROPOSED else VOUCHED
        corners = [_subpixel(value * factor) for value in face.box]
        # The dark rim keeps a line visible on a picture of the same colour.
        for line, width in ((RIM, thickness + 2), (colour, thickness)):
            cv2.rectangle(canvas, corners[:2], corners[2:], line, width, cv2.LINE_AA, shift=_SHIFT)
        _draw_points(canvas, face, factor, thickness)
    return canvas


def contact_sheet(pictures: Sequence[Pixels], *, columns: int, cell: int, gap: int = 12) -> Pixels:
    """Pictures side by side on paper, each centred in a square cell.

    Args:
        pictures: RGB images of any size.
        columns: Cells in a row, at least 1.
        cell: Side of a cell, pixels.
        gap: Between cells and around them, pixels.

    Returns:
        Shape (H, W, 3); a blank strip when there are no pictures.
    """
    rows = max(1, -(-len(pictures) // columns))
    step = cell + gap
    sheet = np.full((rows * step + gap, columns * step + gap, 3), PAPER, np.uint8)
    for index, picture in enumerate(pictures):
        small, _ = shrink(picture, cell)
        height, width = small.shape[:2]
        top = gap + (index // columns) * step + (cell - height) // 2
        left = gap + (index % columns) * step + (cell - width) // 2
        sheet[top : top + height, left : left + width] = small
    return sheet


def encode_jpeg(image: Pixels, quality: int = 88) -> bytes:
    """JPEG bytes of an RGB image."""
    _, data = cv2.imencode(
        ".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    return data.tobytes()


def _draw_points(canvas: Pixels, face: Face, factor: float, thickness: int) -> None:
    visibility = face.visibility or ()
    for index, ((x, y), seen) in enumerate(zip(face.landmarks or (), visibility, strict=True)):
        if seen == 0:
            continue
        colour = HIDDEN if seen == 1 else POINTS[index % 5] if face.scheme == "5" else POINTS[0]
        centre = (_subpixel(x * factor), _subpixel(y * factor))
        for dot, radius in ((RIM, thickness + 1.0), (colour, float(thickness))):
            cv2.circle(canvas, centre, _subpixel(radius), dot, -1, cv2.LINE_AA, shift=_SHIFT)


def _subpixel(value: float) -> int:
    return round(value * (1 << _SHIFT))
