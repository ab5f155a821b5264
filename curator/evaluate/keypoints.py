"""Points by the protocol of COCO: average precision over object keypoint similarity.

The similarity of two faces is the mean over the labelled points of ``exp(-d^2 / (2 s^2 k^2))``,
d the distance, s^2 the area of the true box, k twice the point's sigma
(https://cocodataset.org/#keypoints-eval). For points that COCO has no sigma for, Ultralytics
takes one over their number, and so do we. Figures equal those of the owners' ``pycocotools``
with these sigmas.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from curator.errors import ConfigError
from curator.evaluate.coco import AREAS, THRESHOLDS, Sides, accumulate
from curator.evaluate.matching import Candidates
from curator.evaluate.overlap import Boxes, Floats, Indices, pairs_of
from curator.records import Face
from curator.schemes import to_five

POINTS = 5
SIGMA = 1 / POINTS
LIMIT = 20
_RANGES = {name: AREAS[name] for name in ("all", "medium", "large")}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """Points of one photo, of G faces and N detections.

    Attributes:
        boxes: Shape (G, 4), ``xyxy`` pixels.
        true: Shape (G, 5, 2), pixels.
        labelled: Shape (G, 5), which of them are labelled; a face with none does not count.
        found_boxes: Shape (N, 4), ``xyxy`` pixels.
        found: Shape (N, 5, 2), pixels.
        scores: Shape (N,).
    """

    boxes: Floats
    true: Floats
    labelled: NDArray[np.bool_]
    found_boxes: Floats
    found: Floats
    scores: Floats

    @classmethod
    def of(cls, faces: Sequence[Face], found: Sequence[Face]) -> Self:
        """Of faces of any scheme, and of detections; those without points are left aside."""
        true = [_five(face) for face in faces]
        told = [face for face in found if face.landmarks is not None]
        return cls(
            boxes=np.array([f.box for f in faces], np.float64).reshape(-1, 4),
            true=np.array([p for p, _ in true], np.float64).reshape(-1, POINTS, 2),
            labelled=np.array([v for _, v in true], bool).reshape(-1, POINTS),
            found_boxes=np.array([f.box for f in told], np.float64).reshape(-1, 4),
            found=np.array([f.landmarks for f in told], np.float64).reshape(-1, POINTS, 2),
            scores=np.array([f.score or 0.0 for f in told], np.float64),
        )


def evaluate(photos: Sequence[Points]) -> dict[str, float]:
    """COCO's ten figures for keypoints, under its names; NaN where no face counts."""
    kept = [np.argsort(-photo.scores, kind="stable")[:LIMIT] for photo in photos]
    faces = Boxes.of([photo.boxes for photo in photos])
    detections = Boxes.of([p.found_boxes[k] for p, k in zip(photos, kept, strict=True)])
    true = _joined([p.true for p in photos], (POINTS, 2))
    labelled = _joined([p.labelled for p in photos], (POINTS,)).astype(bool)
    found = _joined([p.found[k] for p, k in zip(photos, kept, strict=True)], (POINTS, 2))
    scores = _joined([p.scores[k] for p, k in zip(photos, kept, strict=True)], ())
    blocks = [
        (i, j, _similarity(found[i], true[j], labelled[j], _at(faces, j)))
        for i, j in pairs_of(detections.ends, faces.ends)
    ]
    nothing = (np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0))
    first, second, likeness = map(np.concatenate, zip(nothing, *blocks, strict=True))
    crowds = np.zeros(len(faces), bool)
    candidates = Candidates((first, second, likeness), detections.ranks(), THRESHOLDS, crowds)
    sides = Sides(
        scores,
        detections.ranks(),
        detections.areas(),
        faces.areas(),
        np.asarray(~labelled.any(axis=1)),
    )
    precision, recall = accumulate(candidates, sides, _RANGES, (LIMIT,))
    figures = {}
    for name, table in (("AP", precision), ("AR", recall)):
        figures[name] = float(table["all"].mean())
        figures[f"{name}50"] = float(table["all"][0].mean())
        figures[f"{name}75"] = float(table["all"][5].mean())
        figures[f"{name}_medium"] = float(table["medium"].mean())
        figures[f"{name}_large"] = float(table["large"].mean())
    return figures


def _similarity(found: Floats, true: Floats, labelled: NDArray[np.bool_], boxes: Floats) -> Floats:
    """The similarity of P pairs, shape (P,); boxes are (4, P), of the faces."""
    x_min, y_min, x_max, y_max = boxes
    width, height = x_max - x_min, y_max - y_min
    area = width * height
    away = found - true
    # A face without points is meant by what lies within three times its box.
    low = np.stack([x_min - width, y_min - height], axis=-1)[:, None]
    high = np.stack([x_max + width, y_max + height], axis=-1)[:, None]
    beyond = np.maximum(low - found, 0) + np.maximum(found - high, 0)
    bare = np.asarray(~labelled.any(axis=1))
    away = np.where(bare[:, None, None], beyond, away)
    counts = labelled | bare[:, None]
    spread = (2 * SIGMA) ** 2 * (area + np.spacing(1.0)) * 2
    likeness = np.exp(-(away**2).sum(axis=2) / spread[:, None])
    return np.asarray(np.where(counts, likeness, 0).sum(axis=1) / counts.sum(axis=1))


def _five(face: Face) -> tuple[Floats, list[int]]:
    """The five points and which are known; none where the face has no points."""
    if face.landmarks is None or face.visibility is None or face.scheme is None:
        return np.zeros((POINTS, 2)), [0] * POINTS
    try:
        points, visibility = to_five(face.landmarks, face.visibility, face.scheme)
    except ConfigError:
        return np.zeros((POINTS, 2)), [0] * POINTS
    return np.array(points, np.float64), list(visibility)


def _joined(parts: Sequence[NDArray[np.generic]], shape: tuple[int, ...]) -> Floats:
    return np.concatenate([np.empty((0, *shape)), *parts])


def _at(boxes: Boxes, indices: Indices) -> Floats:
    return np.asarray(boxes.corners[:, indices])
