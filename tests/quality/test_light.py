"""Light, colour and sharpness against closed forms on pictures made for them."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from curator.quality import measure_faces, score
from curator.quality.aligned import SIDE, TEMPLATE, Aligned, align, warp
from curator.quality.light import light_measures, luminance
from curator.quality.sharpness import sharpness
from curator.records import Face


def linear(value: float) -> float:
    """IEC 61966-2-1, written out here on its own."""
    part = value / 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def patch(pixels: np.ndarray) -> Aligned:
    """A face that is all of the picture; its cheeks are the left and the right half."""
    height, width = pixels.shape[:2]
    left = (slice(0, height), slice(0, width // 2))
    right = (slice(0, height), slice(width // 2, width))
    return Aligned(pixels, np.ones((height, width), bool), (left, right), "all/1", 1.0)


def grey(levels: np.ndarray) -> np.ndarray:
    return np.repeat(levels[..., None], 3, axis=2).astype(np.uint8)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 10, 90), (12, 250, 3)])
def test_luminance_is_that_of_linear_light(colour: tuple[int, int, int]) -> None:
    red, green, blue = (linear(value) for value in colour)
    expected = 255 * (0.2126 * red + 0.7152 * green + 0.0722 * blue)
    pixels = np.full((4, 4, 3), colour, np.uint8)
    assert abs(int(luminance(pixels)[0, 0]) - expected) <= 0.5 + 1e-3


@pytest.mark.parametrize("bits", [0, 1, 2, 3, 4])
def test_equally_many_pixels_of_n_levels_have_an_entropy_of_log2_n(bits: int) -> None:
    # Levels far apart, so that no two fall together in linear light.
    levels = np.linspace(60, 255, 2**bits).round()
    found = light_measures(patch(grey(np.tile(levels, (32, 32 // min(2**bits, 32))))))
    assert found["DynamicRange"] == pytest.approx(bits, abs=1e-9)
    assert score("DynamicRange", found["DynamicRange"]) == math.floor(12.5 * bits + 0.5)


def test_mean_and_variance_of_half_black_half_white() -> None:
    levels = np.zeros((20, 40))
    levels[:, 20:] = 255
    found = light_measures(patch(grey(levels)))
    assert found["LuminanceMean"] == pytest.approx(0.5)
    assert found["LuminanceVariance"] == pytest.approx(0.25)
    assert found["IlluminationUniformity"] == 0
    assert found["UnderExposurePrevention"] == pytest.approx(0.5)
    assert found["OverExposurePrevention"] == pytest.approx(0.5)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.9])
def test_clipping_shares_are_the_shares_that_were_drawn(share: float) -> None:
    levels = np.full((100, 100), 180.0)
    levels[: round(100 * share)] = 255
    found = light_measures(patch(grey(levels)))
    assert found["OverExposurePrevention"] == pytest.approx(share)
    assert found["UnderExposurePrevention"] == 0
    levels[levels == 255] = 2
    assert light_measures(patch(grey(levels)))["UnderExposurePrevention"] == pytest.approx(share)


def test_cheeks_alike_are_uniform_and_skin_has_a_natural_colour() -> None:
    skin = np.full((20, 40, 3), (205, 160, 135), np.uint8)
    found = light_measures(patch(skin))
    assert found["IlluminationUniformity"] == 1
    assert found["NaturalColour"] == 0
    blue = light_measures(patch(np.full((20, 40, 3), (60, 90, 220), np.uint8)))
    assert blue["NaturalColour"] > 40
    assert light_measures(patch(grey(np.full((20, 40), 128.0))))["Grey"] == 1


def test_a_picture_without_colours_scores_0_for_natural_colour() -> None:
    assert score("NaturalColour", [0.0, 0.0], [0.0, 1.0]).tolist() == [100, 0]


@pytest.mark.parametrize(
    ("name", "raw", "expected"),
    [
        ("SingleFacePresent", 0.25, 75),
        ("InterEyeDistance", 70, 50),
        ("InterEyeDistance", 110, 88),  # 100 / (1 + e^-2) = 88.08
        ("HeadSize", 0.0, 100),
        ("HeadSize", 0.05, 54),  # 200 (1 - 1 / (1 + e^-1)) = 53.79
        ("LeftwardCrop", 0.9, 50),
        ("MarginAbove", 1.4, 50),
        ("MarginBelow", 1.9, 73),  # 100 / (1 + e^-1) = 73.1
        ("HeadPoseYaw", -60, 25),
        ("HeadPoseRoll", 120, 0),
        ("EyesOpen", 0.02, 50),
        ("MouthClosed", 0.2, 50),
        ("LuminanceMean", 0.5, 100),  # 100 * 0.99753 * 0.99753 = 99.5
        ("LuminanceMean", 0.2, 50),
        ("LuminanceVariance", 1 / 60, 100),  # sin(pi / 2)
        ("IlluminationUniformity", 0.5, 81),  # 100 * 0.5^0.3 = 81.2
        ("UnderExposurePrevention", 0.0, 100),
        ("UnderExposurePrevention", 0.92, 40),  # 120 (0.832 - 0.5) = 39.8
        ("OverExposurePrevention", 0.0, 100),
        ("OverExposurePrevention", 0.09, 10),
    ],
)
def test_scores_are_those_of_the_formula(name: str, raw: float, expected: int) -> None:
    assert score(name, raw) == expected


def test_what_was_not_measured_has_no_score() -> None:
    assert np.isnan(score("Sharpness", np.nan))


def test_the_aligned_face_has_its_points_where_ofiq_puts_them() -> None:
    image = np.zeros((400, 500, 3), np.uint8)
    turn = np.radians(25)
    matrix = 0.5 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    five = TEMPLATE @ matrix.T + (180, 20)
    for x, y in five:
        cv2.circle(image, (round(x), round(y)), 3, (255, 255, 255), -1)
    back = np.linalg.inv(matrix)
    whole = np.column_stack([back, -back @ (180, 20)])
    found = warp(image, whole, (SIDE, SIDE))
    for x, y in TEMPLATE.astype(int):
        assert found[y, x].min() > 128


def photo(seed: int = 0) -> np.ndarray:
    """Something with detail at every size, as photos have."""
    chance = np.random.default_rng(seed)
    total = np.zeros((480, 480, 3))
    for side in (8, 30, 120, 480):
        layer = chance.uniform(-1, 1, (side, side, 3)).astype(np.float32)
        total += cv2.resize(layer, (480, 480), interpolation=cv2.INTER_CUBIC) * 35
    return np.clip(total + np.array([150, 120, 100]), 0, 255).astype(np.uint8)


FIVE = TEMPLATE * 0.7


def measured(pixels: np.ndarray) -> dict[str, float]:
    points = tuple((float(x), float(y)) for x, y in FIVE)
    face = Face(
        id=1, box=(120, 90, 320, 360), landmarks=points, visibility=(2,) * 5, scheme="5", score=0.9
    )
    return dict(measure_faces(pixels, [face])[0].values)


def test_blur_lowers_sharpness_step_by_step_and_leaves_the_light_alone() -> None:
    image = photo()
    steps = [measured(cv2.GaussianBlur(image, (0, 0), s) if s else image) for s in (0, 1, 2, 4)]
    sharp = [step["Sharpness"] for step in steps]
    assert sharp == sorted(sharp, reverse=True)
    assert sharp[0] > 3 * sharp[-1]
    means = [step["LuminanceMean"] for step in steps]
    assert max(means) - min(means) < 0.03
    assert len({step["HeadPoseYaw"] for step in steps}) == 1


def test_darkening_and_over_exposure_move_their_measures_and_no_geometry() -> None:
    image = photo()
    dark = [measured((image * part).astype(np.uint8)) for part in (1.0, 0.6, 0.3, 0.1)]
    assert [d["LuminanceMean"] for d in dark] == sorted(
        (d["LuminanceMean"] for d in dark), reverse=True
    )
    shares = [d["UnderExposurePrevention"] for d in dark]
    assert shares == sorted(shares)
    bright = [measured(np.clip(image * f, 0, 255).astype(np.uint8)) for f in (1.0, 1.6, 3.0)]
    clipped = [b["OverExposurePrevention"] for b in bright]
    assert clipped == sorted(clipped)
    assert clipped[-1] > clipped[0] + 0.2
    for name in ("InterEyeDistance", "ShapeDistance", "FaceHeight"):
        assert len({m[name] for m in (*dark, *bright)}) == 1


def test_the_same_face_twice_as_large_in_the_photo_measures_nearly_the_same() -> None:
    image = photo()
    large = cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    one = align(image, FIVE, None, "5")
    other = align(large, 2 * FIVE + 0.5, None, "5")
    assert one is not None
    assert other is not None
    assert sharpness(other) == pytest.approx(sharpness(one), rel=0.25)
    a, b = light_measures(one), light_measures(other)
    assert b["LuminanceMean"] == pytest.approx(a["LuminanceMean"], abs=0.01)
    assert b["DynamicRange"] == pytest.approx(a["DynamicRange"], abs=0.2)
