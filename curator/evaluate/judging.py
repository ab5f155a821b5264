"""All that can be said of what a detector found in a set of labelled photos, in one record."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from curator.evaluate import coco, keypoints, landmarks, ultralytics
from curator.evaluate.coco import CocoResult
from curator.evaluate.confusion import Confusion, confusion
from curator.evaluate.detection import ConfidenceCurve, OperatingPoint, curve_over, match
from curator.evaluate.gains import gains
from curator.evaluate.landmarks import LandmarkResult, five_points
from curator.evaluate.mistakes import boxes_of
from curator.evaluate.overlap import Boxes, Floats
from curator.evaluate.slices import PERSON, Key, Slice, slices
from curator.evaluate.ultralytics import Labelled, UltralyticsResult
from curator.records import Face, Image, Match, MatchKind, Mistake

MIN_IOU = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """One photo to be judged.

    Attributes:
        faces: What there is to find.
        others: What is neither right nor wrong to find: nobody has vouched for it yet.
        found: What the detector says, each with its score, in any order.
    """

    image: Image
    faces: Sequence[Face]
    others: Sequence[Face] = ()
    found: Sequence[Face] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgement:
    """How good a detector is.

    Attributes:
        figures: COCO's twelve, 0..1, and with points its ten for keypoints as ``points_...``;
            NaN where no face counts. Where people are told apart, means over people.
        ultralytics: The figures that Ultralytics would tell, to be compared with its own.
        curve: Precision, recall and F1 by confidence, at IoU 0.5.
        working: The confidence at which it works, and what to expect there; None where nothing
            was found.
        matches: What became of each detection of at least that confidence, and of each face.
        gains: How far AP at IoU 0.5 would rise without the mistakes of each kind, at all
            confidences; 0..1, falling.
        slices: How each part of the faces fared.
        points: How far the points of found faces are off; None where no face has any.
        confusion: Who was taken for whom; None where the detector names nobody.
        faces: How many there were to find.
        photos: In how many photos.
    """

    figures: Mapping[str, float]
    ultralytics: UltralyticsResult
    curve: ConfidenceCurve = field(repr=False)
    working: OperatingPoint | None
    matches: Sequence[Match] = field(repr=False)
    gains: Mapping[Mistake, float]
    slices: Sequence[Slice] = field(repr=False)
    points: LandmarkResult | None
    confusion: Confusion | None = field(repr=False)
    faces: int
    photos: int

    def mistakes(self) -> dict[str, int]:
        """How often each kind of mistake was made at the working point, most often first."""
        counts: dict[str, int] = {}
        for one in self.matches:
            if one.mistake is not None:
                counts[one.mistake] = counts.get(one.mistake, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: -item[1]))


def judge(
    photos: Sequence[Photo],
    *,
    trained: Mapping[Key, int] | None = None,
    confidence: float | None = None,
    people: bool | None = None,
) -> Judgement:
    """Judge what was found.

    Args:
        photos: Each with its truth and what was found.
        trained: How many faces of each slice were there to learn from.
        confidence: Where the detector works; where F1 is highest without it.
        people: Whether naming somebody else is wrong; as soon as any detection names somebody
            without it.
    """
    if people is None:
        people = any(face.identity is not None for photo in photos for face in photo.found)
    photos = [_without_others(photo) for photo in photos]
    truth = {photo.image.id: photo.faces for photo in photos}
    told = {photo.image.id: photo.found for photo in photos}
    curve = curve_over(truth, told, MIN_IOU, people=people)
    working = curve.best if confidence is None else _working_at(curve, confidence)
    least = 2.0 if working is None else working.confidence
    sure = {p.image.id: [f for f in p.found if (f.score or 0.0) >= least] for p in photos}
    matches = match(truth, sure, MIN_IOU, people=people)
    # Points belong to a face, whoever it was taken for.
    faces = match(truth, sure, MIN_IOU) if people else matches
    return Judgement(
        figures=_figures(photos, people=people),
        ultralytics=_as_ultralytics(photos, people=people),
        curve=curve,
        working=working,
        matches=matches,
        gains=gains([p.faces for p in photos], [p.found for p in photos], MIN_IOU, people=people),
        slices=slices([(p.image, p.faces) for p in photos], matches, trained or {}),
        points=_points(photos, faces),
        confusion=confusion(faces, _people(photos, trained or {})) if people else None,
        faces=sum(len(p.faces) for p in photos),
        photos=len(photos),
    )


def _without_others(photo: Photo) -> Photo:
    """The photo without the detections that mean a face nobody vouches for.

    As with COCO's crowds: half of the detection lies inside, and it is no true face either.
    """
    if not photo.others or not photo.found:
        return photo
    found, others, faces = (
        np.array([face.box for face in each], np.float64).reshape(-1, 4)
        for each in (photo.found, photo.others, photo.faces)
    )
    kept = (_inside(found, others) < MIN_IOU) | (_iou(found, faces) >= MIN_IOU)
    return Photo(
        image=photo.image,
        faces=photo.faces,
        found=[face for face, stays in zip(photo.found, kept, strict=True) if stays],
    )


def _overlap(first: Floats, second: Floats) -> Floats:
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    return np.asarray(np.maximum(high - low, 0).prod(axis=2))


def _areas(boxes: Floats) -> Floats:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))


def _inside(boxes: Floats, regions: Floats) -> Floats:
    """The largest part of each box that lies in one of the regions, 0..1."""
    part = _overlap(boxes, regions) / np.maximum(_areas(boxes), 1e-12)[:, None]
    return np.asarray(part.max(axis=1, initial=0.0))


def _iou(boxes: Floats, others: Floats) -> Floats:
    """The largest IoU of each box with one of the others."""
    overlap = _overlap(boxes, others)
    union = _areas(boxes)[:, None] + _areas(others)[None, :] - overlap
    return np.asarray((overlap / np.maximum(union, 1e-12)).max(axis=1, initial=0.0))


def _working_at(curve: ConfidenceCurve, confidence: float) -> OperatingPoint:
    """What to expect when everything below this confidence is thrown away."""
    kept = int((curve.confidence >= confidence).sum())
    if not kept:
        recall = 0.0 if curve.faces else 1.0
        return OperatingPoint(confidence=confidence, precision=1.0, recall=recall, f1=0.0)
    at = curve.at(kept - 1)
    return OperatingPoint(confidence=confidence, precision=at.precision, recall=at.recall, f1=at.f1)


def _people(photos: Sequence[Photo], trained: Mapping[Key, int]) -> list[str]:
    """Everybody the detector names or had to learn, by name.

    Somebody whom it was taught and never names is still no stranger.
    """
    named = {f.identity for p in photos for f in p.found if f.identity is not None}
    return sorted(named | {name for group, name in trained if group == PERSON})


def _figures(photos: Sequence[Photo], *, people: bool) -> dict[str, float]:
    figures = _by_person(photos) if people else _coco(photos).summary()
    points = _keypoints(photos)
    return figures | ({} if points is None else points)


def _as_ultralytics(photos: Sequence[Photo], *, people: bool) -> UltralyticsResult:
    """A class a person where people are told apart; strangers have none, nor has who names them."""
    numbers: dict[str | None, int] = {}
    if people:
        for photo in photos:
            for face in photo.faces:
                if face.identity is not None:
                    numbers.setdefault(face.identity, len(numbers))

    def labelled(faces: Sequence[Face]) -> Labelled:
        told = [face for face in faces if not people or face.identity in numbers]
        return Labelled(
            np.array([face.box for face in told], np.float64).reshape(-1, 4),
            np.array([numbers[face.identity] if people else 0 for face in told], np.intp),
            np.array([face.score or 0.0 for face in told], np.float64),
        )

    return ultralytics.evaluate(
        [labelled(photo.faces) for photo in photos], [labelled(photo.found) for photo in photos]
    )


def _by_person(photos: Sequence[Photo]) -> dict[str, float]:
    """The mean over people of what is true of each, as COCO's over classes."""
    everybody = sorted({f.identity for p in photos for f in p.faces if f.identity is not None})
    if not everybody:
        return dict.fromkeys(_coco([]).summary(), float("nan"))
    by_person: dict[str, list[Photo]] = {who: [] for who in everybody}
    for photo in photos:
        parts: dict[str, tuple[list[Face], list[Face]]] = {}
        for place, faces in enumerate((photo.faces, photo.found)):
            for face in faces:
                if face.identity in by_person:
                    parts.setdefault(face.identity, ([], []))[place].append(face)
        for who, (true, found) in parts.items():
            by_person[who].append(Photo(image=photo.image, faces=true, found=found))
    rows = [_coco(by_person[who]).summary() for who in everybody]
    return {name: _mean([row[name] for row in rows]) for name in rows[0]}


