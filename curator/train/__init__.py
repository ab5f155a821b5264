"""Train: samples become weights; a trainer knows samples, no store and no other room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from curator.progress import Progress
from curator.records import Detections, Sample
from curator.registry import Entry, Registry

__all__ = ["TRAINERS", "Judge", "TrainOptions", "Trained", "Trainer"]

Judge = Callable[[Sequence[Sample], Sequence[Detections]], Mapping[str, float]]
"""Figures of merit, by name, of what was found in samples; higher is better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """How to train.

    Attributes:
        recipe: A name the trainer knows.
        minutes: At most so many, spent in training steps.
        epochs: At most so many; an epoch draws as many crops as there are photos.
        device: ``cpu``, ``cuda``, or ``auto`` for the best there is.
        threads: Of the processor.
        seed: Of everything random.
        start: A checkpoint of another run, or the published RetinaFace ONNX file, whose weights to
            begin with instead of random ones.
        keep: Share of the starting weights in the exported ones, 0..1.
        licence: What the weights may be used for: written into them.
    """

    recipe: str = "modern"
    minutes: float | None = None
    epochs: float | None = None
    device: str = "auto"
    threads: int = 2
    seed: int = 0
    start: Path | None = None
    keep: float = 0.0
    licence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a training run made.

    Attributes:
        weights: The exported ONNX file.
        steps: Taken, those before an interruption included.
        seconds: Spent in them.
        photos: Trained on.
        figures: Of the last look at the validation split, and the losses of the last epoch.
    """

    weights: Path
    steps: int
    seconds: float
    photos: int
    figures: Mapping[str, float]


class Trainer(Protocol):
    """Makes weights of one kind."""

    def __call__(
        self,
        samples: Sequence[Sample],
        folder: Path,
        options: TrainOptions,
        *,
        judge: Judge,
        progress: Progress,
    ) -> Trained:
        """Train on the split ``train`` and watch the split ``val``, or go on where it stopped.

        Args:
            samples: A release; other splits are not looked at.
            folder: Of the run: checkpoint, curve, cache of photos, weights.
            options: How.
            judge: Asked about the validation split on the way.
            progress: Told how far it is.

        Raises:
            ConfigError: if an option is out of range.
            InputError: if there is nothing to train on, or a photo cannot be decoded.
            RunError: if training cannot go on.
        """


TRAINERS: Registry[Trainer] = Registry(
    "trainer",
    {
        "retinaface": Entry(
            "curator.train.retinaface:train_retinaface",
            "boxes and five points, 2 MB of weights",
            extra="train",
        ),
    },
)
