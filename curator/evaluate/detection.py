"""Which detections are right at one IoU threshold, and what that means at each confidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from curator.errors import InputError
from curator.evaluate.landmarks import five_points, normalised_errors
from curator.evaluate.matching import NO_FACE
from curator.evaluate.mistakes import Pairs
from curator.evaluate.overlap import Floats, Indices
from curator.records import Face, Match, MatchKind, Mistake


def match(
    truth: Mapping[int, Sequence[Face]],
    predictions: Mapping[int, Sequence[Face]],
    min_iou: float = 0.5,
    *,
    people: bool = False,
) -> list[Match]:
    """Give each true face at most one detection: best score first, nearest free face.

    Args:
        truth: Image id to its true faces.
        predictions: Image id to detected faces; an image without an entry has none.
        min_iou: Least IoU of a match, above 0.
        people: A detection only matches a face of the person it names.

    Returns:
        All detections, by image and falling score, then all faces that were missed.

    Raises:
        InputError: if a detection has no score, or its image no entry in ``truth``.
    """
    unknown = predictions.keys() - truth.keys()
    if unknown:
        raise InputError(f"image {min(unknown)} has detections but no truth to compare with")
    found = {image: _by_score(image, predictions.get(image, ())) for image in truth}
    detected, true = _in_one_row(found), _in_one_row(truth)
    pairs = Pairs(found.values(), truth.values(), people=people)
    matched = pairs.match(min_iou)
    reached, covered = pairs.nearest(matched)
    wrong, meant = pairs.mistakes(matched, min_iou)
    errors = _point_errors(detected, true, matched)
    judged = []
    for index, (image, face) in enumerate(detected):
        own = None if matched[index] == NO_FACE else true[matched[index]][1]
        judged.append(
            Match(
                image_id=image,
                kind=MatchKind.FP if own is None else MatchKind.TP,
                box=face.box,
                score=face.score,
                iou=reached[index],
                face_id=None if own is None else own.id,
                mistake=wrong[index],
                landmarks=face.landmarks,
                point_error=errors.get(index),
                identity=face.identity,
                expected=None if own is None else own.identity,
            )
        )
    missed, explained = np.ones(len(true), bool), np.zeros(len(true), bool)
    missed[matched[matched != NO_FACE]] = False
    explained[meant[meant != NO_FACE]] = True
    lost = [
        Match(
            image_id=true[index][0],
            kind=MatchKind.FN,
            box=true[index][1].box,
            score=None,
            iou=covered[index],
            face_id=true[index][1].id,
            mistake=None if explained[index] else Mistake.MISSED,
            expected=true[index][1].identity,
        )
        for index in np.flatnonzero(missed).tolist()
    ]
    return judged + lost


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """What to expect when detections below a confidence are thrown away; all 0..1."""

    confidence: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConfidenceCurve:
    """Precision, recall and F1 at each confidence that occurs, falling; arrays of shape (K,).

    Attributes:
        confidence: The scores of the detections, each once.
        precision: Right ones among the detections of at least that score, 0..1.
        recall: Found ones among the faces, 0..1; 1 where there is no face to find.
        f1: Harmonic mean of the two, 0..1.
        faces: How many there are to find.
        detections: How many there are.
    """

    confidence: Floats = field(repr=False)
    precision: Floats = field(repr=False)
    recall: Floats = field(repr=False)
    f1: Floats = field(repr=False)
    faces: int
    detections: int

    @property
    def best(self) -> OperatingPoint | None:
        """Where F1 is highest, the highest confidence of equals; None without a detection."""
        if not len(self.f1):
            return None
        return self.at(int(self.f1.argmax()))

    def at(self, index: int) -> OperatingPoint:
        """The figures at one of the confidences."""
        return OperatingPoint(
            confidence=float(self.confidence[index]),
            precision=float(self.precision[index]),
            recall=float(self.recall[index]),
            f1=float(self.f1[index]),
        )


def confidence_curve(matches: Iterable[Match]) -> ConfidenceCurve:
    """The curves over confidence of a set of matches."""
    faces, scores, hits = 0, [], []
    for one in matches:
        faces += one.kind is not MatchKind.FP
        if one.score is not None:
            scores.append(one.score)
            hits.append(one.kind is MatchKind.TP)
    return curve_of_hits(np.array(scores, np.float64), np.array(hits, bool), faces)


def curve_over(
    truth: Mapping[int, Sequence[Face]],
    predictions: Mapping[int, Sequence[Face]],
    min_iou: float = 0.5,
    *,
    people: bool = False,
) -> ConfidenceCurve:
    """The curve over the matches that :func:`match` would make, without making the records.

    Raises:
        InputError: if a detection has no score.
    """
    scores, hits = hits_of(truth, predictions, min_iou, people=people)
    return curve_of_hits(scores, hits, sum(map(len, truth.values())))


def hits_of(
    truth: Mapping[int, Sequence[Face]],
    predictions: Mapping[int, Sequence[Face]],
    min_iou: float = 0.5,
    *,
    people: bool = False,
) -> tuple[Floats, NDArray[np.bool_]]:
    """The scores of all detections in these photos, and which of them found a face.

    Raises:
        InputError: if a detection has no score.
    """
    found = [_by_score(image, predictions.get(image, ())) for image in truth]
    matched = Pairs(found, truth.values(), people=people).match(min_iou)
    scores = np.array([face.score for faces in found for face in faces], np.float64)
    return scores, matched != NO_FACE


def curve_of_hits(scores: Floats, hits: NDArray[np.bool_], faces: int) -> ConfidenceCurve:
    """The curve of detections of which it is known whether they found one of so many faces.

    Args:
        scores: Shape (N,), 0..1.
        hits: Shape (N,).
        faces: How many there were to find.
    """
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    # All detections of one score stand or fall together.
    last = np.flatnonzero(np.diff(falling, append=-np.inf))
    found = np.cumsum(hits[order])[last]
    kept = last + 1
    return ConfidenceCurve(
        confidence=falling[last],
        precision=found / kept,
        recall=found / faces if faces else np.ones(len(last)),
        f1=2 * found / (kept + faces),
        faces=faces,
        detections=len(scores),
    )


def _by_score(image: int, faces: Sequence[Face]) -> list[Face]:
    if any(face.score is None for face in faces):
        raise InputError(f"image {image}: a detection without a score cannot be judged")
    return sorted(faces, key=lambda face: face.score or 0.0, reverse=True)


def _in_one_row(photos: Mapping[int, Sequence[Face]]) -> list[tuple[int, Face]]:
    return [(image, face) for image, faces in photos.items() for face in faces]


def _point_errors(
    detected: Sequence[tuple[int, Face]], true: Sequence[tuple[int, Face]], matched: Indices
) -> dict[int, float]:
    """The normalised error of each matched detection that has five points, as its face has."""
    found, wanted, which = [], [], []
    for index in np.flatnonzero(matched != NO_FACE).tolist():
        said = detected[index][1].landmarks
        points = None if said is None else five_points(true[matched[index]][1])
        if points is not None:
            found.append(said)
            wanted.append(points)
            which.append(index)
    if not which:
        return {}
    errors = normalised_errors(np.array(found, np.float64), np.array(wanted, np.float64))
    return {i: e for i, e in zip(which, errors.tolist(), strict=True) if np.isfinite(e)}
