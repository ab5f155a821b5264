"""The official protocol of WIDER FACE (Yang et al. 2016), as its published Python form computes it.

The four ground-truth files name the faces of 3,226 validation photos and, for each of the levels
easy, medium and hard, which of them count; a detection of a face that does not count is neither
right nor wrong. Scores are stretched to 0..1 over the whole set and cut at 1,000 thresholds.
A detection belongs to the face it overlaps most, if by at least 0.5, sizes taken as
``x_max - x_min + 1``; the first detection of a face in the order of the file is right, any
further one is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curator.errors import InputError
from curator.evaluate.curves import area_under_envelope
from curator.evaluate.overlap import Boxes, overlapping
from curator.evaluate.wider_truth import Photo

MIN_IOU = 0.5
THRESHOLDS: NDArray[np.float64] = 1 - np.arange(1, 1001) / 1000

_NOTHING = -1

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Level:
    """The figures of one level, at scores falling from 0.999 to 0 of the stretched range.

    Attributes:
        faces: How many count.
        ap: Average precision, 0..1; NaN where no face counts.
        recall: Shape (1000,), 0..1; NaN where no face counts.
        precision: Shape (1000,), 0..1; 0 where nothing was detected yet.
    """

    faces: int
    ap: float
    recall: Floats = field(repr=False)
    precision: Floats = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WiderResult:
    """What the protocol says of a set of detections.

    Attributes:
        levels: Level to its figures, easy first.
        photos: How many were evaluated.
        detections: How many were evaluated.
        left_out: Photos with detections that were not evaluated.
    """

    levels: Mapping[str, Level]
    photos: int
    detections: int
    left_out: int

    @property
    def ap(self) -> dict[str, float]:
        """Level to average precision."""
        return {name: level.ap for name, level in self.levels.items()}


def evaluate(
    predictions: Mapping[str, Floats],
    truth: Mapping[str, Photo],
    photos: Iterable[str] | None = None,
) -> WiderResult:
    """Average precision by level.

    Args:
        predictions: ``<event>/<photo>`` to detections, shape (N, 5), as
            :func:`~curator.evaluate.predictions.read_predictions` gives them; best first, or
            the curves follow the order of the file as the published form does.
        truth: ``<event>/<photo>`` to its faces, as
            :func:`~curator.evaluate.wider_truth.read_truth` gives them. Other levels
            than WIDER FACE's may be used, the same for every photo.
        photos: Evaluate only these, with or without ``.jpg``; all of the truth without.

    Raises:
        InputError: if a photo has no truth, or no predictions (an empty array is one), or
            there is none at all.
    """
    names = list(truth) if photos is None else [name.removesuffix(".jpg") for name in photos]
    names = list(dict.fromkeys(names))
    _check(names, truth, "ground truth")
    _check(names, predictions, "predictions")
    found = [predictions[name] for name in names]
    faces = [truth[name] for name in names]
    nearest = _nearest(Boxes.of(found), Boxes.of([photo.boxes for photo in faces]))
    scores = _stretched(found)
    # The published form lets a photo without any face pass, with all that was found in it.
    seen = np.repeat([len(p.boxes) > 0 for p in faces], [len(array) for array in found])
    nearest, scores = nearest[seen], scores[seen]
    matched = np.flatnonzero(nearest != _NOTHING)
    first = np.zeros(len(nearest), bool)
    first[matched[np.unique(nearest[matched], return_index=True)[1]]] = True
    levels = {}
    for level in faces[0].counts:
        counts = np.concatenate([photo.counts[level] for photo in faces])
        # The extra entry serves index -1: what matches no face is wrong at every level.
        proposed = np.append(counts, True)[nearest]
        levels[level] = _level(int(counts.sum()), scores[proposed], scores[proposed & first])
    return WiderResult(
        levels=levels,
        photos=len(names),
        detections=sum(len(array) for array in found),
        left_out=len(predictions.keys() - set(names)),
    )


def _nearest(detections: Boxes, faces: Boxes) -> NDArray[np.intp]:
    """The face that each detection overlaps most, the first of equals; -1 where none enough."""
    i, j, iou = overlapping(detections, faces, MIN_IOU, edge=1.0)
    nearest = np.full(len(detections), _NOTHING)
    # The best pair of each detection is written last and stays.
    order = np.lexsort((-j, iou))
    nearest[i[order]] = j[order]
    return nearest


def _stretched(found: Sequence[Floats]) -> Floats:
    """The scores of all detections over the range of the set, 0..1.

    The published form counts all lines down to the last one above a threshold. So a line
    counts as the best of it and those below; in a file sorted by score that is its own.
    """
    raw = np.concatenate([array[:, 4] for array in found])
    low, high = min(1.0, raw.min(initial=1.0)), max(0.0, raw.max(initial=0.0))
    scores = np.concatenate([np.maximum.accumulate(array[::-1, 4])[::-1] for array in found])
    # Where all scores are equal there is nothing to stretch: every threshold keeps all.
    return np.asarray((scores - low) / (high - low)) if high > low else np.ones_like(scores)


def _level(faces: int, proposed: Floats, right: Floats) -> Level:
    """The curves from the scores of all detections that count and of those that are right."""
    kept = _at_least(proposed)
    found = _at_least(right)
    precision = np.divide(found, kept, out=np.zeros(len(kept)), where=kept > 0)
    if not faces:
        unknown = np.full(len(kept), np.nan)
        return Level(faces=0, ap=float("nan"), recall=unknown, precision=precision)
    recall = found / faces
    ap = area_under_envelope(recall, precision)
    return Level(faces=faces, ap=ap, recall=recall, precision=precision)


def _at_least(scores: Floats) -> NDArray[np.intp]:
    """How many scores reach each threshold."""
    return len(scores) - np.searchsorted(np.sort(scores), THRESHOLDS)


def _check(names: Sequence[str], known: Mapping[str, Any], what: str) -> None:
    missing = [name for name in names if name not in known]
    if missing:
        raise InputError(
            f"no {what} for {len(missing)} of {len(names)} photos, the first is {missing[0]}"
        )
    if not names:
        raise InputError("there is no photo to evaluate")
