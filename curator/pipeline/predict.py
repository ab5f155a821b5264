"""Detection without a dataset: a folder of photos in, the published text form out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from curator.config import settings
from curator.detect.stream import stream
from curator.errors import InputError
from curator.evaluate import predictions
from curator.geometry import NOTHING
from curator.imaging import MIME_SUFFIX, BrokenImage
from curator.pipeline.annotate import DetectRequest, open_detector
from curator.progress import Progress
from curator.store.blobs import write_atomic

_SUFFIXES = frozenset(MIME_SUFFIX.values()) | {".jpeg", ".tiff"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictReport:
    """What a detector found in a folder.

    Attributes:
        unreadable: Photo -> why it could not be decoded; its file says zero detections.
    """

    method: str
    licence: str
    photos: int
    faces: int
    unreadable: Mapping[str, str]
    seconds: float


def predict(request: DetectRequest, images: Path, out: Path, progress: Progress) -> PredictReport:
    """Write ``<event>/<photo>.txt`` (name, count, ``x y w h score``) for every photo of a folder.

    Raises:
        ConfigError: if there is no such detector, or none on this machine.
        InputError: if the folder holds no photo, or two that would share one file.
        RunError: if the detector cannot go on.
        StoreError: if the files cannot be written.
    """
    started = time.monotonic()
    photos = _photos(images)
    detector = open_detector(request, progress)
    progress.begin("detecting faces", len(photos))
    faces, unreadable = 0, {}
    items = ((stem, photo) for stem, photo in photos.items())
    for stem, result in stream(detector, items, threads=settings().threads):
        if isinstance(result, BrokenImage):
            unreadable[stem] = str(result)
        found = NOTHING if isinstance(result, BrokenImage) else result
        faces += len(found)
        text = predictions.text(stem, found.boxes, found.scores)
        write_atomic(out / f"{stem}.txt", text.encode())
        progress.advance(1, stem)
    return PredictReport(
        method=detector.method,
        licence=detector.licence,
        photos=len(photos),
        faces=faces,
        unreadable=unreadable,
        seconds=time.monotonic() - started,
    )


def _photos(folder: Path) -> dict[str, Path]:
    """``<event>/<photo>`` without suffix -> file, in alphabetical order."""
    photos: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in _SUFFIXES:
            continue
        stem = path.relative_to(folder).with_suffix("").as_posix()
        if stem in photos:
            raise InputError(f"{path} and {photos[stem].name} would share one prediction file")
        photos[stem] = path
    if not photos:
        raise InputError(f"{folder}: no photos here")
    return photos
