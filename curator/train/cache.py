"""Decoded photos in one file: a crop of a photo then costs a copy, not a JPEG."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from curator.errors import RunError
from curator.imaging import decode
from curator.progress import Progress, track
from curator.records import Sample

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a photo lies in the file, its size, and cached pixels per photo pixel."""

    offset: int
    width: int
    height: int
    scale: float


class PhotoCache:
    """Photos of a training run, decoded, no larger than needed; mapped, not loaded.

    It may be deleted at any time; it is made again when it does not fit the photos.
    """

    def __init__(self, file: Path, places: Sequence[_Place]) -> None:
        self._places = places
        self._file = file
        self._pixels: Pixels | None = None

    def __len__(self) -> int:
        return len(self._places)

    def __getstate__(self) -> dict[str, object]:
        # A worker process maps the file itself.
        return self.__dict__ | {"_pixels": None}

    def photo(self, index: int) -> Pixels:
        """RGB, shape (H, W, 3), read-only."""
        if self._pixels is None:
            self._pixels = np.memmap(self._file, np.uint8, mode="r")
        place = self._places[index]
        size = place.width * place.height * 3
        flat = self._pixels[place.offset : place.offset + size]
        return flat.reshape(place.height, place.width, 3)

    def scale(self, index: int) -> float:
        """Cached pixels per pixel of the photo."""
        return self._places[index].scale


def cached(samples: Sequence[Sample], folder: Path, *, side: int, progress: Progress) -> PhotoCache:
    """The decoded photos of these samples, from the folder or made there now.

    Args:
        samples: In the order of the cache.
        folder: Where the two files are; others than these photos' are replaced.
        side: Photos with a longer side are reduced to it, pixels.
        progress: Told of each photo decoded.

    Raises:
        InputError: if a photo cannot be decoded.
        RunError: if the disk is full or cannot be written.
    """
    file, index = folder / "photos.bin", folder / "photos.json"
    content = "\n".join([str(side), *(sample.image.sha256 for sample in samples)])
    digest = hashlib.sha256(content.encode()).hexdigest()
    known = _read(file, index, digest)
    if known is not None:
        return PhotoCache(file, known)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        index.unlink(missing_ok=True)
        places = _write(samples, file, side, progress)
        rows = [[p.offset, p.width, p.height, p.scale] for p in places]
        index.write_text(json.dumps({"digest": digest, "places": rows}))
    except OSError as cause:
        raise RunError(f"{folder}: the photos cannot be cached ({cause.strerror})") from cause
    return PhotoCache(file, places)


def _read(file: Path, index: Path, digest: str) -> list[_Place] | None:
    try:
        known = json.loads(index.read_text())
    except (OSError, ValueError):
        return None
    if known.get("digest") != digest or not file.is_file():
        return None
    return [_Place(*row) for row in known["places"]]


def _write(samples: Sequence[Sample], file: Path, side: int, progress: Progress) -> list[_Place]:
    places: list[_Place] = []
    offset = 0
    partial = file.with_suffix(".partial")
    with partial.open("wb") as out:
        for sample in track(samples, progress, "decoding photos", len(samples)):
            pixels, scale = _reduced(decode(sample.file.read_bytes()), side)
            out.write(np.ascontiguousarray(pixels).data)
            height, width = pixels.shape[:2]
            places.append(_Place(offset, width, height, scale))
            offset += pixels.size
        out.flush()
        os.fsync(out.fileno())
    partial.replace(file)
    return places


def _reduced(pixels: Pixels, side: int) -> tuple[Pixels, float]:
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels, 1.0
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), scale
