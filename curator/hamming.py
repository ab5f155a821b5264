"""Exact searches among 64-bit perceptual hashes by Hamming distance.

Hashes are uint64 arrays of shape (N,). Both searches are exact; only their speed depends on
the data. Memory stays near one block whatever the number of pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import Any

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

    Cut into d + 2 bands of bits, two hashes that differ in d bits agree in at least two of the
    bands (the pigeonhole principle of multi-index hashing, Norouzi et al. 2012): sorted by each
    two bands in turn, only those that agree in both are compared. A pair that agrees in more
    comes several times.
    """
    # Few bands are wide, and many pairs of bands cost more than they save.
    shared = 2 if 2 <= max_distance <= 12 else 1
    edges = np.linspace(0, BITS, max_distance + shared + 1).astype(int).tolist()
    for bands in combinations(pairwise(edges), shared):
        key = _key(hashes, bands)
        order = np.argsort(key, kind="stable")
        yield from _neighbours(key[order], hashes[order], order, max_distance)


def _key(hashes: Hashes, bands: Sequence[tuple[int, int]]) -> NDArray[np.unsignedinteger[Any]]:
    """These bands of bits side by side, in the smallest type that holds them: it sorts fastest."""
    key, width = np.zeros_like(hashes), 0
    for low, high in bands:
        band = hashes >> np.uint64(low) & np.uint64((1 << high - low) - 1)
        key |= band << np.uint64(width)
        width += high - low
    return key.astype(np.uint16 if width <= 16 else np.uint32 if width <= 32 else np.uint64)


def _neighbours(
    key: NDArray[np.unsignedinteger[Any]], hashes: Hashes, order: Indices, max_distance: int
) -> Iterator[tuple[Indices, Indices]]:
    """Compare each with those after it of the same key; all arrays are sorted by the key."""
    starts = np.flatnonzero(np.diff(key)) + 1
    sizes = np.diff(np.concatenate([[0], starts, [len(key)]]))
    ends = np.repeat(np.concatenate([starts, [len(key)]]), sizes)
    first = np.arange(len(key))
    for step in range(1, len(key)):
        first = first[first + step < ends[first]]
        if not len(first):
            return
        if 2 * len(first) > len(key):
            # Side by side without picking; a near pair across two keys is a near pair too.
            near = np.flatnonzero(np.bitwise_count(hashes[:-step] ^ hashes[step:]) <= max_distance)
        else:
            near = first[np.bitwise_count(hashes[first] ^ hashes[first + step]) <= max_distance]
        if len(near):
            yield order[near], order[near + step]
