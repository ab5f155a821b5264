"""Real portraits made worse step by step: what is about it follows, what is not stays."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from curator.imaging import decode
from curator.quality import measure_faces
from curator.records import Face

Portrait = tuple[np.ndarray, np.ndarray]
Values = Mapping[str, float]

GEOMETRY = (
    "FaceHeight", "FaceWidth", "OutOfFrame", "ShapeDistance", "InterEyeDistance", "HeadSize",
    "LeftwardCrop", "RightwardCrop", "MarginAbove", "MarginBelow",
    "HeadPoseYaw", "HeadPosePitch", "HeadPoseRoll",
)  # fmt: skip
LIGHT = (
    "LuminanceMean", "LuminanceVariance", "DynamicRange", "UnderExposurePrevention",
    "OverExposurePrevention", "IlluminationUniformity", "NaturalColour",
)  # fmt: skip


# How far what is unrelated may go. The assumed lens is as far away as the picture is long, so that
# a cut of it moves the angles a little.
TURNED = {
    "HeadPosePitch": 0.1, "ShapeDistance": 1e-5, "HeadSize": 1e-5, "OutOfFrame": 0,
    "LuminanceMean": 0.005, "LuminanceVariance": 0.005, "DynamicRange": 0.05,
    "UnderExposurePrevention": 0.01, "OverExposurePrevention": 0.01,
    "IlluminationUniformity": 0.06, "NaturalColour": 0.1,
}  # fmt: skip
CROPPED = {
    **dict.fromkeys((*LIGHT, "Sharpness"), 1e-5),
    **dict.fromkeys(("FaceHeight", "FaceWidth", "ShapeDistance", "OutOfFrame"), 1e-5),
    "HeadPoseYaw": 8, "HeadPosePitch": 3, "HeadPoseRoll": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def portraits(shared_data: Path) -> list[Portrait]:
    """Twelve photos with 68 points set by people, all faces well inside of their photo."""
    folder, found = shared_data / "helen", []
    for name, *numbers in csv.reader((folder / "points68.csv").read_text().splitlines()[::25]):
        image, points = decode((folder / name).read_bytes()), np.array(numbers, float)
        points = points.reshape(68, 2)
        height, width = image.shape[:2]
        if (points > 30).all() and (points < (width - 30, height - 30)).all():
            found.append((image, points))
    assert len(found) >= 12
    return found[:12]


def measured(image: np.ndarray, points: np.ndarray) -> dict[str, float]:
    (left, top), (right, bottom) = points.min(0), points.max(0)
    face = Face(
        id=1,
        box=(left, top, right, bottom),
        landmarks=tuple(map(tuple, points.tolist())),
        visibility=(2,) * 68,
        scheme="68",
    )
    return dict(measure_faces(image, [face])[0].values)


def steps_of(
    portrait: Portrait, change: Callable[[np.ndarray, float], np.ndarray], by: Sequence[float]
) -> list[dict[str, float]]:
    """A portrait whose pixels, not whose points, are changed more and more."""
    image, points = portrait
    return [measured(image, points), *(measured(change(image, step), points) for step in by)]


def column(steps: Sequence[Values], name: str) -> np.ndarray:
    return np.array([step[name] for step in steps])


def assert_still(steps: Sequence[Values], tolerances: Mapping[str, float]) -> None:
    """No measure leaves the range around its first value."""
    for name, tolerance in tolerances.items():
        away = np.abs(column(steps, name) - steps[0][name]).max()
        assert away <= tolerance, f"{name} moved by {away}"


def test_blur_takes_sharpness_and_leaves_light_and_geometry(portraits: list[Portrait]) -> None:
    def blur(image: np.ndarray, sigma: float) -> np.ndarray:
        return cv2.GaussianBlur(image, (0, 0), sigma)

    for portrait in portraits:
        steps = steps_of(portrait, blur, (0.7, 1.4, 2.8, 5.6))
        assert (np.diff(column(steps, "Sharpness")) < 0).all()
        assert steps[-1]["Sharpness"] < steps[0]["Sharpness"] / 10
        assert_still(steps, dict.fromkeys(GEOMETRY, 0.0) | {"LuminanceMean": 0.03})


def test_darkness_takes_brightness_and_leaves_geometry(portraits: list[Portrait]) -> None:
    def darken(image: np.ndarray, part: float) -> np.ndarray:
        return (image * part).astype(np.uint8)

    for portrait in portraits:
        steps = steps_of(portrait, darken, (0.75, 0.5, 0.3, 0.15))
        assert (np.diff(column(steps, "LuminanceMean")) < 0).all()
        assert (np.diff(column(steps, "UnderExposurePrevention")) >= 0).all()
        assert (np.diff(column(steps, "OverExposurePrevention")) <= 0).all()
        assert steps[-1]["UnderExposurePrevention"] > 0.95
        assert_still(steps, dict.fromkeys(GEOMETRY, 0.0))


def test_over_exposure_clips_and_leaves_geometry(portraits: list[Portrait]) -> None:
    def expose(image: np.ndarray, factor: float) -> np.ndarray:
        return np.clip(image * factor, 0, 255).astype(np.uint8)

    for portrait in portraits:
        steps = steps_of(portrait, expose, (1.5, 2.5, 4.0, 7.0))
        assert (np.diff(column(steps, "LuminanceMean")) > 0).all()
        assert (np.diff(column(steps, "OverExposurePrevention")) >= 0).all()
        assert (np.diff(column(steps, "UnderExposurePrevention")) <= 0).all()
        assert steps[-1]["OverExposurePrevention"] > steps[0]["OverExposurePrevention"] + 0.2
        assert_still(steps, dict.fromkeys(GEOMETRY, 0.0))


def test_a_turned_photo_turns_roll_and_little_else(portraits: list[Portrait]) -> None:
    degrees, yaws = (-30, -15, 0, 15, 30), []
    for image, points in portraits:
        height, width = image.shape[:2]
        # Wide enough that nothing is cut off, and the face stands still: it turns about itself.
        centre = points.mean(0)
        steps = []
        for angle in degrees:
            # OpenCV counts counter-clockwise, on screen.
            matrix = cv2.getRotationMatrix2D(centre.tolist(), -angle, 1)
            turned = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
            steps.append(measured(turned, points @ matrix[:, :2].T + matrix[:, 2]))
        upright = steps[2]["HeadPoseRoll"]
        assert column(steps, "HeadPoseRoll") - upright == pytest.approx(degrees, abs=1)
        assert_still([steps[2], *steps], TURNED)
        yaws.append(np.ptp(column(steps, "HeadPoseYaw")))
        assert column(steps, "Sharpness") == pytest.approx(steps[2]["Sharpness"], rel=0.3)
    assert max(yaws) < 0.1


def test_a_crop_takes_the_margin_of_its_side_only(portraits: list[Portrait]) -> None:
    for image, points in portraits:
        left, top = points.min(0).astype(int)
        whole = measured(image, points)
        eyes = np.array([points[[36, 39]].mean(0), points[[42, 45]].mean(0)])
        eye_distance = np.linalg.norm(eyes[1] - eyes[0])
        to_chin = np.linalg.norm(points[8] - eyes.mean(0))
        for side, reach, unit in (
            ("LeftwardCrop", (left, 0), eye_distance),
            ("MarginAbove", (0, top), to_chin),
        ):
            steps = [whole]
            for share in (0.3, 0.6, 0.9):
                x, y = (int(share * each) for each in reach)
                steps.append(measured(image[y:, x:], points - (x, y)))
                cut = (x + y) / unit
                assert whole[side] - steps[-1][side] == pytest.approx(cut, abs=1e-5)
            other = {"LeftwardCrop": "RightwardCrop", "MarginAbove": "MarginBelow"}[side]
            assert_still(steps, CROPPED | {other: 1e-5})


def test_a_crop_through_the_face_shows_as_its_share_out_of_frame(portraits: list[Portrait]) -> None:
    for image, points in portraits:
        (left, _), (right, _) = points.min(0), points.max(0)
        for share in (0.1, 0.3, 0.5):
            x = round(left + share * (right - left))
            found = measured(image[:, x:], points - (x, 0))
            assert found["OutOfFrame"] == pytest.approx((x - left) / (right - left), abs=1e-5)
