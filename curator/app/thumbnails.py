"""Small pictures of images and faces: made when first asked for, kept in the dataset's cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from threading import BoundedSemaphore

import cv2
import numpy as np

from curator.config import settings
from curator.drawing import Pixels, draw_faces, encode_jpeg, shrink
from curator.errors import StoreError
from curator.imaging import decode, decode_reduced
from curator.records import Box, Face, Image
from curator.store.blobs import write_atomic
from curator.store.dataset import Dataset

# Long sides, pixels.
THUMBNAIL = 480
DISPLAY = 1600
CROP = 192
# Grows whenever something is drawn differently, so that no old picture is shown.
_DRAWING = 1
# How much of what is around a face its crop shows, as a share of the longer side of its box.
_MARGIN = 0.25


def version(image: Image, faces: Sequence[Face] = ()) -> str:
    """What the pictures of this image depend on, as 16 hex digits: its bytes, and its faces.

    Pictures are cached here and in browsers under it; other content is another version.
    """
    said = [_DRAWING, image.sha256, *((face.id, face.version, face.status) for face in faces)]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


class Thumbnails:
    """Makes and keeps the small pictures of one dataset; safe to use from several threads.

    Every method returns a JPEG.

    Raises:
        BrokenImage: if the image cannot be decoded.
        OSError: if its file is gone.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._blobs = dataset.blobs
        self._folder = dataset.cache / "pictures"
        self._max_pixels = settings().max_image_pixels
        # Bounds memory: a photo of 100 megapixels is 300 MB while it is being reduced.
        self._room = BoundedSemaphore(settings().threads)
        # The crops of one image are asked for together.
        self._last = lru_cache(maxsize=1)(self._decoded)

    def thumbnail(self, image: Image, faces: Sequence[Face] = ()) -> bytes:
        """The whole image, long side 240 to 480 pixels, with these faces drawn."""

        def draw() -> Pixels:
            small = _enlarged(self._reduced(image, THUMBNAIL))
            return draw_faces(small, faces, small.shape[1] / image.width) if faces else small

        kind = "faces" if faces else "plain"
        return self._kept(image, kind, version(image, faces), draw)

    def display(self, image: Image) -> bytes:
        """The whole image, long side at most 1600 pixels."""
        return self._kept(image, "display", version(image), lambda: self._reduced(image, DISPLAY))

    def crop(self, image: Image, face: Face) -> bytes:
        """One face with a little of what is around it, long side at most 192 pixels."""

        def cut() -> Pixels:
            left, top, right, bottom = window(face.box, image)
            return shrink(self._last(image.sha256, image.mime)[top:bottom, left:right], CROP)[0]

        return self._kept(image, f"face-{face.id}", version(image, [face]), cut)

    def _kept(self, image: Image, kind: str, key: str, make: Callable[[], Pixels]) -> bytes:
        sha256 = image.sha256
        place = self._folder / sha256[:2] / sha256[2:4] / f"{sha256}-{kind}-{key}.jpg"
        try:
            return place.read_bytes()
        except OSError:
            pass
        with self._room:
            data = encode_jpeg(make())
        # A full disk is no reason not to show what was just made.
        with suppress(StoreError):
            write_atomic(place, data)
        _forget_older(place, f"{sha256}-{kind}-")
        return data

    def _reduced(self, image: Image, side: int) -> Pixels:
        data = self._blobs.path(image.sha256, image.mime).read_bytes()
        # The decoder keeps the shorter side at or above what it is told.
        shorter = max(
            1, round(side * min(image.width, image.height) / max(image.width, image.height))
        )
        return shrink(decode_reduced(data, side=shorter, max_pixels=self._max_pixels)[1], side)[0]

    def _decoded(self, sha256: str, mime: str) -> Pixels:
        data = self._blobs.path(sha256, mime).read_bytes()
        return decode(data, max_pixels=self._max_pixels)


def _enlarged(small: Pixels) -> Pixels:
    """Twice as large, and again, until lines drawn on it are fine."""
    height, width = small.shape[:2]
    factor = 1
    while 2 * factor * max(height, width) <= THUMBNAIL:
        factor *= 2
    if factor == 1:
        return small
    size_wh = (factor * width, factor * height)
    return cv2.resize(small, size_wh, interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)


def window(box: Box, image: Image) -> tuple[int, int, int, int]:
    """The square around a box, as whole pixels inside the image: left, top, right, bottom.

    At least one pixel, also for boxes of no size or outside of the image.
    """
    x_min, y_min, x_max, y_max = box
    half = max(x_max - x_min, y_max - y_min, 8) * (0.5 + _MARGIN)
    x, y = (x_min + x_max) / 2, (y_min + y_max) / 2
    left, top = round(x - half), round(y - half)
    left, top = min(max(left, 0), image.width - 1), min(max(top, 0), image.height - 1)
    right, bottom = min(round(x + half), image.width), min(round(y + half), image.height)
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _forget_older(place: Path, prefix: str) -> None:
    """What an image looked like before its faces changed is not asked for again."""
    for other in place.parent.glob(f"{prefix}*.jpg"):
        if other != place:
            other.unlink(missing_ok=True)
