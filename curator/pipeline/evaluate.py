"""Evaluate: a split of a release, and what a detector or a file says of it, become a judgement."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from curator.detect.detectors import Detector
from curator.errors import ConfigError, InputError
from curator.evaluate import landmarks
from curator.evaluate.detection import ConfidenceCurve
from curator.evaluate.judging import Judgement, Photo, judge
from curator.evaluate.landmarks import LandmarkResult
from curator.evaluate.slices import count
from curator.pipeline import found as finding
from curator.pipeline.annotate import DetectRequest, open_detector
from curator.pipeline.export import samples
from curator.pipeline.wider_levels import levels, named
from curator.progress import Progress
from curator.records import SPLITS, Face, FaceStatus, Run, RunStatus, Sample
from curator.store import matches, releases, runs
from curator.store.dataset import Dataset

# Detections below say nothing of use, and their number would grow without end.
LEAST_SCORE = 0.02
# A stored curve has at most so many points: more than a screen shows.
_CURVE_POINTS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateRequest:
    """What to judge on what.

    Attributes:
        release: Whose faces are the truth.
        split: Which of its splits.
        detector: To be run, as in ``curator detect``; ``run:NAME`` for a trained one.
        predictions: Instead of a detector: a folder in the published text form of WIDER FACE, or
            a file of COCO results.
        accurate: Flipped and at several scales, merged.
        size: Long side of the network's input, pixels, None for the detector's own.
        confidence: Where it works; where F1 is best without it.
        count_proposals: Take for true what a detector proposed and nobody has looked at.
        true_boxes: Also judge the points where each true face is shown alone.
        ground_truth: Folder of the official files of WIDER FACE: also tell its three levels.
    """

    release: str
    split: str = "val"
    detector: str | None = None
    predictions: Path | None = None
    accurate: bool = False
    size: int | None = None
    confidence: float | None = None
    count_proposals: bool = False
    true_boxes: bool = True
    ground_truth: Path | None = None


def evaluate(dataset: Dataset, request: EvaluateRequest, progress: Progress) -> Run:
    """Judge a detector or predictions, and remember it; asked again, it is judged again.

    Returns:
        The run, with all figures as its metrics.

    Raises:
        ConfigError: if the split or the detector is not known, or both or neither of detector
            and predictions are given.
        NotFound: if there is no such release.
        InputError: if there is nothing to judge on, or the predictions or the official ground
            truth are about other photos.
        RunError: if the detector cannot go on.
    """
    started = time.monotonic()
    if request.split not in SPLITS:
        raise ConfigError(f"unknown split {request.split!r}; known: {', '.join(SPLITS)}")
    if (request.detector is None) == (request.predictions is None):
        raise ConfigError("name either a detector or predictions to judge")
    every = list(samples(dataset, request.release))
    asked = [sample for sample in every if sample.split == request.split]
    photos = [_photo(sample, request) for sample in asked]
    _check(photos, request)
    official = None if request.ground_truth is None else named(asked, request.ground_truth)
    detector, found = _found(dataset, request, asked, progress)
    run = _begin(dataset, request, found)
    status = RunStatus.FAILED
    # What an earlier judgement said stays until this one is whole.
    metrics = dict(run.metrics)
    try:
        alone = None if detector is None else _alone(detector, asked, photos, request, progress)
        progress.begin("judging", None)
        judged = judge(
            [_with(photo, found.faces.get(photo.image.id, ())) for photo in photos],
            trained=count((s.image, s.faces) for s in every if s.split == "train"),
            confidence=request.confidence,
        )
        metrics = _metrics(request, judged, found, alone)
        metrics["wider"] = None if official is None else levels(official, found.faces)
        metrics["not_looked_at"] = sum(s.image.id not in found.faces for s in asked)
        metrics["seconds"] = round(time.monotonic() - started, 1)
        with dataset.write() as connection:
            matches.replace(connection, run.id, judged.matches)
        status = RunStatus.DONE
    except KeyboardInterrupt:
        status = RunStatus.CANCELLED
        raise
    finally:
        with dataset.write() as connection:
            runs.finish(connection, run.id, status=status, metrics=metrics)
            run = runs.get(connection, run.id)
    return run


def _photo(sample: Sample, request: EvaluateRequest) -> Photo:
    true = [face for face in sample.faces if _is_true(face, request.count_proposals)]
    others = [face for face in sample.faces if not _is_true(face, request.count_proposals)]
    return Photo(image=sample.image, faces=true, others=others)


def _is_true(face: Face, count_proposals: bool) -> bool:
    vouched = count_proposals or face.status is not FaceStatus.PROPOSED
    return vouched and not face.attributes.get("invalid")


def _check(photos: Sequence[Photo], request: EvaluateRequest) -> None:
    where = f"split {request.split} of release {request.release!r}"
    if not photos:
        raise InputError(f"{where} has no images to judge on")
    if not any(photo.faces for photo in photos):
        raise InputError(
            f"nobody has vouched for a face in {where}: label some, or take proposals for true "
            "(--count-proposals)"
        )


def _found(
    dataset: Dataset, request: EvaluateRequest, asked: Sequence[Sample], progress: Progress
) -> tuple[Detector | None, finding.Found]:
    if request.predictions is not None:
        return None, finding.by_file(request.predictions, asked)
    wanted = DetectRequest(
        detector=request.detector,
        accurate=request.accurate,
        size=request.size,
        min_score=LEAST_SCORE,
    )
    detector = open_detector(wanted, progress, dataset.runs)
    return detector, finding.by_detector(detector, asked, progress)


def _alone(
    detector: Detector,
    asked: Sequence[Sample],
    photos: Sequence[Photo],
    request: EvaluateRequest,
    progress: Progress,
) -> LandmarkResult | None:
    """How far the points are off on true boxes; None where nobody asks or no face has points."""
    if not request.true_boxes:
        return None
    true = {photo.image.id: tuple(photo.faces) for photo in photos}
    shown = [
        Sample(image=s.image, faces=true[s.image.id], split=s.split, place=s.place) for s in asked
    ]
    errors, missed = finding.on_true_boxes(detector, shown, progress)
    if all(math.isnan(error) for error in errors):
        return None
    return landmarks.evaluate(np.array(errors, np.float64), missed=missed)


def _with(photo: Photo, found: Sequence[Face]) -> Photo:
    return Photo(image=photo.image, faces=photo.faces, others=photo.others, found=found)


def _begin(dataset: Dataset, request: EvaluateRequest, found: finding.Found) -> Run:
    with dataset.write() as connection:
        release = releases.get(connection, request.release)
        run = runs.begin(
            connection,
            kind="evaluate",
            method=found.method,
            params={
                "release": request.release,
                "manifest": release.manifest_sha256,
                "split": request.split,
                "detector": request.detector,
                "confidence": request.confidence,
                "count_proposals": request.count_proposals,
            },
            weights=found.weights,
            licence=found.licence,
        )
        dataset.holds.take(run.id)
    return run


def _metrics(
    request: EvaluateRequest,
    judged: Judgement,
    found: finding.Found,
    alone: LandmarkResult | None,
) -> dict[str, Any]:
    """Everything a page or a report shows, as plain JSON; None for what cannot be said."""
    return {
        "release": request.release,
        "split": request.split,
        "photos": judged.photos,
        "faces": judged.faces,
        "detections": judged.curve.detections,
        "figures": {name: _plain(value) for name, value in judged.figures.items()},
        "ultralytics": {name: _plain(value) for name, value in asdict(judged.ultralytics).items()},
        "working": None if judged.working is None else asdict(judged.working),
        "curve": _curve(judged.curve),
        "mistakes": judged.mistakes(),
        "gains": {kind: _plain(value) for kind, value in judged.gains.items()},
        "slices": [
            asdict(one) | {"recall": one.recall, "missed": one.missed} for one in judged.slices
        ],
        "points": _points(judged.points),
        "points_on_true_boxes": _points(alone),
        "confusion": None if judged.confusion is None else asdict(judged.confusion),
        "model": dict(found.model),
        "left_out": found.left_out,
    }


def _curve(curve: ConfidenceCurve) -> dict[str, list[float]]:
    """The curve thinned out, its ends included."""
    places: set[int] = set()
    # Confidences crowd where nothing is found, recalls where all is: even steps along both.
    for values in (-curve.confidence, curve.recall):
        if len(values):
            even = np.linspace(values[0], values[-1], _CURVE_POINTS // 2)
            places.update(np.searchsorted(values, even).clip(0, len(values) - 1).tolist())
    chosen = sorted(places)
    names = ("confidence", "precision", "recall", "f1")
    return {name: [round(v, 5) for v in getattr(curve, name)[chosen].tolist()] for name in names}


def _points(result: LandmarkResult | None) -> Mapping[str, float | None] | None:
    if result is None:
        return None
    names = ("faces", "missed", "left_out", "mean", "median", "failure_rate", "auc", "limit")
    return {name: _plain(getattr(result, name)) for name in names}


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value
