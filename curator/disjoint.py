"""Disjoint sets of numbers, united pair by pair, a whole array of pairs at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class DisjointSets:
    """The numbers below ``count``, each alone at first; the smallest number names a set."""

    def __init__(self, count: int) -> None:
        self._parent = np.arange(count)

    def root(self, numbers: NDArray[np.intp]) -> NDArray[np.intp]:
        """The name of the set of each number."""
        found = self._parent[numbers]
        while not np.array_equal(above := self._parent[found], found):
            found = above
        self._parent[numbers] = found
        return found

    def join(self, first: NDArray[np.intp], second: NDArray[np.intp]) -> None:
        """Unite the set of each first number with that of the second beside it."""
        while True:
            a, b = self.root(first), self.root(second)
            apart = a != b
            if not apart.any():
                return
            high, low = np.maximum(a, b)[apart], np.minimum(a, b)[apart]
            np.minimum.at(self._parent, high, low)
