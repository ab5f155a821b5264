"""Learn: a release becomes weights, watched on its validation split."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from curator import formats
from curator.config import settings
from curator.errors import ConfigError
from curator.evaluate import wider
from curator.evaluate.calibration import calibrate
from curator.evaluate.detection import curve_of_hits, hits_of
from curator.evaluate.wider_truth import Photo
from curator.formats import ExportOptions
from curator.formats.options import ClassBy
from curator.pipeline.annotate import faces_of
from curator.pipeline.curves import curve_in
from curator.pipeline.export import samples
from curator.progress import Progress
from curator.records import Detections, Face, Run, RunStatus, Sample
from curator.store import releases, runs
from curator.store.dataset import Dataset
from curator.train import TRAINERS, TrainOptions

# Least height of a face, pixels of the photo, to count at each level: WIDER FACE's levels go by
# what generic proposals find, which is much the same (Yang et al. 2016, figure 5).
LEVELS: Mapping[str, float] = {"easy": 60, "medium": 30, "hard": 10}
_PATH_CHARACTERS = frozenset("/\\:")


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnRequest:
    """What to train on what.

    Attributes:
        trainer: A name of the registry of trainers.
        release: Its split ``train`` is learned, its split ``val`` watched, no other looked at.
        options: How to train.
    """

    trainer: str
    release: str
    options: TrainOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnReport:
    """What training made.

    Attributes:
        folder: Of the run: checkpoint, curve, TensorBoard's events, weights.
        weights: The exported ONNX file.
        photos: Trained on.
        steps: Taken in all, earlier starts of the same run included.
        minutes: Spent in them.
        figures: Of the last look at the validation split, and the losses of the last epoch.
        curve: The table of all epochs, None where the trainer writes none.
    """

    run_id: int
    folder: Path
    curve: Path | None
    weights: Path
    photos: int
    steps: int
    minutes: float
    figures: Mapping[str, float]
    seconds: float


def learn(dataset: Dataset, request: LearnRequest, progress: Progress) -> LearnReport:
    """Train on a release; the same request goes on where an interrupted one stopped.

    Raises:
        ConfigError: if the trainer, the recipe or an option is not known or out of range.
        MissingExtra: if a library the trainer needs is not installed.
        NotFound: if there is no such release.
        InputError: if it has nothing to train on.
        RunError: if training cannot go on.
    """
    started = time.monotonic()
    train = TRAINERS.load(request.trainer)
    folder = folder_of(dataset, request)
    with dataset.write() as connection:
        release = releases.get(connection, request.release)
        run = _begin(connection, request, release.manifest_sha256)
        dataset.holds.take(run.id)
    chosen = list(samples(dataset, request.release))
    status, metrics = RunStatus.FAILED, dict(run.metrics)
    try:
        trained = train(
            chosen,
            folder,
            request.options,
            judge=judge,
            # What is kept for the test is not even laid beside the rest.
            export=partial(_export, [sample for sample in chosen if sample.split != "test"]),
            progress=progress,
        )
        status, metrics = RunStatus.DONE, dict(trained.figures)
    except KeyboardInterrupt:
        status = RunStatus.CANCELLED
        raise
    finally:
        with dataset.write() as connection:
            runs.finish(connection, run.id, status=status, metrics=metrics)
    return LearnReport(
        run_id=run.id,
        folder=folder,
        curve=curve_in(folder),
        weights=trained.weights,
        photos=trained.photos,
        steps=trained.steps,
        minutes=trained.seconds / 60,
        figures=trained.figures,
        seconds=time.monotonic() - started,
    )


def request_of(
    trainer: str, release: str, *, recipe: str | None = None, **options: Any
) -> LearnRequest:
    """A request under the settings; options are those of :class:`TrainOptions`.

    Without a recipe it is the trainer's usual one.
    """
    entry = TRAINERS.entries().get(trainer)
    if recipe is not None:
        options["recipe"] = recipe
    elif entry is not None and entry.variants:
        options["recipe"] = entry.variants[0]
    return LearnRequest(
        trainer=trainer,
        release=release,
        options=TrainOptions(threads=settings().threads, **options),
    )


def folder_of(dataset: Dataset, request: LearnRequest) -> Path:
    """Where a training run keeps what it makes; equal requests share it.

    Raises:
        ConfigError: if the name of the recipe is no file name.
    """
    options = request.options
    if _PATH_CHARACTERS & set(options.label):
        raise ConfigError(f"unknown recipe {options.recipe!r}")
    name = f"{request.trainer}-{request.release}-{options.label}-{options.seed}"
    return dataset.runs / name


def judge(chosen: Sequence[Sample], found: Sequence[Detections]) -> dict[str, float]:
    """WIDER-style average precision of detections in samples, at three levels of face size.

    Proposals of a detector and faces marked invalid are neither right nor wrong; a level that
    has no face is left out. On the photos in which people labelled every face, ``score_slope``
    and ``score_centre`` are the calibration of the scores, and ``confidence`` is the calibrated
    score where F1 is highest; left out where these photos do not tell.
    """
    truth = {str(i): _truth(sample.faces) for i, sample in enumerate(chosen)}
    predictions = {
        str(i): np.column_stack([each.boxes, each.scores]).astype(np.float64)
        for i, each in enumerate(found)
    }
    ap = wider.evaluate(predictions, truth).ap
    figures = {f"ap_{level}": value for level, value in ap.items() if not np.isnan(value)}
    return figures | _calibrated(chosen, found)


def _calibrated(chosen: Sequence[Sample], found: Sequence[Detections]) -> dict[str, float]:
    pairs = enumerate(zip(chosen, found, strict=True))
    whole = {i: pair for i, pair in pairs if all(map(_judged, pair[0].faces))}
    truth = {i: sample.faces for i, (sample, _) in whole.items()}
    detected = {i: faces_of(detections) for i, (_, detections) in whole.items()}
    scores, hits = hits_of(truth, detected)
    scale = calibrate(scores, hits)
    best = curve_of_hits(scores, hits, sum(map(len, truth.values()))).best
    if scale is None or best is None:
        return {}
    return {
        "score_slope": scale.slope,
        "score_centre": scale.centre,
        "confidence": scale.of(best.confidence),
    }


def _export(chosen: Sequence[Sample], format_name: str, folder: Path, by_identity: bool) -> None:
    # Each trainer has its own folder; what an earlier start wrote there is replaced.
    class_by = ClassBy.IDENTITY if by_identity else ClassBy.FACE
    formats.export(format_name, chosen, folder, ExportOptions(class_by=class_by))


def _truth(faces: Sequence[Face]) -> Photo:
    boxes = np.array([face.box for face in faces], np.float64).reshape(-1, 4)
    heights = boxes[:, 3] - boxes[:, 1]
    judged = np.array([_judged(face) for face in faces], bool)
    return Photo(
        boxes=boxes, counts={level: judged & (heights >= least) for level, least in LEVELS.items()}
    )


def _judged(face: Face) -> bool:
    return face.score is None and not face.attributes.get("invalid")


def _begin(connection: Any, request: LearnRequest, manifest: str) -> Run:
    options = request.options
    return runs.begin(
        connection,
        kind="train",
        method=f"{request.trainer}:{options.label}",
        params={"release": request.release, "manifest": manifest, "seed": options.seed},
    )
