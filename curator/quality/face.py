"""All measures of one face in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from curator.quality.aligned import Aligned, align, five_of_box
from curator.quality.components import MEASURES
from curator.quality.light import light_measures
from curator.quality.place import (
    box_measures,
    eye_centres,
    eye_measures,
    head_measures,
    opening_measures,
)
from curator.quality.points import all_points, five_points
from curator.quality.pose import Pose, pose_of_points
from curator.quality.sharpness import sharpness
from curator.records import Box, Face, Measures
from curator.shapes import shape_distance

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]
PoseNetwork = Callable[[Pixels, Box], Pose | None]

# Grows with every change that makes the same face measure differently.
VERSION = "2"
NO_POINTS = "the face has no points"
_BOX, _NEEDS_98 = "box/1", "needs 98 points"


def suite(network: str | None) -> str:
    """What is measured and how: the name of the work, which is not done twice."""
    return f"face/{VERSION}" if network is None else f"face/{VERSION}+{network}"


def measure_faces(
    image: Pixels,
    faces: Sequence[Face],
    network: PoseNetwork | None = None,
    work: str | None = None,
) -> list[Measures]:
    """Measure the faces of one image.

    Args:
        image: RGB, shape (H, W, 3).
        faces: All faces of it that count, with ids; each is measured.
        network: Estimates a pose where a face has fewer than 68 points.
        work: The suite to note, of the network's method.
    """
    boxes = [face.box for face in faces]
    found = []
    for place, face in enumerate(faces):
        others = boxes[:place] + boxes[place + 1 :]
        found.append(_measured(image, face, others, network, work or suite(None)))
    return found


def _measured(
    image: Pixels, face: Face, others: Sequence[Box], network: PoseNetwork | None, work: str
) -> Measures:
    height, width = image.shape[:2]
    values = box_measures(face.box, (width, height), others)
    methods = {"box": _BOX}
    if face.score is not None:
        values["DetectorScore"] = face.score
    points = all_points(face)
    five = five_points(face)
    pose = _pose(image, face, points, five, network)
    if pose is not None:
        values |= {
            "HeadPoseYaw": pose.yaw, "HeadPosePitch": pose.pitch, "HeadPoseRoll": pose.roll
        }  # fmt: skip
        methods["pose"] = pose.method
        if pose.doubt is not None:
            values["PoseDoubt"] = pose.doubt
    shown, scheme = (five, "5") if points is None else (points, str(face.scheme))
    if shown is not None:
        values |= _of_points(shown, scheme, (width, height), pose)
        methods["points"] = f"points-{scheme}/1"
    aligned = _aligned(image, face, points, five)
    if aligned is not None:
        values |= light_measures(aligned)
        values["Sharpness"] = sharpness(aligned)
        methods |= {"mask": aligned.method, "pixels": _cut(five)}
    return Measures(
        face_id=face.id or 0,
        version=face.version,
        suite=work,
        values={name: round(float(value), 6) for name, value in values.items()},
        methods=methods,
        problems=dict(_problems(values, five, face.scheme)),
    )


def _pose(
    image: Pixels,
    face: Face,
    points: Floats | None,
    five: Floats | None,
    network: PoseNetwork | None,
) -> Pose | None:
    size_wh = (image.shape[1], image.shape[0])
    if points is not None:
        return pose_of_points(points, str(face.scheme), size_wh)
    if network is not None:
        return network(image, face.box)
    return None if five is None else pose_of_points(five, "5", size_wh)


def _of_points(
    points: Floats, scheme: str, size_wh: tuple[int, int], pose: Pose | None
) -> dict[str, float]:
    width, height = size_wh
    eyes = eye_centres(points, scheme)
    found = eye_measures(eyes, width, None if pose is None else pose.yaw)
    head, t = head_measures(points, scheme, eyes, height)
    found |= head
    if scheme == "98" and t is not None:
        found |= opening_measures(points, t)
    found["ShapeDistance"] = shape_distance(points, scheme)
    return found


def _aligned(
    image: Pixels, face: Face, points: Floats | None, five: Floats | None
) -> Aligned | None:
    return align(image, five_of_box(face.box) if five is None else five, points, str(face.scheme))


def _cut(five: Floats | None) -> str:
    return "aligned-box/1" if five is None else "aligned-5/1"


def _problems(
    values: Iterable[str], five: Floats | None, scheme: str | None
) -> Iterator[tuple[str, str]]:
    """Why the measures that are absent are."""
    have = set(values)
    for name, component in MEASURES.items():
        if name in have or component.family == "pair":
            continue
        if name == "DetectorScore":
            yield name, "no detector proposed it"
        elif name == "PoseDoubt" and "HeadPoseYaw" in have:
            yield name, "its pose was found in one way only"
        elif five is None and component.family in ("points", "pose"):
            yield name, NO_POINTS if scheme is None else "not all of its points are labelled"
        elif component.family == "points" and name in ("EyesOpen", "MouthClosed"):
            yield name, _NEEDS_98
        elif component.family == "points":
            yield name, "needs a point on the chin" if scheme == "5" else "its points coincide"
        elif component.family == "pose":
            yield name, "its points have no pose"
        else:
            yield name, "the face lies outside of the image or has no size"
