"""Head pose: yaw, pitch and roll in degrees, from points.

One convention for every method, seen by someone who looks at the picture:

* **yaw** is positive where the nose points to the right of the picture,
* **pitch** is positive where it points up,
* **roll** is positive where the head is turned clockwise in the picture.

All are 0 for a face that looks into the lens, wherever in the picture it stands: the rotation is
between the head and the line of sight to it. With axes x right, y down, z away from the viewer,
a point of the head goes to ``R = Rz(roll) Ry(-yaw) Rx(-pitch)`` of it, each a right-handed
rotation; the signs make yaw and pitch read as above.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from curator.shapes import known_points

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a head is turned to, and how that was found.

    Attributes:
        yaw: Degrees, -90..90.
        pitch: Degrees, -180..180; so is roll.
        doubt: How far several answers to the same face lie apart, degrees; None where there was
            only one.
    """

    yaw: float
    pitch: float
    roll: float
    method: str
    doubt: float | None = None


def rotation(yaw: float, pitch: float, roll: float) -> Floats:
    """The rotation matrix of a pose, degrees to shape (3, 3)."""
    y, p, r = np.radians([-yaw, -pitch, roll])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x, np.float64)


def angles(matrix: Floats) -> tuple[float, float, float]:
    """Yaw, pitch and roll of a rotation matrix: the inverse of :func:`rotation`.

    Of the two that every rotation has, the one with the yaw within 90 degrees.
    """
    yaw = np.arcsin(np.clip(matrix[2, 0], -1, 1))
    pitch = np.arctan2(-matrix[2, 1], matrix[2, 2])
    roll = np.arctan2(matrix[1, 0], matrix[0, 0])
    return tuple(np.degrees([yaw, pitch, roll]).tolist())


def camera(size_wh: tuple[float, float], over: ArrayLike) -> Floats:
    """The lens that is assumed: as far from the picture as its longer side, over the face.

    Most photos were cut, so that their middle says nothing of where the lens was; and of a lens
    over the face a photo that is turned keeps the yaw and pitch it had.

    Args:
        size_wh: Of the image, pixels.
        over: The middle of the face, (x, y) in pixels.
    """
    x, y = np.asarray(over, np.float64).tolist()
    focal = max(size_wh)
    return np.array([[focal, 0, x], [0, focal, y], [0, 0, 1]], np.float64)


def pose_of_points(points: ArrayLike, scheme: str, size_wh: tuple[float, float]) -> Pose | None:
    """The pose that puts the mean face where the points are (perspective-n-point).

    Args:
        points: All points of the scheme, shape (K, 2), pixels.
        scheme: ``5``, ``68``, ``98`` or ``106``; of five points the pose is a rough one.
        size_wh: Of the image, pixels.

    Returns:
        None where the points have no solution, such as all in one place.

    Raises:
        ConfigError: if the scheme is not known.
    """
    which, model = known_points(scheme)
    seen = np.asarray(points, np.float64)[list(which)]
    # Points on one spot or one line have no pose, and OpenCV's answer to them is noise.
    if np.linalg.svd(seen - seen.mean(0), compute_uv=False)[1] < 1e-6:
        return None
    lens = camera(size_wh, seen.mean(0))
    try:
        found, turn, shift = cv2.solvePnP(model, seen, lens, None, flags=cv2.SOLVEPNP_SQPNP)
        if not found:
            return None
        turn, shift = cv2.solvePnPRefineLM(model, seen, lens, None, turn, shift)
    except cv2.error:
        return None
    matrix = _from_line_of_sight(np.asarray(shift.ravel(), np.float64)) @ cv2.Rodrigues(turn)[0]
    if not np.isfinite(matrix).all():
        return None
    yaw, pitch, roll = angles(matrix)
    return Pose(yaw, pitch, roll, f"solvepnp-{scheme}/2")


def _from_line_of_sight(shift: Floats) -> Floats:
    """The rotation that turns the line of sight to this place into the axis of the lens."""
    direction = shift / np.linalg.norm(shift)
    axis = np.cross(direction, (0, 0, 1))
    sine, cosine = np.linalg.norm(axis), direction[2]
    if sine < 1e-12:
        return np.eye(3)
    return np.asarray(cv2.Rodrigues(axis / sine * np.arctan2(sine, cosine))[0], np.float64)
