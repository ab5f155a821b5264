"""Which detections are right at one IoU threshold, and what that means at each confidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from curator.errors import InputError
from curator.evaluate.matching import NO_FACE, Candidates
from curator.evaluate.overlap import Boxes, Floats, overlapping
from curator.records import Face, Match, MatchKind

_ANY_OVERLAP = 1e-12


def match(
    truth: Mapping[int, Sequence[Face]],
    predictions: Mapping[int, Sequence[Face]],
    min_iou: float = 0.5,
) -> list[Match]:
    """Give each true face at most one detection: best score first, nearest free face.

    Args:
        truth: Image id to its true faces.
        predictions: Image id to detected faces; an image without an entry has none.
        min_iou: Least IoU of a match, above 0.

    Returns:
        All detections, by image and falling score, then all faces that were missed.

    Raises:
        InputError: if a detection has no score, or its image no entry in ``truth``.
    """
    unknown = predictions.keys() - truth.keys()
    if unknown:
        raise InputError(f"image {min(unknown)} has detections but no truth to compare with")
    found = {image: _by_score(image, predictions.get(image, ())) for image in truth}
    detections, faces = _boxes(found.values()), _boxes(truth.values())
    crowds = np.zeros(len(faces), bool)
    (matched,) = Candidates(detections, faces, np.array([min_iou]), crowds).match(crowds)
    i, j, iou = overlapping(detections, faces, _ANY_OVERLAP)
    reached, covered = np.zeros(len(detections)), np.zeros(len(faces))
    np.maximum.at(reached, i, iou)
    np.maximum.at(covered, j, iou)
    own = matched[i] == j
    reached[i[own]] = iou[own]
    missed = np.ones(len(faces), bool)
    missed[matched[matched != NO_FACE]] = False
    true = _in_one_row(truth)
    judged = [
        Match(
            image_id=image,
            kind=MatchKind.FP if target == NO_FACE else MatchKind.TP,
            box=face.box,
            score=face.score,
            iou=float(overlap),
            face_id=None if target == NO_FACE else true[target][1].id,
        )
        for (image, face), target, overlap in zip(_in_one_row(found), matched, reached, strict=True)
    ]
    lost = [
        Match(
            image_id=image,
            kind=MatchKind.FN,
            box=face.box,
            score=None,
            iou=float(overlap),
            face_id=face.id,
        )
        for (image, face), overlap, gone in zip(true, covered, missed, strict=True)
        if gone
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
    order = np.argsort(-np.array(scores), kind="stable")
    falling = np.array(scores, np.float64)[order]
    # All detections of one score stand or fall together.
    last = np.flatnonzero(np.diff(falling, append=-np.inf))
    found = np.cumsum(np.array(hits, bool)[order])[last]
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


def _boxes(photos: Iterable[Sequence[Face]]) -> Boxes:
    return Boxes.of([np.array([f.box for f in faces]).reshape(-1, 4) for faces in photos])
