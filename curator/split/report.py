"""What a split turned out to be, in numbers a person can check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from curator.split.assignment import assign
from curator.split.groups import merge_groups
from curator.split.items import STRATA, Item, in_order, strata
from curator.split.leakage import Leakage, leakage
from curator.split.shares import SHARES, quotas


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A group that stands in several splits, because it was found after its images were pinned.

    Attributes:
        group: Its merged name.
        splits: Split to number of its images there.
    """

    group: str
    splits: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitReport:
    """The measures of one split; ``dataclasses.asdict`` of it can be written as JSON.

    Attributes:
        images: Number of images.
        counts: Split to number of images.
        targets: Split to the number of images its share asks for.
        shares: Split to its part of the images, 0..1; 0 without images.
        strata: Name of a stratum to split to number of images.
        groups: Merged groups of two or more images.
        largest_group: Images of the largest, 0 without any.
        pinned: Images that came with a split.
        moved: Pinned images that are in another split now.
        conflicts: Groups that stand in several splits.
        identities: Number of people named.
        identities_shared: People who stand in more than one split.
        leakage_before: Of a split with the same shares and seed that ignores groups and pins.
        leakage_after: Of this split.
    """

    images: int
    counts: Mapping[str, int]
    targets: Mapping[str, int]
    shares: Mapping[str, float]
    strata: Mapping[str, Mapping[str, int]]
    groups: int
    largest_group: int
    pinned: int
    moved: int
    conflicts: tuple[Conflict, ...]
    identities: int
    identities_shared: int
    leakage_before: Leakage
    leakage_after: Leakage


def measure(
    items: Iterable[Item],
    assignment: Mapping[str, str],
    shares: Mapping[str, float] = SHARES,
    seed: int = 0,
) -> SplitReport:
    """Measure a split that :func:`~curator.split.assign` made of these items.

    Args:
        items: The images that were split.
        assignment: Key to split for each of them.
        shares: As given to ``assign``.
        seed: As given to ``assign``.

    Raises:
        ConfigError: if the shares do not sum to 1.
        InputError: if two items have the same key, or embeddings differ in length.
    """
    ordered = in_order(items)
    targets = quotas(len(ordered), shares)
    merged = merge_groups(ordered)

    def tally(names: Callable[[Item], Iterable[str]]) -> dict[str, dict[str, int]]:
        table: dict[str, dict[str, int]] = {}
        for item in ordered:
            for name in set(names(item)):
                row = table.setdefault(name, dict.fromkeys(targets, 0))
                row[assignment[item.key]] += 1
        return table

    counts = tally(lambda _: ("all",)).get("all", dict.fromkeys(targets, 0))
    by_stratum = tally(strata)
    by_group = tally(lambda item: [merged[item.key]] if item.key in merged else [])
    by_identity = tally(lambda item: item.identities)
    sizes = [size for row in by_group.values() if (size := sum(row.values())) > 1]
    pinned = [item for item in ordered if item.pinned is not None]
    loose = [replace(item, groups=(), pinned=None) for item in ordered]
    return SplitReport(
        images=len(ordered),
        counts=counts,
        targets=targets,
        shares={split: count / max(len(ordered), 1) for split, count in counts.items()},
        strata={name: by_stratum[name] for name in STRATA if name in by_stratum},
        groups=len(sizes),
        largest_group=max(sizes, default=0),
        pinned=len(pinned),
        moved=sum(assignment[item.key] != item.pinned for item in pinned),
        conflicts=tuple(
            Conflict(group=name, splits=_present(row))
            for name, row in sorted(by_group.items())
            if len(_present(row)) > 1
        ),
        identities=len(by_identity),
        identities_shared=sum(len(_present(row)) > 1 for row in by_identity.values()),
        leakage_before=leakage(ordered, assign(loose, shares, seed), list(targets)),
        leakage_after=leakage(ordered, assignment, list(targets)),
    )


def _present(row: Mapping[str, int]) -> dict[str, int]:
    """The splits that hold any of it."""
    return {split: images for split, images in row.items() if images}
