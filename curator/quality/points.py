"""The points of a face as arrays, where none of them is missing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curator.records import Face
from curator.schemes import to_five

Floats = NDArray[np.float64]


def all_points(face: Face) -> Floats | None:
    """All points of a face that has 68 or more, shape (K, 2); None where one is not labelled."""
    if face.landmarks is None or face.scheme in (None, "5") or 0 in (face.visibility or ()):
        return None
    return np.array(face.landmarks, np.float64)


def five_points(face: Face) -> Floats | None:
    """Eyes, nose and mouth corners, shape (5, 2); None where one of them is not labelled."""
    if face.landmarks is None or face.scheme is None:
        return None
    seen = face.visibility or (2,) * len(face.landmarks)
    points, visible = to_five(face.landmarks, seen, face.scheme)
    return None if 0 in visible else np.array(points, np.float64)
