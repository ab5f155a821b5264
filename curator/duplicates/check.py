"""The second look at two pictures whose hashes are near: a copy, alike, or neither."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from curator.duplicates.appearance import SIDE
from curator.duplicates.shift import largest_shift
from curator.records import CopyKind

Pixels = NDArray[np.uint8]
# The whole, the part, the part's corner (x, y) in the whole, and its width and height there.
Place = tuple[Pixels, Pixels, tuple[int, int], tuple[int, int]]

# Sizes at which one thumbnail is looked for inside the other: it may be cut by up to 10 %.
_SIZES_WH = ((39, 39), (38, 38), (37, 37), (36, 36), (38, 40), (40, 38), (39, 40), (40, 39))
COPY_CORRELATION = 0.96
SIMILAR_CORRELATION = 0.80
# A copy differs everywhere a little, another shot somewhere a lot: the largest difference of a
# tile, in standard deviations of the picture.
COPY_DIFFERENCE = 0.50
# Nothing that moved differs as little as the first, and no copy is out of place by more cells than
# the second: of altered photos 3 in 1,000 are, of 42 pairs of a burst 37.
_STILL, COPY_SHIFT = 0.15, 0.35
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
        shift: Of the tile that moved most against the others, in cells; looked for only where
            the other two are those of a copy.
    """

    correlation: float
    difference: float
    shift: float = 0.0

    @property
    def kind(self) -> CopyKind:
        """What the two pictures are to each other."""
        near = self.correlation >= COPY_CORRELATION and self.difference <= COPY_DIFFERENCE
        if near and self.shift <= COPY_SHIFT:
            return CopyKind.COPY
        return CopyKind.SIMILAR if self.correlation >= SIMILAR_CORRELATION else CopyKind.DIFFERENT


def compare(one: Pixels, other: Pixels) -> Likeness:
    """Lay one thumbnail over the other, as a whole or cut a little, where they agree best."""
    if min(one.std(), other.std()) < _FLAT:
        same = np.abs(one.astype(int) - other).max() <= 3
        return Likeness(1.0, 0.0) if same else Likeness(0.0, 9.0)
    best = _at(one, other)
    place: Place = (one, other, (0, 0), (SIDE, SIDE))
    for whole, part in ((one, other), (other, one)) if best.correlation < _CLEAR else ():
        for wh in _SIZES_WH:
            small = cv2.resize(part, wh, interpolation=cv2.INTER_AREA)
            match = cv2.matchTemplate(whole, small, cv2.TM_CCOEFF_NORMED)
            row, column = np.unravel_index(int(match.argmax()), match.shape)
            found = float(match[row, column])
            if found > best.correlation:
                window = whole[row : row + wh[1], column : column + wh[0]]
                best = Likeness(found, _difference(window, small.astype(np.uint8, copy=False)))
                place = (whole, part, (int(column), int(row)), wh)
    if best.kind is CopyKind.COPY and best.difference > _STILL:
        whole, part, corner, (width, height) = place
        return replace(
            best, shift=largest_shift(whole, part, corner, (width / SIDE, height / SIDE))
        )
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
