"""Exact searches among 64-bit perceptual hashes by Hamming distance.

Hashes are uint64 arrays of shape (N,). Both searches are exact; only their speed depends on
the data. Memory stays near one block whatever the number of pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Indices = NDArray[np.intp]

BITS = 64
# Rows and columns compared at a time: 8 x 8192 x 8 bytes stay in the second-level cache.
_ROWS, _COLUMNS = 8, 8192


def nearest(hashes: Hashes, others: Hashes) -> NDArray[np.uint8]:
    """The distance, 0..64, from each of N hashes to the nearest of M others, by comparing all.

    Returns:
        Shape (N,), uint8; 255 where there are no others.
    """
    best = np.full(len(hashes), 255, np.uint8)
    for left in range(0, len(others), _COLUMNS):
        columns = others[left : left + _COLUMNS]
        for top in range(0, len(hashes), _ROWS):
            rows = slice(top, top + _ROWS)
            distances = np.bitwise_count(hashes[rows, None] ^ columns[None, :])
            np.minimum(best[rows], distances.min(axis=1), out=best[rows])
    return best


def close_pairs(hashes: Hashes, max_distance: int) -> Iterator[tuple[Indices, Indices]]:
    """All pairs of indices at most ``max_distance`` (0..63) bits apart, piece by piece.

    Two hashes that differ in d bits agree on one of any d + 1 bands of bits (the pigeonhole
    principle of multi-index hashing, Norouzi et al. 2012), so only those that share a band
    are compared. A pair that shares several bands comes several times.
    """
    edges = np.linspace(0, BITS, max_distance + 2).astype(int)
    for low, high in pairwise(edges.tolist()):
        band = hashes >> np.uint64(low) & np.uint64((1 << high - low) - 1)
        order = np.argsort(band, kind="stable")
        ends = np.searchsorted(band[order], band[order], side="right")
        first = np.arange(len(hashes))
        for step in range(1, len(hashes)):
            first = first[first + step < ends[first]]
            if not len(first):
                break
            a, b = order[first], order[first + step]
            close = np.bitwise_count(hashes[a] ^ hashes[b]) <= max_distance
            if close.any():
                yield a[close], b[close]
