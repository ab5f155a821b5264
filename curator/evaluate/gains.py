"""What each kind of mistake costs: how far AP would rise if it were never made.

Source: Bolya et al. 2020, "TIDE: A General Toolbox for Identifying Object Detection Errors",
https://arxiv.org/abs/2008.08115, section 2.3. A kind is mended alone: what lies badly or names
somebody else becomes right, once a face; what shows background or a face again is taken away;
faces that nothing explains need not be found. Gains do not add up to what is missing.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from curator.evaluate.coco import LIMITS, average_precision
from curator.evaluate.matching import NO_FACE, Flags
from curator.evaluate.mistakes import Pairs
from curator.evaluate.overlap import Floats, Indices
from curator.records import Face, Mistake

Names = NDArray[np.object_]


def gains(
    truth: Sequence[Sequence[Face]],
    found: Sequence[Sequence[Face]],
    min_iou: float = 0.5,
    *,
    people: bool = False,
) -> dict[Mistake, float]:
    """How far AP at one IoU would rise without the mistakes of each kind that was made.

    Every detection counts, however unsure, up to 100 a photo, as with COCO.

    Args:
        truth: The true faces of each photo.
        found: The detections of each photo, each with its score, in any order.
        min_iou: Least IoU of a match, above 0.
        people: Tell people apart: AP is the mean over those among the true faces.

    Returns:
        Kinds by falling gain, 0..1; none where there is no face to find. NaN for missed faces
        where nothing would be left to judge.
    """
    best = [
        sorted(faces, key=lambda face: face.score or 0.0, reverse=True)[: LIMITS[-1]]
        for faces in found
    ]
    named, true = _names(best, people=people), _names(truth, people=people)
    to_find = Counter(true.tolist())
    if people:
        # Strangers are no class of their own.
        del to_find[None]
    if not to_find:
        return {}
    scores = np.array([face.score or 0.0 for faces in best for face in faces], np.float64)
    pairs = Pairs(best, truth, people=people)
    matched = pairs.match(min_iou)
    kinds, meant = pairs.mistakes(matched, min_iou)
    right = matched != NO_FACE
    lost = np.ones(len(true), bool)
    lost[matched[right]] = False
    mendable = _first_to_mean(meant, lost)
    before = _mean_ap(scores, right, named, to_find)
    after = {}
    for kind in {kind for kind in kinds if kind is not None}:
        here = np.array([each is kind for each in kinds])
        mended = here & mendable
        stays = ~here | mended
        now = np.where(mended, true[meant], named)
        after[kind] = _mean_ap(scores[stays], (right | mended)[stays], now[stays], to_find)
    lost[meant[meant != NO_FACE]] = False
    if lost.any():
        missed = Counter(true[lost].tolist())
        left = {name: count - missed[name] for name, count in to_find.items()}
        after[Mistake.MISSED] = _mean_ap(scores, right, named, left)
    # Where the 101 recalls fall between others than before, the figure may sink by a hair.
    told = {kind: max(value - before, 0.0) for kind, value in after.items()}
    return dict(sorted(told.items(), key=lambda item: -item[1]))


def _names(photos: Sequence[Sequence[Face]], *, people: bool) -> Names:
    """Who each face is; all the same where people are not told apart."""
    return np.array([face.identity if people else "" for each in photos for face in each], object)


def _first_to_mean(meant: Indices, lost: Flags) -> Flags:
    """The best detection that means a face, for each face that nothing found; shape (N,)."""
    first = np.zeros(len(meant), bool)
    first[np.unique(meant, return_index=True)[1]] = True
    return np.asarray(first & (meant != NO_FACE) & lost[meant])


def _mean_ap(scores: Floats, right: Flags, named: Names, to_find: Mapping[str, int]) -> float:
    """The mean over people; of whom nothing is left to find, what is found is all wrong."""
    told = []
    for name, faces in to_find.items():
        own = named == name
        if faces:
            told.append(average_precision(scores[own], right[own], faces))
        elif own.any():
            told.append(0.0)
    return math.fsum(told) / len(told) if told else math.nan
