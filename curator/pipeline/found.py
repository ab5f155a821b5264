"""What a detector or a file of predictions says of the images of a release."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from statistics import median

import numpy as np

from curator.config import settings
from curator.detect.detectors import Detector
from curator.detect.measure import weights_of
from curator.detect.stream import stream
from curator.errors import InputError
from curator.evaluate.coco_results import read_results
from curator.evaluate.landmarks import five_points, normalised_errors
from curator.evaluate.predictions import read_predictions
from curator.formats.names import JOINT
from curator.geometry import iou
from curator.imaging import BrokenImage, decode
from curator.pipeline.annotate import faces_of
from curator.progress import Progress, track
from curator.records import Box, Face, FaceStatus, Origin, Sample

# So many photos tell how long one takes.
_TIMED = 24
# What is around a true box that is shown alone, as a share of its longer side.
_AROUND = 0.5
_SAME_FACE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is to judge.

    Attributes:
        method: Who says it.
        faces: Image id to what was found; an image that is absent was not looked at.
        licence: Of the weights, None where they are not known.
        weights: SHA-256 of the weights, of the predictions where there are none.
        model: Size on disk in bytes, parameters, milliseconds an image; empty for predictions.
        left_out: Predictions for photos that are not asked about.
    """

    method: str
    faces: Mapping[int, Sequence[Face]]
    licence: str | None
    weights: str
    model: Mapping[str, float]
    left_out: int = 0


def by_detector(detector: Detector, samples: Sequence[Sample], progress: Progress) -> Found:
    """Run a detector over the images.

    Raises:
        RunError: if it cannot go on.
    """
    files = [(sample.image.id, sample.file) for sample in samples]
    faces: dict[int, Sequence[Face]] = {}
    progress.begin("detecting faces", len(files))
    for image_id, found in stream(detector, files, threads=settings().threads):
        # A photo that cannot be decoded shows no face to anyone.
        faces[image_id] = [] if isinstance(found, BrokenImage) else faces_of(found)
        progress.advance()
    size = weights_of(detector)
    took = _milliseconds(detector, samples)
    return Found(
        method=detector.method,
        faces=faces,
        licence=detector.licence,
        weights=detector.weights_sha256,
        model=size | ({} if took is None else {"milliseconds": took}),
    )


def by_file(place: Path, samples: Sequence[Sample]) -> Found:
    """Read predictions: a folder in the published text form of WIDER FACE, or COCO's results.

    Raises:
        InputError: if there is no such place, or it is about other photos.
        FormatError: if a file breaks its format.
    """
    if place.is_dir():
        table = read_predictions(place, "**/*.txt")
        said = {name: [_face(row) for row in rows.tolist()] for name, rows in table.items()}
    else:
        said = read_results(place)
    names = _names(samples)
    faces: dict[int, list[Face]] = {}
    left_out = 0
    for name, found in said.items():
        image_id = names.get(name)
        if image_id is None:
            left_out += 1
        else:
            faces.setdefault(image_id, []).extend(found)
    if not faces:
        raise InputError(f"{place}: these predictions are about none of the {len(samples)} images")
    return Found(
        method=f"predictions:{place.stem}",
        faces=faces,
        licence=None,
        weights=_digest(said),
        model={},
        left_out=left_out,
    )


def on_true_boxes(
    detector: Detector, samples: Sequence[Sample], progress: Progress
) -> tuple[list[float], int]:
    """How far a detector's points are off when each true face is shown to it alone.

    The photo is cut around the true box with half of its longer side on each side, so that
    finding the face is no question. What is missing on the whole photo and not here is what
    detection costs the points.

    Returns:
        The normalised errors, and the number of faces in whose cut it saw nothing.

    Raises:
        RunError: if the detector cannot go on.
    """
    errors, missed = [], 0
    told = [sample for sample in samples if any(map(five_points, sample.faces))]
    for sample in track(told, progress, "points on true boxes", len(told)):
        try:
            photo = decode(sample.file.read_bytes())
        except (BrokenImage, OSError):
            continue
        for face in sample.faces:
            points = five_points(face)
            if points is None:
                continue
            left, top, right, bottom = _window(face.box, photo.shape[1], photo.shape[0])
            found = detector(np.ascontiguousarray(photo[top:bottom, left:right]))
            boxes = found.boxes + np.array([left, top, left, top], np.float32)
            overlap = iou(np.array([face.box]), boxes)[0]
            if not len(overlap) or overlap.max() < _SAME_FACE:
                missed += 1
                continue
            seen = found.landmarks[overlap.argmax()] + np.array([left, top], np.float32)
            errors.append(float(normalised_errors(seen[None], np.array([points]))[0]))
    return errors, missed


def _window(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    x_min, y_min, x_max, y_max = box
    around = _AROUND * max(x_max - x_min, y_max - y_min)
    left, top = max(int(x_min - around), 0), max(int(y_min - around), 0)
    right, bottom = min(int(x_max + around) + 1, width), min(int(y_max + around) + 1, height)
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _milliseconds(detector: Detector, samples: Sequence[Sample]) -> float | None:
    """How long a decoded photo takes on one thread of this machine: the median of some."""
    took = []
    for sample in samples[:_TIMED]:
        try:
            photo = decode(sample.file.read_bytes())
        except (BrokenImage, OSError):
            continue
        started = time.perf_counter()
        detector(photo)
        took.append(time.perf_counter() - started)
    return 1000 * median(took) if took else None


def _names(samples: Sequence[Sample]) -> dict[str, int]:
    """Everything an image is called: by its own name, in an export, by its file alone, by id.

    A name that means two images means none.
    """
    names: dict[str, set[int]] = {}
    for sample in samples:
        stem = PurePosixPath(sample.image.name).with_suffix("").as_posix()
        alone = stem.rpartition("/")[2]
        for name in (stem, stem.replace("/", JOINT), alone, str(sample.image.id)):
            names.setdefault(name, set()).add(sample.image.id)
    exact = {PurePosixPath(s.image.name).with_suffix("").as_posix(): s.image.id for s in samples}
    return {name: min(ids) for name, ids in names.items() if len(ids) == 1} | exact


def _face(row: list[float]) -> Face:
    return Face(
        box=(row[0], row[1], row[2], row[3]),
        score=row[4],
        origin=Origin.DETECTOR,
        status=FaceStatus.PROPOSED,
    )


def _digest(said: Mapping[str, Sequence[Face]]) -> str:
    """SHA-256 over what the predictions say, wherever they lie."""
    text = repr([(n, [(f.box, f.score, f.landmarks) for f in said[n]]) for n in sorted(said)])
    return hashlib.sha256(text.encode()).hexdigest()
