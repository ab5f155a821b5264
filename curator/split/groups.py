"""Which images belong together: copies of one another, and groups that share a member."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from curator.disjoint import DisjointSets
from curator.errors import ConfigError
from curator.hamming import BITS, close_pairs
from curator.split.items import Item, in_order

# Photos resized to two thirds and saved at JPEG quality 50 stay within 4 of the 64 bits
# in 99.6 % of 1,057 cases, while two unrelated photos rarely come nearer than 10.
COPY_DISTANCE = 4


def merge_groups(items: Iterable[Item]) -> dict[str, str]:
    """The group of each image once groups with a common image are united, transitively.

    Returns:
        Key to the alphabetically first name among the united groups; images without a group
        are not in it.
    """
    grouped = [item for item in items if item.groups]
    names = sorted({name for item in grouped for name in item.groups})
    number = {name: i for i, name in enumerate(names)}
    forest = DisjointSets(len(names))
    links = [(number[item.groups[0]], number[n]) for item in grouped for n in item.groups[1:]]
    if links:
        first, second = np.array(links).T
        forest.join(first, second)
    roots = forest.root(np.arange(len(names))).tolist()
    return {item.key: names[roots[number[item.groups[0]]]] for item in grouped}


def near_duplicate_groups(
    items: Iterable[Item], max_distance: int = COPY_DISTANCE
) -> dict[str, str]:
    """Group images whose perceptual hashes are at most ``max_distance`` of 64 bits apart.

    A copy of a copy is a copy: the groups are chains of near pairs. All such pairs are found.

    Returns:
        Key to ``copies:<smallest key of the group>``; images without a copy, or without a
        hash, are not in it.

    Raises:
        ConfigError: if ``max_distance`` is not between 0 and 63.
    """
    if not 0 <= max_distance < BITS:
        raise ConfigError(f"a distance of {max_distance} bits is not between 0 and {BITS - 1}")
    keys: dict[int, list[str]] = defaultdict(list)
    for item in in_order(items):
        if item.phash is not None:
            keys[item.phash].append(item.key)
    hashes = np.fromiter(keys, np.uint64, len(keys))
    forest = DisjointSets(len(hashes))
    for first, second in close_pairs(hashes, max_distance):
        forest.join(first, second)
    members: dict[int, list[str]] = defaultdict(list)
    for root, same in zip(forest.root(np.arange(len(hashes))).tolist(), keys.values(), strict=True):
        members[root] += same
    return {
        key: f"copies:{min(group)}" for group in members.values() if len(group) > 1 for key in group
    }
