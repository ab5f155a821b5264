"""WIDER FACE's three levels for those photos of a release that its owners' ground truth names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curator.errors import InputError
from curator.evaluate.wider import Level, evaluate
from curator.evaluate.wider_truth import Photo, read_truth
from curator.records import Face, Sample

# A true box may stick out by so many pixels: corners are counted from 0 or from 1.
_OUT = 2.0
# A stored curve has at most so many points.
_CURVE_POINTS = 120


def named(samples: Sequence[Sample], folder: Path) -> dict[str, tuple[Sample, Photo]]:
    """The samples that the ground truth names, with the owners' truth about each.

    A photo is known by its folder and name, ``<event>/<photo>``, as an import of WIDER FACE
    leaves it.

    Args:
        samples: Of a release.
        folder: Of the four MATLAB files.

    Raises:
        InputError: if a file is missing, none of the photos is named, or one is not of the size
            that the ground truth is about.
        FormatError: if a file is not of the form in which the owners publish it.
    """
    every = read_truth(folder)
    told = {name: (one, every[name]) for one in samples if (name := _name(one)) in every}
    if not told:
        raise InputError(
            f"{folder}: this ground truth is about none of the {len(samples)} images; photos of "
            "WIDER FACE are known by their names, <event>/<photo>"
        )
    for sample, photo in told.values():
        _check_size(sample, photo)
    return told


def levels(
    photos: Mapping[str, tuple[Sample, Photo]], found: Mapping[int, Sequence[Face]]
) -> dict[str, Any]:
    """The official protocol on these photos: the owners' truth, whatever the release says.

    Args:
        photos: As :func:`named` gives them.
        found: Image id to what a detector says of it.

    Returns:
        Plain JSON: how many photos there were, and of each level the AP, the faces that count,
        and the curve; None for an AP that is not known.
    """
    predictions = {name: _rows(found.get(one.image.id, ())) for name, (one, _) in photos.items()}
    result = evaluate(predictions, {name: photo for name, (_, photo) in photos.items()})
    return {
        "photos": result.photos,
        "levels": {name: _plain(level) for name, level in result.levels.items()},
    }


def _name(sample: Sample) -> str:
    return "/".join(PurePosixPath(sample.image.name).with_suffix("").parts[-2:])


def _check_size(sample: Sample, photo: Photo) -> None:
    """Boxes that leave the image tell that it is a smaller copy, whose faces lie elsewhere."""
    image, edge = sample.image, photo.boxes[:, 2:].max(axis=0, initial=0.0)
    if edge[0] > image.width + _OUT or edge[1] > image.height + _OUT:
        raise InputError(
            f"{image.name}: is {image.width} x {image.height} pixels, and the ground truth has "
            f"faces up to {edge[0]:.0f} x {edge[1]:.0f}; it is about the original photo"
        )


def _rows(faces: Sequence[Face]) -> NDArray[np.float64]:
    rows = [(*face.box, face.score or 0.0) for face in faces]
    table = np.array(rows, np.float64).reshape(-1, 5)
    return table[np.argsort(-table[:, 4], kind="stable")]


def _plain(level: Level) -> dict[str, Any]:
    if math.isnan(level.ap):
        return {"ap": None, "faces": level.faces, "recall": [], "precision": []}
    even = np.linspace(0, len(level.recall) - 1, _CURVE_POINTS).astype(int)
    return {
        "ap": level.ap,
        "faces": level.faces,
        "recall": level.recall[even].round(5).tolist(),
        "precision": level.precision[even].round(5).tolist(),
    }
