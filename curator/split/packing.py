"""How many units of each size go to each split, so that the images come out right.

A unit is a set of images that must stay together. Only sizes and counts are known here; which
unit goes where is decided afterwards, so balancing strata can never spoil the shares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

import numpy as np

from curator.split.shares import largest_remainder

# Sizes of the units that change places together, and how many such choices are looked at.
_Bundle = tuple[int, ...]
_MOST_BUNDLES = 1000


def pack(sizes: Mapping[int, int], quotas: Sequence[int]) -> dict[int, list[int]]:
    """Spread units over splits: every size in proportion, the sum of images at the quotas.

    Args:
        sizes: Number of units by their size in images.
        quotas: Images wanted in each split; they sum to the images there are. A split with
            quota 0 gets nothing.

    Returns:
        By size, the number of its units in each split. The quotas are met exactly where units
        of one image fill the gaps; elsewhere as near as swaps of a few units can bring them.
    """
    left = list(quotas)
    plan: dict[int, list[int]] = {}
    for size in sorted(sizes, reverse=True):
        plan[size] = _spread(sizes[size], size, left)
        left = [room - size * units for room, units in zip(left, plan[size], strict=True)]
    _exchange(plan, left, [i for i, quota in enumerate(quotas) if quota])
    return plan


def _spread(units: int, size: int, left: Sequence[int]) -> list[int]:
    """Units of one size for each split: in proportion to the room left, none that does not fit."""
    room = [max(images, 0) for images in left]
    fits = [images // size for images in room]
    given = [0] * len(left)
    while (rest := units - sum(given)) and any(fits):
        weights = [images if fit else 0 for images, fit in zip(room, fits, strict=True)]
        for i, more in enumerate(largest_remainder(rest, weights)):
            taken = min(more, fits[i])
            given[i] += taken
            fits[i] -= taken
    for _ in range(units - sum(given)):
        overfull = [images - size * n for images, n in zip(left, given, strict=True)]
        given[overfull.index(max(overfull))] += 1
    return given


def _exchange(plan: dict[int, list[int]], left: list[int], splits: Sequence[int]) -> None:
    """Swap bundles of units between two splits as long as the sum of squared rests falls."""
    while any(left):
        gain, giver, taker, given, back = min(
            (_best_swap(plan, left, *pair) for pair in permutations(splits, 2)),
            default=(0, 0, 0, (), ()),
        )
        if gain == 0:
            return
        for bundle, source, target in ((given, giver, taker), (back, taker, giver)):
            for size in bundle:
                plan[size][source] -= 1
                plan[size][target] += 1
            left[source] += sum(bundle)
            left[target] -= sum(bundle)


def _best_swap(
    plan: Mapping[int, list[int]], left: Sequence[int], giver: int, taker: int
) -> tuple[int, int, int, _Bundle, _Bundle]:
    """The swap that lowers the sum of squares most, and by how much (0 or negative)."""
    gap = left[taker] - left[giver]
    given, back = _bundles(plan, giver), _bundles(plan, taker)
    images = np.subtract.outer(list(given), list(back))
    # Moving t images across a gap g between two rests changes their squares by 2 t (t - g).
    gains = images * (images - gap)
    i, j = np.unravel_index(gains.argmin(), gains.shape)
    return (int(gains[i, j]), giver, taker, list(given.values())[i], list(back.values())[j])


def _bundles(plan: Mapping[int, list[int]], split: int) -> dict[int, _Bundle]:
    """What a split can give away: for each number of images the fewest units that make it."""
    found: dict[int, _Bundle] = {0: ()}
    queue: list[_Bundle] = [()]
    for bundle in queue:
        for size, units in plan.items():
            images = sum(bundle) + size
            if images not in found and bundle.count(size) < units[split]:
                found[images] = (*bundle, size)
                queue.append(found[images])
        if len(found) >= _MOST_BUNDLES:
            break
    return found
