"""Recipes: everything that decides what a training run does, in one frozen record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Literal

from curator.errors import ConfigError


class Matching(StrEnum):
    """How anchors find their faces."""

    STATIC = "static"
    DYNAMIC = "dynamic"


class Cropping(StrEnum):
    """How crops are cut."""

    SQUARE = "square"
    BALANCED = "balanced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a network is trained.

    Attributes:
        name: What ``--recipe`` calls it.
        body: Of the network, of :data:`curator.train.network.BODIES`.
        frozen: Shares of the training in which the body that was begun with stays as it is, and
            in which its first stage does, whose steps cost the most.
        body_rate: Learning rate of such a body afterwards, in parts of that of the heads.
        matching: Static: by overlap with the anchors, hard negatives mined, cross entropy and
            smooth L1. Dynamic: by what the network predicts, quality focal loss and DIoU.
        cropping: Square: a random square of the photo. Balanced: box sizes drawn evenly on a
            logarithmic scale, with zoom-out and mosaics.
        sizes: Side of a crop, pixels, a multiple of 32, each up to a share of the training:
            small crops teach faster, large ones show large faces.
        batch: Crops a step.
        optimizer: ``sgd`` or ``adamw``.
        learning_rate: At its highest.
        weight_decay: Of the optimizer; not of biases and normalisation with AdamW.
        warmup: Steps in which the learning rate rises from 0.
        schedule: ``cosine`` to 0, or ``steps``: a tenth after 3/4 and again after 9/10.
        average: Decay a step of the averaged weights that are judged and exported; 0 for none.
        class_weight: Of the classification loss.
        box_weight: Of the box loss.
        point_weight: Of the point loss.
        face_sizes: Smallest and largest side of the face a balanced crop is drawn around, pixels.
        mosaics: Share of crops made of four or sixteen photos.
        distortion: Strength of photometric distortion, 0..1.
        side: Photos are cached with a long side of at most this, pixels.
        judged_every: Least number of epochs between two looks at the validation split; more
            where a look takes longer than they do.
        seed: Of everything random.
    """

    name: str
    body: str = "mobilenet"
    frozen: tuple[float, float] = (0.0, 0.0)
    body_rate: float = 1.0
    matching: Matching
    cropping: Cropping
    sizes: tuple[tuple[float, int], ...] = ((1.0, 320),)
    batch: int = 16
    optimizer: Literal["adamw", "sgd"]
    learning_rate: float
    weight_decay: float
    warmup: int = 100
    schedule: Literal["cosine", "steps"]
    average: float = 0.0
    class_weight: float = 1.0
    box_weight: float
    point_weight: float
    face_sizes: tuple[float, float] = (6.0, 400.0)
    mosaics: float = 0.0
    distortion: float = 1.0
    side: int = 640
    judged_every: int = 6
    seed: int = 0

    def size_at(self, share: float) -> int:
        """The side of a crop when so much of the training is over, pixels."""
        return next((size for until, size in self.sizes if share < until), self.sizes[-1][1])

    def as_dict(self) -> dict[str, Any]:
        """Plain values by field, for a checkpoint."""
        plain = asdict(self)
        return plain | {"matching": str(self.matching), "cropping": str(self.cropping)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Recipe:
        """The recipe that :meth:`as_dict` described.

        Raises:
            ConfigError: if it was written by another version of the trainer.
        """
        if set(plain) != {field.name for field in fields(cls)}:
            raise ConfigError("the checkpoint was written by another version of the trainer")
        values = dict(plain)
        values["matching"] = Matching(values["matching"])
        values["cropping"] = Cropping(values["cropping"])
        values["frozen"] = tuple(values["frozen"])
        values["face_sizes"] = tuple(values["face_sizes"])
        values["sizes"] = tuple((until, size) for until, size in values["sizes"])
        return cls(**values)


RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="modern",
            matching=Matching.DYNAMIC,
            cropping=Cropping.BALANCED,
            optimizer="adamw",
            learning_rate=3e-3,
            weight_decay=0.02,
            schedule="cosine",
            average=0.999,
            class_weight=2.0,
            box_weight=2.0,
            point_weight=4.0,
            sizes=((0.45, 192), (0.8, 288), (1.0, 384)),
            mosaics=0.3,
        ),
        Recipe(
            name="transfer",
            body="yunet",
            frozen=(0.35, 1.0),
            body_rate=0.1,
            matching=Matching.DYNAMIC,
            cropping=Cropping.BALANCED,
            optimizer="adamw",
            learning_rate=2e-3,
            weight_decay=0.02,
            schedule="cosine",
            average=0.999,
            class_weight=2.0,
            box_weight=2.0,
            point_weight=4.0,
            sizes=((0.6, 320), (0.85, 416), (1.0, 640)),
            face_sizes=(5.0, 560.0),
            mosaics=0.45,
            distortion=0.5,
            judged_every=2,
        ),
        Recipe(
            name="paper",
            matching=Matching.STATIC,
            cropping=Cropping.SQUARE,
            optimizer="sgd",
            learning_rate=1e-2,
            weight_decay=5e-4,
            warmup=500,
            schedule="steps",
            box_weight=0.25,
            point_weight=0.1,
        ),
    )
}


def recipe_named(name: str) -> Recipe:
    """A recipe of this package.

    Raises:
        ConfigError: if there is none of this name (the message lists those that exist).
    """
    try:
        return RECIPES[name]
    except KeyError:
        known = ", ".join(RECIPES)
        raise ConfigError(f"unknown recipe {name!r}; known: {known}") from None
