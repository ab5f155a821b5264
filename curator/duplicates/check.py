"""The second look at two pictures whose hashes are near: a copy, alike, or neither."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from curator.duplicates.appearance import SIDE
from curator.duplicates.shift import Moved, look_closer
from curator.records import CopyKind

Pixels = NDArray[np.uint8]
# Two grey pictures, of at least ``DETAIL`` pixels if they have so many; None where one is lost.
Pictures = Callable[[], tuple[Pixels, Pixels] | None]

# Sizes at which one thumbnail is looked for inside the other: it may be cut by up to 10 %.
_SIZES_WH = ((39, 39), (38, 38), (37, 37), (36, 36), (38, 40), (40, 38), (39, 40), (40, 39))
SIMILAR_CORRELATION = 0.80
# What may be a copy, and what is one where nobody can look closer. A copy differs everywhere a
# little, another shot somewhere a lot: the largest difference of a tile, in standard deviations of
# the picture.
MAYBE_CORRELATION, MAYBE_DIFFERENCE = 0.90, 1.0
COPY_CORRELATION, COPY_DIFFERENCE = 0.96, 0.50
# Pixels of a picture of 256. Of photos altered more than is usual 1 in 100 shifts by a third of a
# pixel, while of 356 pairs of bursts each shifts by half of one or more. The alterations of the
# test change none by more than 1.1; other words on the same photo or page change it by 1.6.
COPY_SHIFT, COPY_CHANGE = 0.40, 1.4
_TILES = 5
# Where they agree so well as they lie, nothing better is looked for.
_CLEAR = 0.985
# A picture without contrast looks like any other.
_FLAT = 4.0


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two pictures are where they overlap best.

    Attributes:
        correlation: Of the grey levels of their thumbnails, -1..1.
        difference: Of the tile that differs most, in standard deviations of the picture.
        moved: What a closer look shows; None where nobody looked, or too little could be seen.
    """

    correlation: float
    difference: float
    moved: Moved | None = None

    @property
    def kind(self) -> CopyKind:
        """What the two pictures are to each other."""
        if self.moved is None:
            same = self.correlation >= COPY_CORRELATION and self.difference <= COPY_DIFFERENCE
        else:
            same = self.moved.shift <= COPY_SHIFT and self.moved.change <= COPY_CHANGE
        if same and self.may_be_copy:
            return CopyKind.COPY
        return CopyKind.SIMILAR if self.correlation >= SIMILAR_CORRELATION else CopyKind.DIFFERENT

    @property
    def may_be_copy(self) -> bool:
        """Whether a closer look is worth it."""
        return self.correlation >= MAYBE_CORRELATION and self.difference <= MAYBE_DIFFERENCE


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the part lies in the whole: its corner (x, y) and its size, as shares of the whole."""

    other_is_whole: bool = False
    corner: tuple[float, float] = (0.0, 0.0)
    size: tuple[float, float] = (1.0, 1.0)


def compare(one: Pixels, other: Pixels, pictures: Pictures | None = None) -> Likeness:
    """Lay one thumbnail over the other where they agree best; look closer where it may be a copy.

    Args:
        one: Shape (SIDE, SIDE), grey.
        other: The same.
        pictures: Gives what the thumbnails were made of, in the same order. Without it, frames
            of a burst that differ by little count as copies.
    """
    if min(one.std(), other.std()) < _FLAT:
        same = np.abs(one.astype(int) - other).max() <= 3
        return Likeness(1.0, 0.0) if same else Likeness(0.0, 9.0)
    found, place = _overlaid(one, other)
    if pictures is None or not found.may_be_copy:
        return found
    both = pictures()
    if both is None:
        # Nothing is said that would drop a picture.
        return replace(found, moved=Moved(math.inf, math.inf))
    part, whole = both if place.other_is_whole else both[::-1]
    return replace(found, moved=look_closer(whole, part, place.corner, place.size))


def _overlaid(one: Pixels, other: Pixels) -> tuple[Likeness, _Place]:
    """As they lie, or one cut a little."""
    best, place = _at(one, other), _Place()
    for turned in (False, True) if best.correlation < _CLEAR else ():
        whole, part = (other, one) if turned else (one, other)
        for width, height in _SIZES_WH:
            small = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
            match = cv2.matchTemplate(whole, small, cv2.TM_CCOEFF_NORMED)
            row, column = np.unravel_index(int(match.argmax()), match.shape)
            found = float(match[row, column])
            if found > best.correlation:
                window = whole[row : row + height, column : column + width]
                best = Likeness(found, _difference(window, small.astype(np.uint8, copy=False)))
                corner = (float(column) / SIDE, float(row) / SIDE)
                place = _Place(turned, corner, (width / SIDE, height / SIDE))
    return best, place


def _at(one: Pixels, other: Pixels) -> Likeness:
    correlation = float(np.corrcoef(one.ravel(), other.ravel())[0, 1])
    return Likeness(correlation, _difference(one, other))


def _difference(one: Pixels, other: Pixels) -> float:
    """The root mean square of the tile that differs most, light and contrast made equal."""
    a, b = one.astype(np.float32), other.astype(np.float32)
    a, b = (a - a.mean()) / max(a.std(), 1e-3), (b - b.mean()) / max(b.std(), 1e-3)
    tiles = cv2.resize((a - b) ** 2, (_TILES, _TILES), interpolation=cv2.INTER_AREA)
    return float(np.sqrt(tiles.max()))
