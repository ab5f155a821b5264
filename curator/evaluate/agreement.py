"""How far two people agree on the faces of an image: boxes, points, and each attribute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curator.evaluate.landmarks import normalised_errors
from curator.geometry import iou
from curator.records import Face
from curator.schemes import SCHEMES

# From here on two boxes are of one face, as in PASCAL VOC and WIDER FACE.
SAME_FACE = 0.5
# What two careful people reach on clear faces; beyond it somebody has to decide.
LEAST_IOU = 0.7
MOST_NME = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two people say of one image.

    Attributes:
        pairs: The faces that both have, the first person's and the second's.
        ious: Of each pair, 0..1, shape (N,).
        nmes: Mean point distance of each pair over the first person's inter-ocular distance,
            of the points that both placed; NaN where there are none or the schemes differ.
        only: How many faces only the first and only the second person has.
    """

    pairs: tuple[tuple[Face, Face], ...]
    ious: NDArray[np.float64]
    nmes: NDArray[np.float64]
    only: tuple[int, int]


def compare(first: Sequence[Face], second: Sequence[Face]) -> Comparison:
    """Pair the faces of two people so that the sum of the overlaps is the largest possible."""
    # A third of what the command line took to start.
    from scipy.optimize import linear_sum_assignment

    overlaps = iou(_boxes(first), _boxes(second)).astype(np.float64)
    overlaps[overlaps < SAME_FACE] = 0
    rows, columns = linear_sum_assignment(-overlaps)
    both = overlaps[rows, columns] > 0
    rows, columns = rows[both], columns[both]
    pairs = tuple(
        (first[i], second[j]) for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
    )
    return Comparison(
        pairs=pairs,
        ious=np.asarray(overlaps[rows, columns]),
        nmes=np.array([_nme(one, other) for one, other in pairs], np.float64),
        only=(len(first) - len(pairs), len(second) - len(pairs)),
    )


def conflict(first: Sequence[Face], second: Sequence[Face]) -> str | None:
    """One clause on where two people differ so much that somebody must decide, or None."""
    found = compare(first, second)
    if any(found.only):
        return f"{len(first)} and {len(second)} faces, {len(found.pairs)} of them the same"
    if len(found.ious) and found.ious.min() < LEAST_IOU:
        return f"boxes overlap by {found.ious.min():.2f} only"
    apart = found.nmes[~np.isnan(found.nmes)]
    if len(apart) and apart.max() > MOST_NME:
        return f"points are {apart.max():.0%} of the eye distance apart"
    for one, other in found.pairs:
        for name, (a, b) in shared_attributes(one, other).items():
            if a != b:
                return f"{name} {a} and {b}"
        if one.identity != other.identity:
            return f"identity {one.identity or 'unknown'} and {other.identity or 'unknown'}"
    return None


def shared_attributes(
    one: Face, other: Face
) -> dict[str, tuple[int | float | str | bool, int | float | str | bool]]:
    """The attributes that both people gave, with both values."""
    names = [name for name in one.attributes if name in other.attributes]
    return {name: (one.attributes[name], other.attributes[name]) for name in names}


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Cohen's kappa of two people's answers to the same questions.

    ``(p_o - p_e) / (1 - p_e)``: agreement beyond that of chance (Cohen, 1960, "A coefficient of
    agreement for nominal scales").

    Returns:
        At most 1; 0 for what chance would give; NaN without answers, and where both people gave
        one and the same answer throughout, so that chance explains everything.
    """
    count = len(first)
    if count == 0:
        return float("nan")
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / count
    one, other = Counter(first), Counter(second)
    expected = sum(one[answer] * other[answer] for answer in one) / count**2
    return float("nan") if expected == 1 else (observed - expected) / (1 - expected)


def kappas(comparisons: Sequence[Comparison]) -> Mapping[str, tuple[float, int]]:
    """Kappa, and how many faces it is over, of each attribute that both people gave."""
    answers: dict[str, tuple[list[Hashable], list[Hashable]]] = {}
    for found in comparisons:
        for one, other in found.pairs:
            for name, (a, b) in shared_attributes(one, other).items():
                lists = answers.setdefault(name, ([], []))
                lists[0].append(a)
                lists[1].append(b)
    return {name: (cohen_kappa(*lists), len(lists[0])) for name, lists in sorted(answers.items())}


def _boxes(faces: Sequence[Face]) -> NDArray[np.float64]:
    return np.array([face.box for face in faces], np.float64).reshape(-1, 4)


def _nme(one: Face, other: Face) -> float:
    if one.landmarks is None or other.landmarks is None or one.scheme != other.scheme:
        return float("nan")
    truth = np.array(one.landmarks, np.float64)
    said = np.array(other.landmarks, np.float64)
    placed = (np.array(one.visibility) > 0) & (np.array(other.visibility) > 0)
    eyes = list(SCHEMES[one.scheme or "5"].inter_ocular)
    if not placed[eyes].all():
        return float("nan")
    # Points that one of them did not place count as equal, then the mean is over the others.
    said[~placed] = truth[~placed]
    left, right = eyes
    error = normalised_errors(said[None], truth[None], ((left,), (right,)))[0]
    return float(error * len(placed) / placed.sum())
