"""Boxes, eyes, chin and openings against numbers that can be worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from curator.quality import agreement, measure_faces
from curator.quality.place import (
    box_measures,
    eye_measures,
    head_measures,
    opening_measures,
    second_face,
)
from curator.records import Face

BLANK = np.full((400, 300, 3), 128, np.uint8)


def test_boxes_tell_size_share_outside_and_the_second_face() -> None:
    found = box_measures((-10, 0, 30, 50), (300, 400), [(100, 100, 120, 150)])
    assert found["FaceHeight"] == 50
    assert found["OutOfFrame"] == pytest.approx(0.25)
    assert found["SingleFacePresent"] == pytest.approx(20 * 50 / (40 * 50))
    assert found["FacesInImage"] == 2
    assert second_face([(0, 0, 9, 9)]) == 0
    assert second_face([]) == 0


def test_the_eye_distance_is_that_of_a_face_seen_from_the_front() -> None:
    eyes = np.array([(100.0, 200.0), (160.0, 200.0)])
    found = eye_measures(eyes, 300, yaw=60)
    assert found["InterEyeDistance"] == pytest.approx(60 / math.cos(math.radians(60)))
    assert found["LeftwardCrop"] == pytest.approx(130 / 60)
    assert found["RightwardCrop"] == pytest.approx(170 / 60)
    assert "InterEyeDistance" not in eye_measures(eyes, 300, yaw=None)


def face98() -> np.ndarray:
    """Eyes 60 apart at height 100, chin 120 below them, lids 6 and 12, lips 24 apart."""
    points = np.full((98, 2), 150.0)
    points[[60, 64, 68, 72]] = [(110, 100), (130, 100), (170, 100), (190, 100)]
    points[16] = (150, 220)
    for above, below, x, gap in ((61, 67, 115, 4), (62, 66, 120, 6), (63, 65, 125, 4)):
        points[above], points[below] = (x, 100), (x, 100 + gap)
    for above, below, x, gap in ((69, 75, 175, 8), (70, 74, 180, 12), (71, 73, 185, 8)):
        points[above], points[below] = (x, 100), (x, 100 + gap)
    for above, below, x, gap in ((89, 95, 140, 10), (90, 94, 150, 24), (91, 93, 160, 10)):
        points[above], points[below] = (x, 180), (x, 180 + gap)
    return points


def test_head_size_margins_and_openings_of_98_points() -> None:
    points = face98()
    eyes = np.array([(120.0, 100.0), (180.0, 100.0)])
    found, t = head_measures(points, "98", eyes, 400)
    assert t == pytest.approx(120)
    assert found["HeadSize"] == pytest.approx(abs(120 / 400 - 0.45))
    assert found["MarginAbove"] == pytest.approx(100 / 120)
    assert found["MarginBelow"] == pytest.approx(300 / 120)
    gaps = opening_measures(points, 120)
    assert gaps["EyesOpen"] == pytest.approx(6 / 120)
    assert gaps["MouthClosed"] == pytest.approx(24 / 120)


def test_what_needs_98_points_is_absent_without_them_and_says_so() -> None:
    five = ((100.0, 100.0), (160.0, 100.0), (130.0, 130.0), (108.0, 160.0), (152.0, 160.0))
    some = Face(id=3, box=(70, 60, 190, 220), landmarks=five, visibility=(2,) * 5, scheme="5")
    (found,) = measure_faces(BLANK, [some])
    assert not {"EyesOpen", "MouthClosed", "HeadSize", "MarginAbove"} & set(found.values)
    assert found.problems["EyesOpen"] == "needs 98 points"
    assert found.problems["HeadSize"] == "needs a point on the chin"
    assert found.methods["pose"] == "solvepnp-5/2"
    assert found.methods["mask"] == "ellipse-5/1"


def test_a_face_without_points_or_outside_of_the_image_is_measured_as_far_as_it_goes() -> None:
    plain, outside = Face(id=1, box=(70, 60, 190, 220)), Face(id=2, box=(900, 900, 950, 960))
    found = measure_faces(BLANK, [plain, outside])
    assert "Sharpness" in found[0].values
    assert found[0].problems["HeadPoseYaw"] == "the face has no points"
    assert found[1].values["OutOfFrame"] == 1
    assert "Sharpness" not in found[1].values
    empty = measure_faces(BLANK, [Face(id=4, box=(10, 10, 10, 10))])
    assert "lies outside" in empty[0].problems["Sharpness"]


def test_detectors_agree_by_overlap_and_distance_of_points() -> None:
    five = ((10.0, 10.0), (30.0, 10.0), (20.0, 20.0), (12.0, 30.0), (28.0, 30.0))
    moved = tuple((x + 4, y) for x, y in five)
    one = Face(id=1, box=(0, 0, 40, 40), landmarks=five, visibility=(2,) * 5, scheme="5")
    other = Face(box=(20, 0, 60, 40), landmarks=moved, visibility=(2,) * 5, scheme="5")
    (found,) = agreement([one], [other], "agreement/1 run 2")
    assert found.values["AgreementIoU"] == pytest.approx(800 / 2400, abs=1e-6)
    assert found.values["AgreementPoints"] == pytest.approx(4 / 20)
    (alone,) = agreement([one], [], "agreement/1 run 2")
    assert alone.values == {"AgreementIoU": 0.0}
