"""How far another detector agrees about a face."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from curator.geometry import iou
from curator.quality.points import five_points
from curator.records import Face, Measures


def agreement(faces: Sequence[Face], others: Sequence[Face], work: str) -> list[Measures]:
    """Compare each face with the one another detector found at its place.

    Args:
        faces: Of one image, with ids.
        others: What the other detector found in the same image; with none of them near, the
            IoU is what it is, down to 0.
        work: Names the comparison, such as ``agreement/1 run 7``.
    """
    boxes = np.array([face.box for face in others], np.float64).reshape(-1, 4)
    found = []
    for face in faces:
        overlaps = iou(np.array([face.box], np.float64), boxes)[0]
        best = int(overlaps.argmax()) if len(overlaps) else None
        values = {"AgreementIoU": 0.0 if best is None else round(float(overlaps[best]), 6)}
        if best is not None and overlaps[best] > 0:
            apart = point_distance(face, others[best])
            if apart is not None:
                values["AgreementPoints"] = round(apart, 6)
        found.append(
            Measures(
                face_id=face.id or 0,
                version=face.version,
                suite=work,
                values=values,
                methods={"pair": work},
            )
        )
    return found


def point_distance(one: Face, other: Face) -> float | None:
    """Mean distance of the five points, in eye distances of the first; None without points."""
    pairs = [five_points(face) for face in (one, other)]
    first, second = pairs
    if first is None or second is None:
        return None
    between = float(np.linalg.norm(first[1] - first[0]))
    return float(np.linalg.norm(first - second, axis=1).mean()) / between if between > 0 else None
