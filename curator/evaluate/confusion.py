"""Who was taken for whom, where a detector names people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from curator.records import Match, MatchKind

STRANGER = "not in the dataset"
NO_FACE = "no face"
NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """A table of how often each person was taken for each.

    Attributes:
        rows: Who it was: people, then ``not in the dataset``, then ``no face``.
        columns: Who it was taken for: people, then ``not in the dataset``, then ``not found``.
        counts: A row each of ``rows``.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def pairs(self) -> list[tuple[str, str, int]]:
        """Who was taken for somebody else, how often; most often first."""
        told = [
            (row, column, count)
            for row, counts in zip(self.rows, self.counts, strict=True)
            for column, count in zip(self.columns, counts, strict=True)
            if count and row != column
        ]
        return sorted(told, key=lambda each: -each[2])


def confusion(matches: Iterable[Match], people: Sequence[str]) -> Confusion:
    """Count who was taken for whom.

    Args:
        matches: Of faces regardless of who they are, at the working point.
        people: Those that the detector can name; everybody else is not in the dataset.
    """
    known = set(people)

    def who(name: str | None) -> str:
        return name if name is not None and name in known else STRANGER

    counts: Counter[tuple[str, str]] = Counter()
    for one in matches:
        true = NO_FACE if one.kind is MatchKind.FP else who(one.expected)
        said = NOT_FOUND if one.kind is MatchKind.FN else who(one.identity)
        counts[true, said] += 1
    rows, columns = (*people, STRANGER, NO_FACE), (*people, STRANGER, NOT_FOUND)
    return Confusion(
        rows=rows,
        columns=columns,
        counts=tuple(tuple(counts[row, column] for column in columns) for row in rows),
    )
