"""Which split each image goes to: the shares first, then the strata balanced within them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from curator.split.balance import Balance
from curator.split.items import Item, in_order
from curator.split.packing import pack
from curator.split.shares import SHARES, largest_remainder, quotas
from curator.split.units import free_units, units


def assign(
    items: Iterable[Item], shares: Mapping[str, float] = SHARES, seed: int = 0
) -> dict[str, str]:
    """Give each image a split: shares met, groups whole, pins kept, strata balanced.

    Args:
        items: Any number of images, in any order.
        shares: Split to share of the images, 0..1, summing to 1. A split of share 0 gets
            only what is pinned to it.
        seed: Another seed is another split of the same quality.

    Returns:
        Key to split, in the order of the keys. New images of a group that is pinned in several
        splits join the one that holds most of it.

    Raises:
        ConfigError: if the shares do not sum to 1, or an image is pinned to a split not named.
        InputError: if two items have the same key.
    """
    ordered = in_order(items)
    wanted = quotas(len(ordered), shares)
    everything = units(ordered, list(shares))
    free = free_units(everything, seed)
    placed = {key: unit.split for unit in everything if unit.split is not None for key in unit.keys}
    if free:
        held = Counter(placed.values())
        room = [max(quota - held[split], 0) for split, quota in wanted.items()]
        # Where pins overfill one split, the others share the new images in proportion.
        room = largest_remainder(len(ordered) - len(placed), room)
        plan = pack(Counter(len(unit.keys) for unit in free), room)
        balance = Balance(everything, list(shares), plan)
        for unit in free:
            placed.update(dict.fromkeys(unit.keys, balance.take(unit)))
    return {item.key: placed[item.key] for item in ordered}
