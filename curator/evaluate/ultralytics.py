"""Precision, recall and mAP as Ultralytics tells them of its own models.

They differ from COCO's figures, so that a run's own table and COCO's are never quite equal:

* At most 300 detections a photo count; they take faces of their class as COCO's do.
* Average precision is the area under the envelope read at 101 recalls, by trapezoids.
* Precision and recall are drawn over 1,000 even confidences, with straight lines between those
  that occur, and are read where their F1, a mean over classes smoothed by a box of a tenth of
  the axis, is highest. So they do not belong to any one detection's score.
* Every figure is the mean over the classes that have a face.

Source: ``val`` of Ultralytics 8.4, and https://docs.ultralytics.com/guides/yolo-performance-metrics.
Written from what it does, none of its code; ``benchmarks.ultralytics`` compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from curator.evaluate.coco import THRESHOLDS
from curator.evaluate.curves import envelope
from curator.evaluate.matching import NO_FACE, Candidates, Flags
from curator.evaluate.overlap import Boxes, Floats, Indices, overlapping

MOST_DETECTIONS = 300
_CONFIDENCES: Floats = np.linspace(0, 1, 1000)
_RECALLS: Floats = np.linspace(0, 1, 101)
_BOX = len(_CONFIDENCES) // 10 + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class UltralyticsResult:
    """Its figures under its names, 0..1; NaN where no face counts.

    Attributes:
        confidence: Where ``precision`` and ``recall`` are read.
        mAP50: At IoU 0.5.
        mAP50_95: Mean over the IoU thresholds 0.50, 0.55, ..., 0.95.
        classes: Those with a face, over which the figures are means.
    """

    precision: float
    recall: float
    confidence: float
    mAP50: float  # noqa: N815 - its name
    mAP50_95: float  # noqa: N815 - its name
    classes: int


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """One photo's boxes.

    Attributes:
        boxes: Shape (N, 4), ``xyxy`` pixels.
        classes: Shape (N,), a number each.
        scores: Shape (N,), 0..1; of what is true they are not looked at.
    """

    boxes: Floats
    classes: Indices
    scores: Floats


def evaluate(truth: Sequence[Labelled], predictions: Sequence[Labelled]) -> UltralyticsResult:
    """Judge the detections of a set of photos, both in the same order."""
    kept = [_best(photo) for photo in predictions]
    true_classes = _joined([photo.classes for photo in truth])
    classes = _joined([photo.classes for photo in kept])
    scores = np.concatenate([np.empty(0), *(photo.scores for photo in kept)])
    right = _right(
        Boxes.of([photo.boxes for photo in kept]),
        Boxes.of([photo.boxes for photo in truth]),
        classes,
        true_classes,
    )
    names, faces = np.unique(true_classes, return_counts=True)
    if not len(names):
        nan = float("nan")
        return UltralyticsResult(
            precision=nan, recall=nan, confidence=nan, mAP50=nan, mAP50_95=nan, classes=0
        )
    order = np.argsort(-scores, kind="stable")
    right, scores, classes = right[:, order], scores[order], classes[order]
    told = [
        _one_class(right[:, classes == name], scores[classes == name], int(count))
        for name, count in zip(names, faces, strict=True)
    ]
    areas, precision, recall = (np.array(each) for each in zip(*told, strict=True))
    both = precision + recall
    f1 = np.divide(2 * precision * recall, both, out=np.zeros_like(both), where=both > 0)
    smoothed = np.convolve(
        np.pad(f1.mean(axis=0), _BOX // 2, mode="edge"), np.full(_BOX, 1 / _BOX), mode="valid"
    )
    at = int(smoothed.argmax())
    return UltralyticsResult(
        precision=float(precision[:, at].mean()),
        recall=float(recall[:, at].mean()),
        confidence=float(_CONFIDENCES[at]),
        mAP50=float(areas[:, 0].mean()),
        mAP50_95=float(areas.mean()),
        classes=len(names),
    )


def _best(photo: Labelled) -> Labelled:
    """The best detections of a photo, best first."""
    order = np.argsort(-photo.scores, kind="stable")[:MOST_DETECTIONS]
    return Labelled(photo.boxes[order], photo.classes[order], photo.scores[order])


def _joined(parts: Sequence[Indices]) -> Indices:
    return np.concatenate([np.empty(0, np.intp), *parts])


def _right(found: Boxes, true: Boxes, classes: Indices, true_classes: Indices) -> Flags:
    """Which detections are right at each of THRESHOLDS; shape (T, N)."""
    i, j, iou = overlapping(found, true, float(THRESHOLDS[0]))
    same = classes[i] == true_classes[j]
    nothing = np.zeros(len(true), bool)
    pairs = (i[same], j[same], iou[same])
    candidates = Candidates(pairs, found.ranks(), THRESHOLDS, nothing)
    return np.asarray(candidates.match(nothing) != NO_FACE)


def _one_class(right: Flags, scores: Floats, faces: int) -> tuple[Floats, Floats, Floats]:
    """Areas by threshold, and precision and recall at IoU 0.5 over the even confidences."""
    if not len(scores):
        zeros = np.zeros_like(_CONFIDENCES)
        return np.zeros(len(right)), zeros, zeros
    found = right.cumsum(axis=1)
    recall, precision = found / faces, found / np.arange(1, len(scores) + 1)
    areas = np.array([_area(*rows) for rows in zip(recall, precision, strict=True)])
    # np.interp wants a rising axis; above the best score nothing is found and nothing is wrong.
    falling = -_CONFIDENCES
    return (
        areas,
        np.interp(falling, -scores, precision[0], left=1.0),
        np.interp(falling, -scores, recall[0], left=0.0),
    )


def _area(recall: Floats, precision: Floats) -> float:
    # The envelope falls to 0 at the last recall that is reached.
    along = np.concatenate([[0.0], recall, [recall[-1], 1.0]])
    height = envelope(np.concatenate([[1.0], precision, [0.0, 0.0]]))
    return float(np.trapezoid(np.interp(_RECALLS, along, height), _RECALLS))
