"""Faces: what detectors find, what people say of it, and what annotation files hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
Point = tuple[float, float]
Points = tuple[Point, ...]
Attributes = Mapping[str, int | float | str | bool]


class Origin(StrEnum):
    """Who put a face there first."""

    DETECTOR = "detector"
    HUMAN = "human"
    IMPORT = "import"


class FaceStatus(StrEnum):
    """What a person has said about a face."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Detections:
    """What a detector found in one image; zero faces are arrays of length 0.

    Attributes:
        boxes: Shape (N, 4), float32, ``xyxy`` pixels, may leave the image.
        scores: Shape (N,), float32, 0..1, descending.
        landmarks: Shape (N, 5, 2), float32, pixels, in the order of the scheme ``5``:
            the eye, then mouth corner, on the left of the picture comes first; NaN from a
            detector that finds no points.
        identities: Shape (N,), who each is, "" for nobody known; None from a detector that
            names nobody.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    identities: NDArray[np.str_] | None = None

    def __len__(self) -> int:
        return len(self.scores)


class Face(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One labelled or proposed face.

    Half a million of them go through one export, so it is a struct of msgspec, which JSON is
    parsed into at once, and no dataclass; ``msgspec.structs.replace`` makes a changed copy.

    The documents of a release hold a face as a list of its values in the order of these fields.
    A new field goes to the end and has a default: earlier releases have shorter lists.

    Attributes:
        version: Grows by one with each edit.
        score: The detector's 0..1, None from a person or an import without scores.
        box: ``xyxy`` pixels, may leave the image, may have zero size in imported truth.
        scheme: The name of the point scheme in :mod:`curator.schemes`, None without points.
        landmarks: K points, or None where the face has none.
        visibility: K values 0/1/2, None exactly where landmarks is None.
        identity: Who it is, None when unknown.
        attributes: WIDER's and WFLW's and free ones by name; absent means not labelled.
        tags: Free words that people put on it.
    """

    id: int | None = None
    image_id: int | None = None
    run_id: int | None = None
    version: int = 1
    origin: Origin = Origin.IMPORT
    status: FaceStatus = FaceStatus.ACCEPTED
    score: float | None = None
    box: Box
    scheme: str | None = None
    landmarks: Points | None = None
    visibility: tuple[int, ...] | None = None
    identity: str | None = None
    attributes: Attributes = msgspec.field(default_factory=dict)
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledImage:
    """What an annotation file says of one image, before the image is in the store.

    Attributes:
        path: The image file on this disk.
        name: The relative POSIX path the annotation file uses for it.
        faces: In the order of the file; empty for a negative.
        split: ``train``, ``val``, ``test``, or None where the file does not tell.
        provenance: What the file says of the image's origin, by the names of :class:`Image`'s
            fields: ``source``, ``url``, ``page_url``, ``title``, ``licence``, ``author``,
            ``query``.
    """

    path: Path
    name: str
    faces: tuple[Face, ...]
    split: str | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)
