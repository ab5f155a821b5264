"""What a crop should teach: faces as arrays, in pixels of the crop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curator.records import Sample
from curator.schemes import SCHEMES, to_five

Floats = NDArray[np.float32]

FIVE = SCHEMES["5"]
FLIP = list(FIVE.flip)


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """G faces.

    Attributes:
        boxes: Shape (G, 4), ``xyxy`` pixels.
        points: Shape (G, 5, 2), pixels; NaN where a face has none.
        trust: Shape (G,), 0..1: 1 for truth, a teacher's score for what only a teacher saw,
            0 for a region that teaches nothing: neither face nor background.
    """

    boxes: Floats
    points: Floats
    trust: Floats

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def sizes(self) -> Floats:
        """Geometric mean of width and height, pixels, shape (G,)."""
        sides = np.maximum(self.boxes[:, 2:] - self.boxes[:, :2], 0)
        return np.asarray(np.sqrt(sides[:, 0] * sides[:, 1]), np.float32)

    def moved(self, scale: float, shift_xy: tuple[float, float]) -> Faces:
        """The faces of an image that was scaled, then shifted."""
        shift = np.array(shift_xy, np.float32)
        return Faces(
            self.boxes * np.float32(scale) + np.tile(shift, 2),
            self.points * np.float32(scale) + shift,
            self.trust,
        )

    def mirrored(self, width: float) -> Faces:
        """The faces of an image of this width mirrored left to right, points renamed."""
        boxes = self.boxes.copy()
        boxes[:, [0, 2]] = np.float32(width) - self.boxes[:, [2, 0]]
        points = self.points[:, FLIP].copy()
        points[..., 0] = np.float32(width) - points[..., 0]
        return Faces(boxes, points, self.trust)

    def some(self, mask: NDArray[np.bool_]) -> Faces:
        """Those that the mask holds true."""
        return Faces(self.boxes[mask], self.points[mask], self.trust[mask])


def none() -> Faces:
    """No faces."""
    return Faces(
        np.empty((0, 4), np.float32), np.empty((0, 5, 2), np.float32), np.empty(0, np.float32)
    )


def joined(parts: list[Faces]) -> Faces:
    """The faces of several crops that became one."""
    return Faces(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.trust for part in parts]),
    )


def faces_of(sample: Sample, min_score: float = 0.6) -> Faces:
    """The faces of a sample, in pixels of its photo.

    A face marked ``invalid`` and a proposal below ``min_score`` are regions that teach nothing;
    boxes without area are left out.
    """
    rows = [face for face in sample.faces if _has_area(face.box)]
    if not rows:
        return none()
    points = np.full((len(rows), 5, 2), np.nan, np.float32)
    trust = np.ones(len(rows), np.float32)
    for row, face in enumerate(rows):
        if face.landmarks and face.visibility and face.scheme:
            marks, seen = to_five(face.landmarks, face.visibility, face.scheme)
            if all(seen):
                points[row] = marks
        if face.score is not None:
            trust[row] = face.score if face.score >= min_score else 0
        if face.attributes.get("invalid"):
            trust[row] = 0
    return Faces(np.array([face.box for face in rows], np.float32), points, trust)


def _has_area(box: tuple[float, float, float, float]) -> bool:
    return box[2] > box[0] and box[3] > box[1]
