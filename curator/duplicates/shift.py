"""The third look: whether parts of a picture moved against each other.

What is done to a copy is done to all of it: one cut, one change of size, one curve of light.
Once these are undone, to a fraction of a cell, all of it lies still. In another shot of a scene
somebody has moved against the wall, by however little.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

# Without it the cells are too coarse to be looked at between them.
_SMOOTH = 1.0
_STEPS = 8
# Smoothing makes the rim of a picture up; in the light a brighter copy has lost what it showed.
_RIM, _BRIGHT = 2, 180
_AROUND = np.ones((3, 3), np.uint8)
_TILES = 5
# Below this contrast from cell to cell, grey levels squared, the shift of a tile is noise.
_NOISE = 6.0
# Cells; of fewer nothing is said.
_FEW = 200


def largest_shift(
    whole: Pixels, part: Pixels, corner: tuple[float, float], size: tuple[float, float]
) -> float:
    """How far the tile that moved most lies from where all others say, in cells of a thumbnail.

    After Lucas and Kanade, 1981: first one move for all of the picture, then one a tile. That
    one is a single step, which falls short of moves of more than a cell.

    Args:
        whole: Shape (SIDE, SIDE), grey.
        part: Of the same shape; a cut of what the whole shows, or all of it.
        corner: Where the part begins in the whole, (x, y) in cells.
        size: How much of the whole it covers, (width, height) as shares.

    Returns:
        0 where too little can be seen to tell.
    """
    wide, seen = (
        np.asarray(cv2.GaussianBlur(each, (0, 0), _SMOOTH), np.float32)
        for each in (whole.astype(np.float32), part.astype(np.float32))
    )
    brightest = np.asarray(cv2.dilate(wide, _AROUND), np.float32)
    usable = cv2.dilate(seen, _AROUND) < _BRIGHT
    usable[:_RIM] = usable[-_RIM:] = usable[:, :_RIM] = usable[:, -_RIM:] = False
    rows, columns = (each.astype(np.float64) for each in np.indices(seen.shape))
    # From cells of the part to cells of the whole: a factor, and where the first cell lies.
    x = np.array([size[0], corner[0] + size[0] / 2 - 0.5])
    y = np.array([size[1], corner[1] + size[1] / 2 - 0.5])
    for step in range(_STEPS + 1):
        at = (x[0] * columns + x[1], y[0] * rows + y[1])
        found = _sampled(wide, at)
        use = usable & _inside(at, wide.shape) & (_sampled(brightest, at) < _BRIGHT)
        if use.sum() < _FEW:
            return 0.0
        light = np.asarray((found[..., None] / 255.0) ** np.arange(4), np.float64)
        curve = _solved(light[use], seen[use])
        fitted = (light @ curve).astype(np.float32)
        along, down = (
            np.asarray(cv2.Sobel(fitted, cv2.CV_32F, *axis, scale=1 / 8), np.float32)
            for axis in ((1, 0), (0, 1))
        )
        if step < _STEPS:
            moves = np.stack([along * columns, along, down * rows, down], axis=-1)
            terms = np.concatenate([moves, light], axis=-1)[use]
            solved = _solved(np.asarray(terms, np.float64), seen[use])
            x, y = x + solved[:2] * x[0], y + solved[2:4] * y[0]
    return _of_tiles(along * use, down * use, (seen - fitted) * use)


def _sampled(picture: Floats, at: tuple[Doubles, Doubles]) -> Floats:
    x, y = (each.astype(np.float32) for each in at)
    found = cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    # Between cells a cubic can fall below black.
    return np.asarray(np.maximum(found, 0), np.float32)


def _inside(at: tuple[Doubles, Doubles], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    x, y = at
    return np.asarray((x >= 0) & (x <= shape[1] - 1) & (y >= 0) & (y <= shape[0] - 1))


def _solved(terms: Doubles, values: Floats) -> Doubles:
    """Least squares; what tells nothing gets no weight."""
    square = terms.T @ terms
    square.flat[:: len(square) + 1] += 1e-9 * np.diag(square) + 1e-9
    return np.asarray(np.linalg.solve(square, terms.T @ values), np.float64)


def _of_tiles(along: Floats, down: Floats, left: Floats) -> float:
    """The largest shift, of any tile, that explains what is left."""
    xx, xy, yy, x, y = (
        cv2.resize(product, (_TILES, _TILES), interpolation=cv2.INTER_AREA)
        for product in (along * along, along * down, down * down, along * left, down * left)
    )
    xx, yy = xx + _NOISE, yy + _NOISE
    found = np.hypot(yy * x - xy * y, xx * y - xy * x) / (xx * yy - xy * xy)
    return float(found.max())
