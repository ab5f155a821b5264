"""Detection by the protocol of COCO (Lin et al. 2014), for the one class ``face``.

Ten IoU thresholds from 0.5 to 0.95, precision read at 101 recalls, at most 100 detections a
photo, and all of it again for small, medium and large faces. Figures equal those of the
owners' ``pycocotools``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from curator.errors import ConfigError, InputError
from curator.evaluate.curves import envelope
from curator.evaluate.matching import NO_FACE, Candidates, Flags
from curator.evaluate.overlap import Boxes, Floats, Indices

THRESHOLDS: Floats = np.linspace(0.5, 0.95, 10)
RECALLS: Floats = np.linspace(0.0, 1.0, 101)
# Least and most box area in square pixels.
AREAS: Mapping[str, tuple[float, float]] = {
    "all": (0, 1e10),
    "small": (0, 32**2),
    "medium": (32**2, 96**2),
    "large": (96**2, 1e10),
}
LIMITS = (1, 10, 100)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CocoResult:
    """Precision and recall; NaN wherever no face counts.

    Attributes:
        precision: Area range to precision by IoU threshold and recall, shape (10, 101), 0..1.
        recall: Area range to the recall reached, by IoU threshold and by the number of
            detections a photo (1, 10, 100), shape (10, 3), 0..1.
        photos: How many were evaluated.
        faces: How many count, crowds not among them.
        detections: How many were evaluated.
        left_out: Detections beyond the first 100 of their photo.
    """

    precision: dict[str, Floats] = field(repr=False)
    recall: dict[str, Floats] = field(repr=False)
    photos: int
    faces: int
    detections: int
    left_out: int

    def average_precision(self, area: str = "all", iou: float | None = None) -> float:
        """Mean precision over recalls, and over IoU thresholds unless one is given, 0..1.

        Raises:
            ConfigError: if ``iou`` is not one of THRESHOLDS.
        """
        if iou is None:
            return float(self.precision[area].mean())
        rows = np.isclose(THRESHOLDS, iou)
        if not rows.any():
            raise ConfigError(f"{iou} is none of the IoU thresholds 0.50, 0.55, ..., 0.95")
        return float(self.precision[area][rows].mean())

    def summary(self) -> dict[str, float]:
        """The twelve figures of COCO's own table, under its names."""
        areas = ("small", "medium", "large")
        return {
            "AP": self.average_precision(),
            "AP50": self.average_precision(iou=0.5),
            "AP75": self.average_precision(iou=0.75),
            **{f"AP_{area}": self.average_precision(area) for area in areas},
            **{
                f"AR{limit}": float(self.recall["all"][:, i].mean())
                for i, limit in enumerate(LIMITS)
            },
            **{f"AR_{area}": float(self.recall[area][:, -1].mean()) for area in areas},
        }


def evaluate(
    truth: Sequence[Floats],
    predictions: Sequence[Floats],
    crowds: Sequence[NDArray[np.bool_]] | None = None,
) -> CocoResult:
    """Judge the detections of a set of photos.

    Args:
        truth: One array a photo, shape (G, 4), ``xyxy`` pixels.
        predictions: One array a photo, shape (N, 5): ``xyxy`` pixels and score, in any order.
        crowds: One array a photo, shape (G,): what is no single face (COCO's ``iscrowd``);
            detections inside are neither right nor wrong.

    Raises:
        InputError: if the three are not of the same length.
    """
    if crowds is None:
        crowds = [np.zeros(len(boxes), bool) for boxes in truth]
    if not len(truth) == len(predictions) == len(crowds):
        raise InputError(
            f"{len(truth)} photos with truth, {len(predictions)} with predictions and "
            f"{len(crowds)} with crowds cannot be compared"
        )
    ordered = [
        photo[np.argsort(-photo[:, 4], kind="stable")[: LIMITS[-1]]] for photo in predictions
    ]
    detections, faces = Boxes.of(ordered), Boxes.of(truth)
    scores = np.concatenate([np.empty(0), *(photo[:, 4] for photo in ordered)])
    crowd = np.concatenate([np.empty(0, bool), *crowds])
    precision, recall = accumulate(
        Candidates.of_boxes(detections, faces, THRESHOLDS, crowd),
        Sides(scores, detections.ranks(), detections.areas(), faces.areas(), crowd),
        AREAS,
        LIMITS,
    )
    return CocoResult(
        precision=precision,
        recall=recall,
        photos=len(truth),
        faces=int((~crowd).sum()),
        detections=len(detections),
        left_out=sum(map(len, predictions)) - len(detections),
    )


