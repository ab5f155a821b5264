"""The strata: which of the splits with places left a unit helps most.

Minimisation (Pocock & Simon 1975) by the chi-square distance between the images that each
split has of a label and those it should have. For a single label that is the apportionment of
Sainte-Lague, which favours neither large nor small splits. It does for groups and unequal
shares what iterative stratification (Sechidis et al. 2011) does for single images.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from curator.split.units import ALL, Unit


class Balance:
    """Takes units one by one and says where each goes.

    Args:
        units: All units; those with a split count as placed.
        splits: The names of the splits.
        plan: By size, the places in each split for free units of that size.
    """

    def __init__(
        self, units: Sequence[Unit], splits: Sequence[str], plan: Mapping[int, Sequence[int]]
    ) -> None:
        self._splits = splits
        self._places = {size: list(places) for size, places in plan.items()}
        totals: Counter[str] = Counter()
        held = {split: Counter[str]() for split in splits}
        for unit in units:
            totals.update(unit.labels)
            if unit.split is not None:
                held[unit.split].update(unit.labels)
        final = [
            held[split][ALL] + sum(size * places[i] for size, places in plan.items())
            for i, split in enumerate(splits)
        ]
        smallest = min((images for images in final if images), default=0)
        # A label too rare for one image in every split would drag all its images to the
        # largest; chance spreads those better.
        self._wanted = {
            label: [total * images / totals[ALL] for images in final]
            for label, total in totals.items()
            if label == ALL or total * smallest >= totals[ALL]
        }
        self._missing = {
            label: [want - held[split][label] for want, split in zip(wanted, splits, strict=True)]
            for label, wanted in self._wanted.items()
        }

    def take(self, unit: Unit) -> str:
        """The split for a free unit; its place and its labels count from now on."""
        places = self._places[len(unit.keys)]
        labels = [
            (count, self._wanted[label], self._missing[label])
            for label, count in unit.labels.items()
            if label in self._wanted
        ]
        best = max(
            (i for i, left in enumerate(places) if left),
            key=lambda i: sum(n * (2 * missing[i] - n) / want[i] for n, want, missing in labels),
        )
        places[best] -= 1
        for count, _, missing in labels:
            missing[best] -= count
        return self._splits[best]
