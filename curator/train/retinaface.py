"""Train a small RetinaFace on a release and export it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from curator.errors import ConfigError, InputError, RunError
from curator.progress import Progress
from curator.records import Sample
from curator.train import Export, Judge, Trained, TrainOptions
from curator.train.augment import Cropper
from curator.train.budget import Budget
from curator.train.cache import cached
from curator.train.curve import read
from curator.train.export import export_onnx
from curator.train.finding import find
from curator.train.loop import Setup, Training
from curator.train.memory import keep_freed_memory
from curator.train.network import RetinaFaceNetwork
from curator.train.recipe import Recipe, recipe_named
from curator.train.targets import faces_of

WEIGHTS = "retinaface.onnx"


def train_retinaface(
    samples: Sequence[Sample],
    folder: Path,
    options: TrainOptions,
    *,
    judge: Judge,
    export: Export,
    progress: Progress,
) -> Trained:
    """See :class:`curator.train.Trainer`; it reads the photos themselves."""
    del export
    if (options.task, options.classes) != ("detect", "face") or options.more:
        raise ConfigError("trainer 'retinaface' has no task, classes or further options")
    budget = _budget(options)
    recipe = replace(recipe_named(options.recipe), seed=options.seed)
    _check_start(recipe, options)
    device = _device(options.device)
    torch.set_num_threads(options.threads)
    keep_freed_memory()
    learned = [sample for sample in samples if sample.split == "train"]
    watched = [sample for sample in samples if sample.split == "val"]
    faces = [faces_of(sample) for sample in learned]
    if not any((each.trust > 0).any() for each in faces):
        raise InputError("no photo of the split train has a face, so there is nothing to learn")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise RunError(f"{folder}: cannot be written ({cause.strerror})") from cause
    photos = cached(learned, folder / "cache", side=recipe.side, progress=progress)
    drawn = [each.moved(photos.scale(i), (0.0, 0.0)) for i, each in enumerate(faces)]
    setup = Setup(
        folder=folder,
        device=device,
        budget=budget,
        steps_an_epoch=-(-len(learned) // recipe.batch),
        start=options.start,
    )
    training = Training(recipe, setup)

    def judged(network: RetinaFaceNetwork) -> Mapping[str, float]:
        return judge(watched, list(find(network, watched, device))) if watched else {}

    training.run(Cropper(photos, drawn, recipe), judged, progress)
    rows = read(folder)
    figures = {k: float(v) for k, v in rows[-1].items() if v} if rows else {}
    export_onnx(
        _calibrated(training.best, figures),
        folder / WEIGHTS,
        licence=options.licence,
        min_score=figures.get("confidence"),
    )
    return Trained(
        weights=folder / WEIGHTS,
        steps=training.steps,
        seconds=training.clock.seconds,
        photos=len(learned),
        figures=figures,
    )


def _calibrated(network: RetinaFaceNetwork, figures: Mapping[str, float]) -> RetinaFaceNetwork:
    """A copy whose scores mean what the validation split says they do, if it says so."""
    network = copy.deepcopy(network)
    if "score_slope" in figures:
        network.calibrate(figures["score_slope"], figures["score_centre"])
    return network


def _budget(options: TrainOptions) -> Budget:
    given = [value for value in (options.minutes, options.epochs) if value is not None]
    if not given:
        raise ConfigError("say how long to train: --minutes or --epochs")
    if min(given) <= 0:
        raise ConfigError(f"minutes and epochs must be above 0, not {min(given):g}")
    return Budget(minutes=options.minutes, epochs=options.epochs)


def _check_start(recipe: Recipe, options: TrainOptions) -> None:
    if options.start is None and any(recipe.frozen):
        raise ConfigError(
            f"the recipe {recipe.name!r} wants trained weights to begin with: give them to --start"
        )


def _device(wanted: str) -> str:
    """The device of this name; the best there is for ``auto``."""
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted not in ("cpu", "cuda"):
        raise ConfigError(f"unknown device {wanted!r}; known: auto, cpu, cuda")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ConfigError("there is no CUDA device here that torch can use")
    return wanted
