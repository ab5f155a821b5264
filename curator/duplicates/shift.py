"""The closer look: whether parts of a picture moved against each other.

What is done to a copy is done to all of it: one cut, one change of size, one curve of light.
Once these are undone, to a fraction of a pixel, all of it lies still. In another shot of a scene
the camera has moved, or somebody in front of it, by however little.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, log2

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Two = tuple[float, float]

# The shorter side at which pictures are compared; finer than that, JPEG leaves little to compare.
DETAIL = 256
# From this size on the place is sought, at twice the size each time, in so many steps each.
_COARSE, _STEPS = 40, (4, 3, 2, 1)
# Without it the pixels are too coarse to be looked at between them.
_SMOOTH = 1.0
# Smoothing makes the rim of a picture up; a brighter copy has lost what it showed in the light, one
# of more contrast also what it showed in the dark.
_RIM, _DARK, _BRIGHT = 2, 6, 225
_AROUND = np.ones((3, 3), np.uint8)
# Along the shorter side.
_TILES = 5
# Below this contrast from pixel to pixel, grey levels squared, the shift of a tile is noise.
_NOISE = 6.0
# Pixels; of fewer nothing is said.
_FEW = 200


@dataclass(frozen=True, slots=True)
class Moved:
    """How far a picture is from another, all that was done to the whole of it undone.

    In pixels, where the shorter side has ``DETAIL`` of them, or as many as the smaller picture.

    Attributes:
        shift: Of the tile that moved most, from where all others say it should be.
        change: Of the tile that differs most: the move that would make as much of a difference.
            Larger than the shift where something else is there, such as other words.
    """

    shift: float
    change: float


def look_closer(whole: Pixels, part: Pixels, corner: Two, size: Two) -> Moved | None:
    """Lay a part over the whole, to a fraction of a pixel, and see what does not lie still.

    After Lucas and Kanade, 1981: first one move for all of the picture, from coarse to fine, then
    one a tile. That one is a single step, which falls short of moves of several pixels.

    Args:
        whole: Shape (H, W), grey.
        part: Shape (h, w); a cut of what the whole shows, or all of it.
        corner: About where the part begins in the whole, (x, y) as shares of the whole.
        size: About how much of the whole it covers, (width, height) as shares.

    Returns:
        None where too little can be seen to tell.
    """
    # From shares of the part to shares of the whole: a factor, and where the part begins.
    x, y = (np.array([size[axis], corner[axis]]) for axis in (0, 1))
    level = laid = None
    for level, steps in _levels(whole, part):
        laid = level.lay(x, y)
        for _ in range(steps):
            if laid is None:
                return None
            x, y = level.nearer(laid, x, y)
            laid = level.lay(x, y)
    return None if laid is None else _of_tiles(laid)


@dataclass(slots=True)
class _Laid:
    """The whole laid over the part, its light made equal; 0 where one of them is not seen."""

    # Powers of the light of the whole, shape (4, h, w).
    light: Floats
    # How it changes from pixel to pixel, and what of the part it does not explain: grey levels of
    # shape (h, w).
    along: Floats
    down: Floats
    left: Floats


class _Level:
    """Both pictures at one size, in pixels."""

    def __init__(self, whole: Floats, part: Floats, size: tuple[int, int]) -> None:
        self._whole, self._part = (
            np.asarray(
                cv2.GaussianBlur(
                    cv2.resize(each, size, interpolation=cv2.INTER_AREA), (0, 0), _SMOOTH
                ),
                np.float32,
            )
            for each in (whole, part)
        )
        self._size = size
        self._unusable = (~_clear(self._whole)).astype(np.float32)
        self._usable = _clear(self._part)
        self._usable[:_RIM] = self._usable[-_RIM:] = False
        self._usable[:, :_RIM] = self._usable[:, -_RIM:] = False

    def lay(self, x: Doubles, y: Doubles) -> _Laid | None:
        """None where they have too little in common."""
        width, height = self._size
        matrix = np.array(
            [
                [x[0], 0, x[0] / 2 + x[1] * width - 0.5],
                [0, y[0], y[0] / 2 + y[1] * height - 0.5],
            ]
        )
        how, size = cv2.WARP_INVERSE_MAP, self._size
        found = cv2.warpAffine(
            self._whole, matrix, size, flags=how | cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        lost = cv2.warpAffine(self._unusable, matrix, size, flags=how, borderValue=(1.0,))
        use = (self._usable & (lost == 0)).astype(np.float32)
        if use.sum() < _FEW:
            return None
        # Between pixels a cubic can fall below black.
        level = np.asarray(np.maximum(found, 0) / 255, np.float32)
        light = np.stack([np.ones_like(level), level, level**2, level**3])
        curve = _solved(light * use, self._part)
        fitted = np.tensordot(curve.astype(np.float32), light, 1)
        along, down = (
            np.asarray(cv2.Sobel(fitted, cv2.CV_32F, *axis, scale=1 / 8), np.float32) * use
            for axis in ((1, 0), (0, 1))
        )
        return _Laid(light * use, along, down, (self._part - fitted) * use)

    def nearer(self, laid: _Laid, x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
        """One step to where the whole explains more of the part."""
        width, height = self._size
        across = np.arange(0.5, width, dtype=np.float32)
        upright = np.arange(0.5, height, dtype=np.float32)[:, None]
        moves = np.stack(
            [laid.along * across, laid.along * width, laid.down * upright, laid.down * height]
        )
        step = _solved(np.concatenate([moves, laid.light]), laid.left)
        return x + step[:2] * x[0], y + step[2:4] * y[0]


def _levels(whole: Pixels, part: Pixels) -> Iterator[tuple[_Level, int]]:
    """From coarse to fine, each with the number of steps to take there."""
    height, width = part.shape
    shorter = min(DETAIL, *whole.shape, *part.shape)
    factor = shorter / min(height, width)
    largest = (round(factor * width), round(factor * height))
    grey = [
        cv2.resize(each, largest, interpolation=cv2.INTER_AREA).astype(np.float32)
        for each in (whole, part)
    ]
    halvings = ceil(log2(max(shorter / _COARSE, 1)))
    for steps, halved in zip(_STEPS, range(halvings, -1, -1), strict=False):
        size = (max(1, largest[0] >> halved), max(1, largest[1] >> halved))
        yield _Level(grey[0], grey[1], size), steps


def _clear(picture: Floats) -> NDArray[np.bool_]:
    """Where it is neither too dark nor too bright, nor next to such a place."""
    dark, bright = cv2.erode(picture, _AROUND), cv2.dilate(picture, _AROUND)
    return np.asarray((dark > _DARK) & (bright < _BRIGHT))


def _solved(terms: Floats, values: Floats) -> Doubles:
    """Least squares of values, (h, w), by terms, (n, h, w); what tells nothing gets no weight."""
    flat = terms.reshape(len(terms), -1)
    square = (flat @ flat.T).astype(np.float64)
    square.flat[:: len(square) + 1] += 1e-9 * np.diag(square) + 1e-9
    return np.asarray(np.linalg.solve(square, (flat @ values.ravel()).astype(np.float64)))


def _of_tiles(laid: _Laid) -> Moved:
    """What a shift of each tile explains of what is left, and how much there is to explain."""
    height, width = laid.left.shape
    side = min(height, width) / _TILES
    tiles = (round(width / side), round(height / side))
    along, down, left = laid.along, laid.down, laid.left
    xx, xy, yy, x, y, rest = (
        cv2.resize(product, tiles, interpolation=cv2.INTER_AREA)
        for product in (
            along * along, along * down, down * down, along * left, down * left, left * left
        )
    )  # fmt: skip
    change = np.sqrt(rest / (xx + yy + _NOISE))
    xx, yy = xx + _NOISE, yy + _NOISE
    shift = np.hypot(yy * x - xy * y, xx * y - xy * x) / (xx * yy - xy * xy)
    return Moved(float(shift.max()), float(change.max()))