def average_precision(scores: Floats, right: Flags, faces: int) -> float:
    """AP at one IoU threshold, 0..1, of detections of which it is known whether they are right.

    Args:
        scores: Shape (N,), in any order.
        right: Shape (N,).
        faces: How many there are to find; NaN comes of none.
    """
    falling = np.argsort(-scores, kind="stable")
    hits = right[falling][None]
    precision, _ = _curves(hits, ~hits, [np.ones(len(scores), bool)], faces)
    return float(precision.mean())


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Both sides of a comparison, N detections and G faces, as arrays.

    Attributes:
        scores: Shape (N,).
        ranks: Shape (N,), the place of each detection within its photo.
        detection_areas: Shape (N,), square pixels.
        face_areas: Shape (G,), square pixels.
        ignored: Shape (G,), faces that do not count.
    """

    scores: Floats
    ranks: Indices
    detection_areas: Floats
    face_areas: Floats
    ignored: Flags


def accumulate(
    candidates: Candidates,
    sides: Sides,
    areas: Mapping[str, tuple[float, float]],
    limits: Sequence[int],
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Precision at each of RECALLS, and recall within each of the limits, by range of areas.

    Args:
        candidates: What may match.
        sides: What they are about.
        areas: Least and most area that counts, by name.
        limits: Numbers of detections a photo.

    Returns:
        Arrays of shape (T, 101) and of shape (T, L); NaN where no face counts.
    """
    by_score = np.argsort(-sides.scores, kind="stable")
    precision, recall = {}, {}
    for area, span in areas.items():
        ignored = sides.ignored | _outside(sides.face_areas, span)
        matched = candidates.match(ignored)
        # Where nothing matched, index -1 reads the extra entry; it is replaced just after.
        passed_over = np.append(ignored, False)[matched]
        passed_over |= (matched == NO_FACE) & _outside(sides.detection_areas, span)
        right = ((matched != NO_FACE) & ~passed_over)[:, by_score]
        wrong = ((matched == NO_FACE) & ~passed_over)[:, by_score]
        within = [sides.ranks[by_score] < limit for limit in limits]
        precision[area], recall[area] = _curves(right, wrong, within, int((~ignored).sum()))
    return precision, recall


def _outside(areas: Floats, span: tuple[float, float]) -> Flags:
    return np.asarray((areas < span[0]) | (areas > span[1]))


def _curves(
    right: Flags, wrong: Flags, within: Sequence[Flags], faces: int
) -> tuple[Floats, Floats]:
    """Precision at each of RECALLS and the recall within each limit, by threshold.

    Args:
        right: Shape (T, N), detections by falling score.
        wrong: Likewise; what is neither does not count.
        within: Which detections are within each limit, shape (N,) each.
        faces: How many there are to find.
    """
    if not faces:
        return (
            np.full((len(right), len(RECALLS)), np.nan),
            np.full((len(right), len(within)), np.nan),
        )
    found = right.cumsum(axis=1)
    # A tiny addend as in the owners' code, where nothing counts yet.
    precision = envelope(found / (found + wrong.cumsum(axis=1) + np.spacing(1.0)))
    precision = np.pad(precision, ((0, 0), (0, 1)))
    at = [np.searchsorted(row, RECALLS) for row in found / faces]
    reached = [right[:, inside].sum(axis=1) / faces for inside in within]
    return np.take_along_axis(precision, np.array(at), axis=1), np.stack(reached, axis=1)
