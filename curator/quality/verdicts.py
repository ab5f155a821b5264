"""Keep, ask or drop: what the rules make of every face, and people instead of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curator.quality.rules import Bools, Rule
from curator.quality.table import Table
from curator.records import Decision, Verdict

_CODES = (Decision.KEEP, Decision.ASK, Decision.DROP)


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """The verdicts on the N faces of a table by R rules.

    Attributes:
        codes: Shape (N,): 0 keep, 1 ask, 2 drop.
        broken: Shape (R, N): the face breaks the rule.
        unknown: Shape (R, N): what the rule speaks of was not measured.
        people: Index of a face -> the verdict of a person, which stands in place of the rules.
    """

    rules: Sequence[Rule]
    codes: NDArray[np.int8]
    broken: Bools
    unknown: Bools
    people: Mapping[int, Verdict]

    def counts(self) -> dict[Decision, int]:
        """How many faces are kept, asked about and dropped."""
        found = np.bincount(self.codes, minlength=3).tolist()
        return dict(zip(_CODES, found, strict=True))

    def decision(self, index: int) -> Decision:
        """Of one face."""
        return _CODES[int(self.codes[index])]

    def reasons(self, index: int) -> tuple[str, ...]:
        """Why a face is not kept, or what a person said; empty for one that is just kept."""
        person = self.people.get(index)
        if person is not None:
            return (f"{person.user} decided", *person.reasons)
        return tuple(
            f"not {rule.text}" if broken else f"not known: {rule.text}"
            for rule, broken, unknown in zip(
                self.rules, self.broken[:, index], self.unknown[:, index], strict=True
            )
            if broken or unknown
        )

    def chosen(self, decision: Decision) -> NDArray[np.intp]:
        """The indices of the faces with this verdict."""
        return np.flatnonzero(self.codes == _CODES.index(decision))


def judge(table: Table, rules: Sequence[Rule], people: Sequence[Verdict] = ()) -> Judgement:
    """Apply rules to every face; a person's verdict on a face, or on its image, wins.

    A face that breaks a rule is dropped, or asked about by rules that begin with ``ask:``; one of
    which a rule cannot be judged is asked about; the worst of all rules counts.
    """
    count = len(table)
    broken = np.zeros((len(rules), count), bool)
    unknown = np.zeros((len(rules), count), bool)
    codes = np.zeros(count, np.int8)
    for place, rule in enumerate(rules):
        broken[place], unknown[place] = rule.judge(table)
        codes[broken[place]] = np.maximum(codes[broken[place]], _CODES.index(rule.broken))
        codes[unknown[place]] = np.maximum(codes[unknown[place]], 1)
    said = _by_people(table, people)
    for index, verdict in said.items():
        codes[index] = _CODES.index(verdict.decision)
    return Judgement(rules, codes, broken, unknown, said)


def _by_people(table: Table, people: Sequence[Verdict]) -> dict[int, Verdict]:
    """Index of a face -> what a person said of it, before what one said of its image."""
    if not people:
        return {}
    of_image = {verdict.image_id: verdict for verdict in people if verdict.face_id is None}
    of_face = {verdict.face_id: verdict for verdict in people if verdict.face_id is not None}
    places = np.isin(table.images, list(of_image)) | np.isin(table.faces, list(of_face))
    found: dict[int, Verdict] = {}
    for index in np.flatnonzero(places).tolist():
        verdict = of_face.get(int(table.faces[index])) or of_image.get(int(table.images[index]))
        if verdict is not None:
            found[index] = verdict
    return found
