"""Groups of copies and of similar pictures, each with the member that is worth most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from curator.disjoint import DisjointSets
from curator.records import CopyKind, Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Images that belong together.

    Attributes:
        images: Their ids, the best first, the others by worth.
        kind: ``copy`` where all are linked by copies, ``similar`` where some only look alike.
        pairs: The pairs that link them.
    """

    images: tuple[int, ...]
    kind: CopyKind
    pairs: tuple[Pair, ...]


def groups(
    pairs: Sequence[Pair], kinds: Iterable[CopyKind], worth: Callable[[int], float]
) -> list[Group]:
    """Unite pairs of these kinds, transitively: a copy of a copy is a copy.

    Args:
        pairs: Any.
        kinds: Which of them link images.
        worth: Of an image, by its id; of equal ones the smaller id is the better.

    Returns:
        The largest group first.
    """
    wanted = set(kinds)
    links = [pair for pair in pairs if pair.kind in wanted]
    ids = sorted({image for pair in links for image in (pair.first, pair.second)})
    place = {image: i for i, image in enumerate(ids)}
    sets = DisjointSets(len(ids))
    if links:
        ends = np.array([(place[pair.first], place[pair.second]) for pair in links])
        sets.join(ends[:, 0], ends[:, 1])
    roots = sets.root(np.arange(len(ids))).tolist()
    members: dict[int, list[int]] = defaultdict(list)
    for image, root in zip(ids, roots, strict=True):
        members[root].append(image)
    linking: dict[int, list[Pair]] = defaultdict(list)
    for pair in links:
        linking[roots[place[pair.first]]].append(pair)
    found = [
        Group(
            images=tuple(sorted(images, key=lambda image: (-worth(image), image))),
            kind=CopyKind.COPY
            if all(pair.kind is CopyKind.COPY for pair in linking[root])
            else CopyKind.SIMILAR,
            pairs=tuple(linking[root]),
        )
        for root, images in members.items()
    ]
    return sorted(found, key=lambda group: (-len(group.images), group.images))
