"""Train: samples become weights; a trainer knows samples, no store and no other room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from curator.progress import Progress
from curator.records import Detections, Sample
from curator.registry import Entry, Registry

__all__ = ["TRAINERS", "Export", "Judge", "TrainOptions", "Trained", "Trainer"]

Export = Callable[[str, Path, bool], None]
"""Writes train and val in a format of the registry to a folder; True for one class a person."""

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
        licence: What the weights may be used for: written into them.
        task: ``detect`` for boxes, ``pose`` for boxes and five points, where one can choose.
        classes: ``face``, or ``identity`` for one class a person, where one can choose.
        more: Further options of the trainer, by its own names.
    """

    recipe: str = "modern"
    minutes: float | None = None
    epochs: float | None = None
    device: str = "auto"
    threads: int = 2
    seed: int = 0
    start: Path | None = None
    licence: str | None = None
    task: str = "detect"
    classes: str = "face"
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The recipe with what else makes other weights."""
        pose = "-pose" if self.task == "pose" else ""
        return f"{self.recipe}{pose}{'-people' if self.classes == 'identity' else ''}"


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
        export: Export,
        progress: Progress,
    ) -> Trained:
        """Train on the split ``train`` and watch the split ``val``, or go on where it stopped.

        Args:
            samples: A release; other splits are not looked at.
            folder: Of the run: checkpoint, curve, cache of photos, weights.
            options: How.
            judge: Asked about the validation split on the way.
            export: Writes the two splits in a format that the trainer reads.
            progress: Told how far it is.

        Raises:
            ConfigError: if an option is out of range.
            InputError: if there is nothing to train on, or a photo cannot be decoded.
            RunError: if training cannot go on.
        """


# Sizes n to x of the generations that Ultralytics still trains from its own description.
MODELS = tuple(
    f"{family}{size}" for family in ("yolo11", "yolo26", "yolov8", "yolov5") for size in "nsmlx"
)

TRAINERS: Registry[Trainer] = Registry(
    "trainer",
    {
        "retinaface": Entry(
            "curator.train.retinaface:train_retinaface",
            "boxes and five points, 2 MB of weights",
            extra="train",
            variants=("modern", "paper"),
        ),
        "yolo": Entry(
            "curator.train.yolo:train_yolo",
            "Ultralytics YOLO in an environment of its own: boxes, or boxes and five points",
            licence="AGPL-3.0, the trained weights included",
            variants=MODELS,
        ),
    },
)