def _mean(values: Sequence[float]) -> float:
    """Of those that are known; NaN where none is."""
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else math.nan


def _coco(photos: Sequence[Photo]) -> CocoResult:
    found = [photo.found for photo in photos]
    scores = np.array([face.score or 0.0 for faces in found for face in faces], np.float64)
    boxes = boxes_of(found)
    rows = np.column_stack([boxes.corners.T, scores])
    return coco.evaluate(
        _split(boxes_of([p.faces for p in photos])),
        [rows[start:end] for start, end in pairwise(boxes.ends.tolist())],
    )


def _split(boxes: Boxes) -> list[Floats]:
    rows = boxes.corners.T
    return [rows[start:end] for start, end in pairwise(boxes.ends.tolist())]


def _keypoints(photos: Sequence[Photo]) -> dict[str, float] | None:
    """COCO's figures for points; None unless both sides have some."""
    if not any(f.landmarks for p in photos for f in p.found):
        return None
    if not any(five_points(f) for p in photos for f in p.faces):
        return None
    told = [keypoints.Points.of(photo.faces, photo.found) for photo in photos]
    return {f"points_{name}": value for name, value in keypoints.evaluate(told).items()}


def _points(photos: Sequence[Photo], matches: Sequence[Match]) -> LandmarkResult | None:
    """How far the points of found faces are off; those not found are failures."""
    known = {(p.image.id, f.id) for p in photos for f in p.faces if five_points(f) is not None}
    if not known or not any(f.landmarks for p in photos for f in p.found):
        return None
    hits = [m for m in matches if m.kind is MatchKind.TP and (m.image_id, m.face_id) in known]
    errors = [np.nan if m.point_error is None else m.point_error for m in hits]
    return landmarks.evaluate(np.array(errors, np.float64), missed=len(known) - len(hits))
