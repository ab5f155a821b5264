"""The unit of a split: images that stay together, with what they count for in each stratum."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from curator.errors import ConfigError
from curator.split.groups import merge_groups
from curator.split.items import Item, strata

ALL = "all images"


@dataclass(frozen=True, slots=True)
class Unit:
    """Images that stay together.

    Attributes:
        keys: Of the images.
        labels: How many of the images carry each label: ALL, strata and people.
        split: Where a pin puts them, None where they are free.
    """

    keys: tuple[str, ...]
    labels: Counter[str]
    split: str | None

    @classmethod
    def of(cls, items: Sequence[Item], split: str | None) -> Unit:
        """The unit of these images."""
        labels = Counter(label for item in items for label in _labels(item))
        return cls(tuple(item.key for item in items), labels, split)


def free_units(units: Iterable[Unit], seed: int) -> list[Unit]:
    """The free units, large ones first, else in an order that the seed and the keys decide."""
    free = [unit for unit in units if unit.split is None]
    return sorted(free, key=lambda unit: (-len(unit.keys), _shuffled(unit.keys[0], seed)))


def units(ordered: Sequence[Item], splits: Sequence[str]) -> list[Unit]:
    """Unite images by their groups and let them follow their pins.

    A group pinned in several splits becomes one unit a split; its new images join the split
    that holds most of it, the first named of equals.

    Raises:
        ConfigError: if an image is pinned to a split not in ``splits``.
    """
    groups = merge_groups(ordered)
    together: dict[tuple[bool, str], list[Item]] = defaultdict(list)
    for item in ordered:
        if item.pinned not in (None, *splits):
            raise ConfigError(
                f"image {item.key} is in split {item.pinned!r}, not one of: {', '.join(splits)}"
            )
        together[item.key in groups, groups.get(item.key, item.key)].append(item)
    return [unit for members in together.values() for unit in _by_pin(members, splits)]


def _labels(item: Item) -> tuple[str, ...]:
    return (ALL, *strata(item), *{f"identity {name}" for name in item.identities})


def _by_pin(members: Sequence[Item], splits: Sequence[str]) -> list[Unit]:
    """The units of one group: one, or one a split where it is pinned."""
    pins = Counter(item.pinned for item in members if item.pinned is not None)
    if not pins:
        return [Unit.of(members, None)]
    most = max(splits, key=lambda split: pins[split])
    return [
        Unit.of([item for item in members if (item.pinned or most) == split], split)
        for split in splits
        if split in pins
    ]


def _shuffled(key: str, seed: int) -> bytes:
    """A place in an order that nobody chose: a hash, as Python's own differs from run to run."""
    return hashlib.blake2b(f"{seed} {key}".encode(), digest_size=16).digest()
