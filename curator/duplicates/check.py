"""The second look at two pictures whose hashes are near: a copy, alike, or neither."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from curator.records import CopyKind

Pixels = NDArray[np.uint8]

# Sizes at which one thumbnail is looked for inside the other: it may be cut by up to 10 %.
_SIZES_WH = ((39, 39), (38, 38), (37, 37), (36, 36), (38, 40), (40, 38), (39, 40), (40, 39))
COPY_CORRELATION = 0.96
SIMILAR_CORRELATION = 0.80
# A copy differs everywhere a little, another shot somewhere a lot: the largest difference of a
# tile, in standard deviations of the picture.
COPY_DIFFERENCE = 0.50
_TILES = 5
# Where they agree so well as they lie, nothing better is looked for.
_CLEAR = 0.985
# A picture without contrast looks like any other.
_FLAT = 4.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two thumbnails are where they overlap best.

    Attributes:
        correlation: Of the grey levels, -1..1.
        difference: Of the tile that differs most, in standard deviations of the picture.
    """

    correlation: float
    difference: float

    @property
    def kind(self) -> CopyKind:
        """What the two pictures are to each other."""
        if self.correlation >= COPY_CORRELATION and self.difference <= COPY_DIFFERENCE:
            return CopyKind.COPY
        return CopyKind.SIMILAR if self.correlation >= SIMILAR_CORRELATION else CopyKind.DIFFERENT


def compare(one: Pixels, other: Pixels) -> Likeness:
    """Lay one thumbnail over the other, as a whole or cut a little, where they agree best."""
    if min(one.std(), other.std()) < _FLAT:
        same = np.abs(one.astype(int) - other).max() <= 3
        return Likeness(1.0, 0.0) if same else Likeness(0.0, 9.0)
    best = _at(one, other)
    if best.correlation >= _CLEAR:
        return best
    for whole, part in ((one, other), (other, one)):
        for wh in _SIZES_WH:
            small = cv2.resize(part, wh, interpolation=cv2.INTER_AREA)
            match = cv2.matchTemplate(whole, small, cv2.TM_CCOEFF_NORMED)
            row, column = np.unravel_index(int(match.argmax()), match.shape)
            found = float(match[row, column])
            if found > best.correlation:
                window = whole[row : row + wh[1], column : column + wh[0]]
                best = Likeness(found, _difference(window, small.astype(np.uint8, copy=False)))
    return best


def _at(one: Pixels, other: Pixels) -> Likeness:
    correlation = float(np.corrcoef(one.ravel(), other.ravel())[0, 1])
    return Likeness(correlation, _difference(one, other))


def _difference(one: Pixels, other: Pixels) -> float:
    """The root mean square of the tile that differs most, light and contrast made equal."""
    a, b = one.astype(np.float32), other.astype(np.float32)
    a, b = (a - a.mean()) / max(a.std(), 1e-3), (b - b.mean()) / max(b.std(), 1e-3)
    tiles = cv2.resize((a - b) ** 2, (_TILES, _TILES), interpolation=cv2.INTER_AREA)
    return float(np.sqrt(tiles.max()))
