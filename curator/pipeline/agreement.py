"""Agreement: how far people say the same of the images that two were asked about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby

import numpy as np
from sqlalchemy import Connection

from curator.evaluate.agreement import Comparison, compare, conflict, kappas
from curator.pipeline.asking import counting
from curator.records import Opinion, Reason
from curator.store import labelling, opinions
from curator.store.dataset import Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far the answers of one person, or of all, agree with those of others.

    Attributes:
        user: None for all.
        images: That this person and another one answered.
        faces: That both have.
        face_agreement: Of the faces that either has, the part that both have, 0..1.
        iou: Mean over the faces of both, 0..1; None without any.
        nme: Mean point distance in inter-ocular distances; None without points.
        kappa: Attribute -> Cohen's kappa; None where chance explains everything.
        conflicts: Images on which the two differ so much that somebody must decide.
    """

    user: str | None
    images: int
    faces: int
    face_agreement: float | None
    iou: float | None
    nme: float | None
    kappa: Mapping[str, float | None]
    conflicts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementReport:
    """Agreement over a dataset.

    Attributes:
        everybody: Each pair of answers counted once.
        by_user: By name; each pair counted for both.
        waiting: Images that wait for a second opinion.
        undecided: Conflicts that wait for a reviewer.
    """

    everybody: Agreement
    by_user: tuple[Agreement, ...]
    waiting: int
    undecided: int


@dataclass(frozen=True, slots=True)
class _Pair:
    users: tuple[str, str]
    comparison: Comparison
    conflict: bool


def agreement(dataset: Dataset) -> AgreementReport:
    """Compare all finished opinions on the same images."""
    with dataset.read() as connection:
        pairs = list(_pairs(connection))
        waiting = labelling.counts(connection)
    names = sorted({name for pair in pairs for name in pair.users})
    return AgreementReport(
        everybody=_sum(None, pairs),
        by_user=tuple(_sum(name, [p for p in pairs if name in p.users]) for name in names),
        waiting=waiting.get(Reason.SECOND_OPINION, 0),
        undecided=waiting.get(Reason.CONFLICT, 0),
    )


def _pairs(connection: Connection) -> Iterator[_Pair]:
    for _, group in groupby(opinions.every(connection), key=lambda opinion: opinion.image_id):
        for one, other in combinations(group, 2):
            yield _pair(one, other)


def _pair(one: Opinion, other: Opinion) -> _Pair:
    first, second = counting(one), counting(other)
    differ = conflict(first, second) is not None
    return _Pair((one.user, other.user), compare(first, second), differ)


def _sum(user: str | None, pairs: Sequence[_Pair]) -> Agreement:
    compared = [pair.comparison for pair in pairs]
    both = sum(len(found.pairs) for found in compared)
    either = both + sum(sum(found.only) for found in compared)
    ious = np.concatenate([np.empty(0), *(found.ious for found in compared)])
    nmes = np.concatenate([np.empty(0), *(found.nmes for found in compared)])
    nmes = nmes[~np.isnan(nmes)]
    return Agreement(
        user=user,
        images=len(pairs),
        faces=both,
        face_agreement=both / either if either else None,
        iou=float(ious.mean()) if len(ious) else None,
        nme=float(nmes.mean()) if len(nmes) else None,
        kappa={
            name: None if np.isnan(value) else value
            for name, (value, _) in kappas(compared).items()
        },
        conflicts=sum(pair.conflict for pair in pairs),
    )
