"""What an export could not keep: counted while it runs, reported when it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from curator.records import Face

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Count:
    """How often something happened, and the names of the first few images it happened to."""

    count: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportReport:
    """What stands in an export and what does not.

    Attributes:
        precision: How exact the numbers of this format are.
        images: Split -> images.
        faces: Split -> faces written.
        losses: What the format could not carry, or carries changed -> how often.
        left_out: Why faces or images are not in the export -> how many.
    """

    format: str
    precision: str
    images: Mapping[str, int]
    faces: Mapping[str, int]
    losses: Mapping[str, Count]
    left_out: Mapping[str, Count]

    def as_json(self) -> dict[str, Any]:
        """The report as plain lists, strings and numbers."""
        return {
            "format": self.format,
            "precision": self.precision,
            "images": dict(self.images),
            "faces": dict(self.faces),
            "losses": _plain(self.losses),
            "left_out": _plain(self.left_out),
        }


def _plain(counts: Mapping[str, Count]) -> dict[str, dict[str, Any]]:
    return {
        what: {"count": entry.count, "examples": list(entry.examples)}
        for what, entry in counts.items()
    }


@dataclass(slots=True)
class _Running:
    count: int = 0
    examples: list[str] = field(default_factory=list)


class Tally:
    """Counts losses and omissions at the pace of the export, one call an image."""

    def __init__(self) -> None:
        self._losses: dict[str, _Running] = {}
        self._left_out: dict[str, _Running] = {}
        # What a face holds, as one key: counting it costs one dictionary access a face.
        self._holdings: Counter[tuple[object, ...]] = Counter()

    def lose(self, what: str, name: str, count: int = 1) -> None:
        """Something of ``name`` is changed or missing in the export."""
        _add(self._losses, what, name, count)

    def leave_out(self, why: str, name: str, count: int = 1) -> None:
        """A face, or the image, ``name`` is not in the export at all."""
        _add(self._left_out, why, name, count)

    def holds(self, faces: Iterable[Face]) -> None:
        """Remember what these written faces know, for :meth:`losses`."""
        self._holdings.update(
            (face.scheme, face.identity is None, face.score is None, *face.attributes)
            for face in faces
        )

    def losses(self, carried: frozenset[str] | None) -> dict[str, Count]:
        """All losses, with what the written faces knew and the format has no place for.

        Args:
            carried: Attribute names, and ``points``, ``identity``, ``score``; None for all.
        """
        if carried is None:
            return _frozen(self._losses)
        lost: Counter[str] = Counter()
        for (scheme, no_identity, no_score, *attributes), count in self._holdings.items():
            known = [f"attribute {name}" for name in attributes if name not in carried]
            if scheme is not None and "points" not in carried:
                known.append("points")
            if not no_identity and "identity" not in carried:
                known.append("identity")
            if not no_score and "score" not in carried:
                known.append("score")
            for what in known:
                lost[f"{what} not carried"] += count
        return _frozen(self._losses) | {what: Count(lost[what]) for what in sorted(lost)}

    def left_out(self) -> dict[str, Count]:
        """All omissions."""
        return _frozen(self._left_out)


def _add(entries: dict[str, _Running], what: str, name: str, count: int) -> None:
    if not count:
        return
    entry = entries.setdefault(what, _Running())
    entry.count += count
    if len(entry.examples) < EXAMPLES and name not in entry.examples:
        entry.examples.append(name)


def _frozen(entries: dict[str, _Running]) -> dict[str, Count]:
    return {
        what: Count(entry.count, tuple(entry.examples)) for what, entry in sorted(entries.items())
    }
