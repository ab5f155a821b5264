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
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from curator.errors import ConfigError
from curator.evaluate.coco import AREAS, THRESHOLDS, Sides, accumulate
from curator.evaluate.matching import Candidates
from curator.evaluate.overlap import Boxes, Floats, pairs_of
from curator.records import Face
from curator.schemes import to_five

Rows = Sequence[Any] | NDArray[Any]

POINTS = 5
SIGMA = 1 / POINTS
LIMIT = 20
_NO_POINTS, _NONE_KNOWN = ((0.0, 0.0),) * POINTS, (0,) * POINTS
_RANGES = {name: AREAS[name] for name in ("all", "medium", "large")}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Points:
    """Points of one photo, of G faces and N detections, as rows.

    Attributes:
        boxes: G of ``xyxy`` pixels.
        true: G times 5 points, pixels.
        labelled: G times 5, which of them are labelled; a face with none does not count.
        found_boxes: N of ``xyxy`` pixels.
        found: N times 5 points, pixels.
        scores: N.
    """

    boxes: Rows
    true: Rows
    labelled: Rows
    found_boxes: Rows
    found: Rows
    scores: Rows

    @classmethod
    def of(cls, faces: Sequence[Face], found: Sequence[Face]) -> Self:
        """Of faces of any scheme, and of detections; those without points are left aside."""
        true = [_five(face) for face in faces]
        told = [face for face in found if face.landmarks is not None]
        return cls(
            boxes=[face.box for face in faces],
            true=[points for points, _ in true],
            labelled=[visibility for _, visibility in true],
            found_boxes=[face.box for face in told],
            found=[face.landmarks for face in told],
            scores=[face.score or 0.0 for face in told],
        )


def evaluate(photos: Sequence[Points]) -> dict[str, float]:
    """COCO's ten figures for keypoints, under its names; NaN where no face counts."""
    # Of each photo, its best detections in their order; all photos in one go from here on.
    kept = [_order(photo.scores)[:LIMIT] for photo in photos]
    best = list(zip(photos, kept, strict=True))
    faces = _boxes([photo.boxes for photo in photos])
    detections = _boxes([[photo.found_boxes[i] for i in k] for photo, k in best])
    true = _array([row for photo in photos for row in photo.true], (POINTS, 2))
    labelled = _array([row for photo in photos for row in photo.labelled], (POINTS,)).astype(bool)
    found = _array([photo.found[i] for photo, k in best for i in k], (POINTS, 2))
    scores = _array([photo.scores[i] for photo, k in best for i in k], ())
    blocks = [
        (i, j, _similarity(found[i], true[j], labelled[j], faces.corners[:, j]))
        for i, j in pairs_of(detections.ends, faces.ends)
    ]
    nothing = (np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0))
    first, second, likeness = map(np.concatenate, zip(nothing, *blocks, strict=True))
    crowds = np.zeros(len(faces), bool)
    candidates = Candidates((first, second, likeness), detections.ranks(), THRESHOLDS, crowds)
    bare = np.asarray(~labelled.any(axis=1))
    sides = Sides(scores, detections.ranks(), detections.areas(), faces.areas(), bare)
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


def _five(face: Face) -> tuple[Any, Any]:
    """The five points and which are known; none where the face has no points."""
    if face.landmarks is None or face.visibility is None or face.scheme is None:
        return _NO_POINTS, _NONE_KNOWN
    try:
        return to_five(face.landmarks, face.visibility, face.scheme)
    except ConfigError:
        return _NO_POINTS, _NONE_KNOWN


def _order(scores: Rows) -> list[int]:
    """The places of the scores, best first; of equals the earlier."""
    return sorted(range(len(scores)), key=lambda place: -float(scores[place]))


def _boxes(photos: Sequence[Rows]) -> Boxes:
    rows = _array([row for boxes in photos for row in boxes], (4,))
    return Boxes(np.ascontiguousarray(rows.T), np.cumsum([0, *map(len, photos)]))


def _array(rows: Sequence[Any], shape: tuple[int, ...]) -> Floats:
    return np.array(rows, np.float64).reshape(-1, *shape)
