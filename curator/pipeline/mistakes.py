"""Pictures of mistakes: what was there, what was found, and a little of what is around."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from msgspec.structs import replace

from curator.config import settings
from curator.drawing import Pixels, draw_faces, encode_jpeg
from curator.imaging import decode
from curator.records import Box, Face, FaceStatus, Match, MatchKind, Mistake
from curator.store import images, matches
from curator.store.dataset import Dataset

SIDE = 220
# How much around the longer side of a box is shown, and the least in pixels of the photo.
_AROUND, _LEAST = 0.9, 24

# What to show of a run, in this order, and what it is called.
KINDS = {
    "missed": "Missed faces",
    "background": "Found where no face is",
    "localisation": "Badly placed boxes",
    "wrong-person": "Taken for somebody else",
    "wrong-person-and-place": "Badly placed, and taken for somebody else",
    "duplicate": "Found twice",
    "points": "Points furthest off",
}


def worst(dataset: Dataset, run_id: int, kind: str, limit: int) -> list[Match]:
    """The mistakes of one kind of a run: the surest detections, or the largest missed faces."""
    with dataset.read() as connection:
        if kind == "points":
            return matches.misplaced(connection, run_id, limit=limit)
        return matches.of_run(connection, run_id, mistake=Mistake(kind), limit=limit)


def picture(dataset: Dataset, match_id: int) -> bytes:
    """A JPEG of one match and everything beside it: truth green, detections orange.

    Raises:
        NotFound: if there is no such match.
        BrokenImage: if the photo cannot be decoded.
        OSError: if its file is gone.
    """
    with dataset.read() as connection:
        one = matches.get(connection, match_id)
        beside = matches.beside(connection, one)
        image = images.get(connection, one.image_id)
    data = dataset.blobs.path(image.sha256, image.mime).read_bytes()
    photo = decode(data, max_pixels=settings().max_image_pixels)
    return encode_jpeg(_cut(photo, one.box, [_face(each) for each in beside]))


def _face(one: Match) -> Face:
    """As it is drawn: what was found as a proposal, what is true as vouched for."""
    points = one.landmarks
    return Face(
        box=one.box,
        landmarks=points,
        visibility=None if points is None else (2,) * len(points),
        scheme=None if points is None else "5",
        status=FaceStatus.ACCEPTED if one.kind is MatchKind.FN else FaceStatus.PROPOSED,
    )


def _cut(photo: Pixels, box: Box, faces: Sequence[Face]) -> Pixels:
    x_min, y_min, x_max, y_max = box
    around = max(_AROUND * max(x_max - x_min, y_max - y_min), _LEAST)
    height, width = photo.shape[:2]
    left, top = max(int(x_min - around), 0), max(int(y_min - around), 0)
    left, top = min(left, width - 1), min(top, height - 1)
    right = min(max(int(x_max + around), left + 1), width)
    bottom = min(max(int(y_max + around), top + 1), height)
    part = photo[top:bottom, left:right]
    factor = SIDE / max(part.shape[:2])
    size_wh = (max(round(part.shape[1] * factor), 1), max(round(part.shape[0] * factor), 1))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    shown = np.asarray(cv2.resize(part, size_wh, interpolation=how), np.uint8)
    return draw_faces(shown, [_moved(face, -left, -top) for face in faces], factor)


def _moved(face: Face, x: float, y: float) -> Face:
    x_min, y_min, x_max, y_max = face.box
    points = face.landmarks
    return replace(
        face,
        box=(x_min + x, y_min + y, x_max + x, y_max + y),
        landmarks=None if points is None else tuple((a + x, b + y) for a, b in points),
    )
