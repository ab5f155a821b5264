"""Which detections overlap which faces, over a whole set of photos at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# Pairs looked at together: a few arrays of this length stay in the second-level cache.
_BLOCK = 32_768


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """The boxes of a set of photos, one after another.

    Attributes:
        corners: Shape (4, N), ``x_min, y_min, x_max, y_max`` in rows, pixels.
        ends: Shape (P + 1,): photo p has the boxes from ``ends[p]`` up to ``ends[p + 1]``.
    """

    corners: Floats
    ends: Indices

    @classmethod
    def of(cls, photos: Sequence[NDArray[np.floating]]) -> Boxes:
        """The boxes of photos, each of shape (n, 4) or wider; further columns are left aside."""
        ends = np.cumsum([0, *map(len, photos)])
        joined = np.concatenate([np.empty((0, 4)), *(photo[:, :4] for photo in photos)])
        return cls(np.ascontiguousarray(joined.T, np.float64), ends)

    def __len__(self) -> int:
        return int(self.ends[-1])

    def ranks(self) -> Indices:
        """The place of each box within its photo, from 0; shape (N,)."""
        return np.arange(len(self)) - np.repeat(self.ends[:-1], np.diff(self.ends))

    def areas(self, edge: float = 0.0) -> Floats:
        """Width times height, each ``edge`` pixels longer; shape (N,)."""
        x_min, y_min, x_max, y_max = self.corners
        return np.asarray((x_max - x_min + edge) * (y_max - y_min + edge))


def overlapping(
    detections: Boxes,
    faces: Boxes,
    min_iou: float,
    *,
    edge: float = 0.0,
    regions: NDArray[np.bool_] | None = None,
) -> tuple[Indices, Indices, Floats]:
    """All pairs of a detection and a face of the same photo that overlap enough.

    Args:
        detections: Of the same photos as ``faces``.
        faces: Of the same photos as ``detections``.
        min_iou: Least intersection over union, above 0.
        edge: Added to every width and height, pixels: 1 where corners are pixels, not edges.
        regions: Shape (G,), faces that may hold many others: with them the intersection is
            taken over the detection alone.

    Returns:
        Index of the detection, index of the face, IoU; by detection, then by face.
    """
    if regions is None:
        regions = np.zeros(len(faces), bool)
    own, others = detections.areas(edge), faces.areas(edge)
    found = [(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0))]
    for pairs in pairs_of(detections.ends, faces.ends):
        i, j, overlap = _overlaps(detections.corners, faces.corners, *pairs, edge)
        iou = overlap / np.where(regions[j], own[i], own[i] + others[j] - overlap)
        enough = iou >= min_iou
        found.append((i[enough], j[enough], iou[enough]))
    first, second, ious = map(np.concatenate, zip(*found, strict=True))
    return first, second, ious


def _overlaps(
    first: Floats, second: Floats, i: Indices, j: Indices, edge: float
) -> tuple[Indices, Indices, Floats]:
    """Those of the pairs of columns that overlap at all, and by what area."""
    overlap = np.ones(len(i))
    for low, high in ((0, 2), (1, 3)):
        size = np.minimum(first[high, i], second[high, j])
        size -= np.maximum(first[low, i], second[low, j])
        size += edge
        # Few pairs share a column of pixels, so all that follows is on short arrays.
        touching = np.flatnonzero(size > 0)
        i, j, overlap = i[touching], j[touching], overlap[touching] * size[touching]
    return i, j, overlap


def pairs_of(first: Indices, second: Indices) -> Iterator[tuple[Indices, Indices]]:
    """All pairs of indices within a photo, some photos at a time."""
    per_photo = np.diff(first) * np.diff(second)
    block = np.cumsum(per_photo) // _BLOCK
    starts = np.flatnonzero(np.diff(block, prepend=-1)).tolist()
    for start, end in pairwise([*starts, len(block)]):
        partners = np.repeat(np.diff(second)[start:end], np.diff(first)[start:end])
        i = np.repeat(np.arange(first[start], first[end]), partners)
        # Counting on through a photo's faces, and back to its first for the next detection.
        shift = np.repeat(second[start:end], np.diff(first)[start:end])
        shift -= np.cumsum(partners) - partners
        yield i, np.arange(len(i)) + np.repeat(shift, partners)
