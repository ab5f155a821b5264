"""Where a face is in its image, how large it is, and how its points lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curator.geometry import area, clip
from curator.records import Box

Floats = NDArray[np.float64]

# The chin, by scheme.
_CHIN = {"68": 8, "98": 16, "106": 16}
# Eye corners, outer and inner, left and right: the standard's eye centre lies between them.
_CORNERS = {
    "68": ((36, 39), (42, 45)),
    "98": ((60, 64), (68, 72)),
    "106": ((66, 70), (75, 79)),
}
# WFLW's pairs of points of the upper and the lower edge.
_LIDS = (((61, 67), (62, 66), (63, 65)), ((69, 75), (70, 74), (71, 73)))
_LIPS = ((89, 95), (90, 94), (91, 93))


def box_measures(box: Box, size_wh: tuple[int, int], others: Sequence[Box]) -> dict[str, float]:
    """What the boxes of an image tell of one face.

    Args:
        box: Of the face.
        size_wh: Of the image, pixels.
        others: Boxes of the other faces of the image.
    """
    x_min, y_min, x_max, y_max = box
    found = {
        "FaceHeight": y_max - y_min,
        "FaceWidth": x_max - x_min,
        "FacesInImage": float(1 + len(others)),
        "SingleFacePresent": second_face([box, *others]),
    }
    size = (x_max - x_min) * (y_max - y_min)
    if size > 0:
        left, top, right, bottom = clip(box, *size_wh)
        found["OutOfFrame"] = 1 - (right - left) * (bottom - top) / size
    return found


def second_face(boxes: Sequence[Box]) -> float:
    """Area of the second largest box by that of the largest, 0 where there is one box."""
    sizes = np.sort(area(np.array(boxes, np.float64).reshape(-1, 4)))
    return float(sizes[-2] / sizes[-1]) if len(sizes) > 1 and sizes[-1] > 0 else 0.0


def eye_centres(points: ArrayLike, scheme: str) -> Floats:
    """The middles of both eyes, shape (2, 2): between the corners, or the two eyes of five."""
    seen = np.asarray(points, np.float64)
    if scheme == "5":
        return seen[:2]
    return np.array([seen[list(pair)].mean(0) for pair in _CORNERS[scheme]])


def eye_measures(eyes: Floats, width: int, yaw: float | None) -> dict[str, float]:
    """What the eyes tell: distance between them, and from the sides of the image.

    Args:
        eyes: Shape (2, 2), pixels.
        width: Of the image.
        yaw: Degrees; without it there is no InterEyeDistance.
    """
    distance = float(np.linalg.norm(eyes[1] - eyes[0]))
    if distance <= 0:
        return {}
    middle = float(eyes[:, 0].mean())
    found = {"LeftwardCrop": middle / distance, "RightwardCrop": (width - middle) / distance}
    if yaw is not None and abs(yaw) < 89:
        found["InterEyeDistance"] = distance / float(np.cos(np.radians(yaw)))
    return found


def head_measures(
    points: ArrayLike, scheme: str, eyes: Floats, height: int
) -> tuple[dict[str, float], float | None]:
    """What the distance T from the middle of the eyes to the chin tells.

    Returns:
        The measures and T in pixels; nothing and None where the scheme has no chin.
    """
    if scheme not in _CHIN:
        return {}, None
    middle = eyes.mean(0)
    chin = np.asarray(points, np.float64)[_CHIN[scheme]]
    t = float(np.linalg.norm(chin - middle))
    if t <= 0:
        return {}, None
    found = {
        "HeadSize": abs(t / height - 0.45),
        "MarginAbove": float(middle[1]) / t,
        "MarginBelow": (height - float(middle[1])) / t,
    }
    return found, t


def opening_measures(points: ArrayLike, t: float) -> dict[str, float]:
    """How far eyes and mouth of 98 points are open, in parts of T."""
    seen = np.asarray(points, np.float64)

    def gap(pairs: Sequence[tuple[int, int]]) -> float:
        return max(float(np.linalg.norm(seen[above] - seen[below])) for above, below in pairs)

    return {"EyesOpen": min(gap(eye) for eye in _LIDS) / t, "MouthClosed": gap(_LIPS) / t}
