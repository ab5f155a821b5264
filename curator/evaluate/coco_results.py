"""Detections in COCO's results form, as Ultralytics and many others write them.

One JSON list, a detection an entry: ``image_id``, ``bbox`` (x, y, width, height, pixels),
``score``, and for points ``keypoints`` (x, y, v three by three). ``file_name`` names the photo
where it stands, else ``image_id`` does. Source: https://cocodataset.org/#format-results.
"""

from __future__ import annotations

import math
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from curator.errors import FormatError, InputError
from curator.geometry import box_from_xywh
from curator.records import Face, FaceStatus, Origin, Points

_POINTS = 5


def read_results(file: Path) -> dict[str, list[Face]]:
    """The detections of each photo, by its name without suffix.

    Raises:
        InputError: if the file cannot be read.
        FormatError: if it is no such list, or an entry has no box or score that is finite.
    """
    try:
        rows = orjson.loads(file.read_bytes())
    except OSError as cause:
        raise InputError(f"{file}: {cause.strerror}") from cause
    except orjson.JSONDecodeError as cause:
        raise FormatError(f"no JSON: {cause.msg}", file=file, line=cause.lineno) from cause
    if not isinstance(rows, list):
        raise FormatError("a list of detections is expected", file=file)
    found: dict[str, list[Face]] = {}
    for number, row in enumerate(rows, 1):
        try:
            photo, face = _detection(row)
        except (KeyError, TypeError, ValueError) as cause:
            reason = f"entry {number} has no image_id, bbox of four numbers and score of 0 to 1"
            raise FormatError(reason, file=file) from cause
        found.setdefault(photo, []).append(face)
    return found


def _detection(row: Any) -> tuple[str, Face]:
    x, y, width, height = map(float, row["bbox"])
    score = float(row["score"])
    numbers = (x, y, width, height)
    if not all(map(math.isfinite, numbers)) or min(width, height) < 0 or not 0 <= score <= 1:
        raise ValueError
    photo = str(row.get("file_name") or row["image_id"])
    points = _points(row.get("keypoints"))
    return (
        str(PurePosixPath(photo).with_suffix("")) if row.get("file_name") else photo,
        Face(
            box=box_from_xywh(*numbers),
            score=score,
            landmarks=points,
            visibility=None if points is None else (2,) * _POINTS,
            scheme=None if points is None else "5",
            origin=Origin.DETECTOR,
            status=FaceStatus.PROPOSED,
        ),
    )


def _points(numbers: Any) -> Points | None:
    if not numbers or len(numbers) != 3 * _POINTS:
        return None
    values = list(map(float, numbers))
    if not all(map(math.isfinite, values)):
        raise ValueError
    return tuple((values[at], values[at + 1]) for at in range(0, len(values), 3))
