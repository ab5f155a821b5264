"""Attributes that stand in a line as a row of small whole numbers, as WIDER's and WFLW's do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from curator.attributes import attribute_problem
from curator.formats.report import Tally
from curator.records import Attributes, Face

# The faces of a dataset share a few hundred rows, unless free attributes make each another.
_MOST_TEXTS = 10_000


class AttributeColumns:
    """Reads and writes such a row.

    Args:
        names: The attributes in column order.
        highest: The largest value a column takes, where that is below the attribute's own.
    """

    def __init__(self, names: Sequence[str], highest: dict[str, int] | None = None) -> None:
        self.names = tuple(names)
        self._highest = highest or {}
        self._good: set[tuple[int, ...]] = set()
        self._texts: dict[tuple[object, ...], tuple[str, tuple[str, ...]]] = {}

    def problem(self, values: tuple[int, ...]) -> str | None:
        """One sentence on a row that is outside the domain of its columns, None if it is not."""
        if values in self._good:
            return None
        for name, value in zip(self.names, values, strict=True):
            problem = attribute_problem(name, value)
            highest = self._highest.get(name)
            if problem is None and highest is not None and value > highest:
                problem = f"{name} must be 0 to {highest} here, not {value}"
            if problem is not None:
                return problem
        self._good.add(values)
        return None

    def attributes(self, values: tuple[int, ...]) -> Attributes:
        """A row that has no problem, by name."""
        return dict(zip(self.names, values, strict=True))

    def texts(self, faces: Sequence[Face], tally: Tally, image: str) -> list[str]:
        """The rows of these faces.

        What a face does not know is written as 0, what a column cannot hold as the nearest it
        can; both are counted.
        """
        rows = []
        changed: Counter[tuple[str, ...]] = Counter()
        for face in faces:
            key = tuple(face.attributes.items())
            known = self._texts.get(key)
            if known is None:
                if len(self._texts) == _MOST_TEXTS:
                    self._texts.clear()
                values = tuple(map(face.attributes.get, self.names))
                known = self._texts[key] = self._text(values)
            rows.append(known[0])
            if known[1]:
                changed[known[1]] += 1
        for changes, count in changed.items():
            for change in changes:
                tally.lose(change, image, count)
        return rows

    def _text(self, values: tuple[object, ...]) -> tuple[str, tuple[str, ...]]:
        columns, changes = [], []
        for name, value in zip(self.names, values, strict=True):
            highest = self._highest.get(name)
            if value is None:
                changes.append(f"attribute {name} not known, written as 0")
                columns.append(0)
            elif attribute_problem(name, value) or not isinstance(value, int | float):
                changes.append(f"attribute {name} out of its domain, written as 0")
                columns.append(0)
            elif highest is not None and value > highest:
                changes.append(f"attribute {name} narrowed to 0 to {highest}")
                columns.append(highest)
            else:
                columns.append(int(value))
        return " ".join(map(str, columns)), tuple(changes)
