"""The accurate mode around a detector that only looks at colours, so that all is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from curator.detect.accurate import SHORT_SIDES, Accurate, scales
from curator.errors import ConfigError
from curator.records import Detections

Rgb = NDArray[np.uint8]


class Painted:
    """Sees one face: the box around all pixels that are not black, if drawn at a known size.

    Its left eye and mouth corner lie at a quarter of the box, a third above and below.
    """

    name, licence, method, weights_sha256, min_score = "painted", "none", "painted", "0" * 64, 0.2

    def __init__(self, scores: dict[int | None, float], mirror: float = 1.0) -> None:
        self.scores, self.mirror = scores, mirror
        self.seen: list[tuple[int, int]] = []

    def __call__(self, image: Rgb, /, *, size: int | None = None) -> Detections:
        height, width = image.shape[:2]
        assert size in (None, max(height, width))
        self.seen.append((width, height))
        lit = image[..., 0] > 127
        rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
        score = self.scores.get(None if size is None else min(height, width), 0.0)
        score *= self.mirror if columns.mean() > width / 2 else 1
        if score < self.min_score:
            return Detections(
                np.zeros((0, 4), np.float32),
                np.zeros(0, np.float32),
                np.zeros((0, 5, 2), np.float32),
            )
        box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)
        share = np.array([[1, 1], [3, 1], [2, 2], [1, 3], [3, 3]], np.float32) / 4
        points = box[:2] + share * (box[2:] - box[:2])
        return Detections(box[None], np.array([score], np.float32), points[None])


@pytest.fixture
def photo() -> Rgb:
    """640 x 430 with a bright face on the left."""
    image = np.zeros((430, 640, 3), np.uint8)
    image[100:200, 60:140] = 255
    return image


EVERYWHERE = dict.fromkeys(SHORT_SIDES, 0.9)


def test_all_looks_come_back_to_the_same_place(photo: Rgb) -> None:
    detector = Painted(EVERYWHERE)
    found = Accurate(detector, 0.5)(photo)
    assert found.boxes == pytest.approx(np.array([[60, 100, 140, 200]]), abs=0.5)
    expected = [[80, 125], [120, 125], [100, 150], [80, 175], [120, 175]]
    assert found.landmarks[0] == pytest.approx(np.array(expected), abs=0.5)
    assert found.scores == pytest.approx([0.9])
    assert len(detector.seen) == 11


def test_a_face_seen_in_half_of_the_looks_keeps_its_score(photo: Rgb) -> None:
    every = Accurate(Painted(EVERYWHERE, mirror=0), 0.5)(photo)
    assert every.scores == pytest.approx([0.9])
    # Four of ten looks and one that is missing: 0.9 x 4 / 5.
    four = Accurate(Painted({500: 0.9, 800: 0.9}), 0.5)(photo)
    assert four.scores == pytest.approx([0.72])


def test_a_mistake_of_one_look_is_not_a_face(photo: Rgb) -> None:
    assert len(Accurate(Painted({1700: 0.95}, mirror=0), 0.5)(photo)) == 0


def test_what_the_detector_finds_by_itself_stays(photo: Rgb) -> None:
    found = Accurate(Painted({None: 0.8}), 0.5)(photo)
    assert found.scores == pytest.approx([0.8])
    assert found.boxes.tolist() == [[60, 100, 140, 200]]


def test_what_it_finds_by_itself_counts_once(photo: Rgb) -> None:
    found = Accurate(Painted(EVERYWHERE | {None: 0.95}), 0.5)(photo)
    assert found.scores == pytest.approx([0.9])


def test_other_scales_than_the_usual_are_looked_at_and_said(photo: Rgb) -> None:
    detector = Painted({600: 0.9, 500: 0.9})
    found = Accurate(detector, 0.5, (600, 500, 600))
    assert found(photo).scores == pytest.approx([0.9])
    assert [min(size) for size in detector.seen] == [500, 500, 600, 600, 430]
    assert found.method == "painted/500+600x2"


@pytest.mark.parametrize("sides", [(), (500, 8)])
def test_a_scale_at_which_nothing_can_be_seen_is_refused(sides: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="at least 32 pixels"):
        Accurate(Painted({}), 0.5, sides)


def test_nothing_below_the_lowest_score_is_returned(photo: Rgb) -> None:
    faint = Painted({None: 0.45} | dict.fromkeys(SHORT_SIDES, 0.45))
    assert len(Accurate(faint, 0.5)(photo)) == 0
    assert Accurate(faint, 0.5).min_score == 0.5


@pytest.mark.parametrize("size_wh", [(1024, 683), (683, 1024), (6000, 4000), (8700, 5800)])
def test_the_short_side_is_what_the_published_test_says(size_wh: tuple[int, int]) -> None:
    drawn = scales(size_wh)
    assert tuple(min(size) for size in drawn) == SHORT_SIDES
    for size in drawn:
        assert size[0] / size[1] == pytest.approx(size_wh[0] / size_wh[1], rel=0.01)


@pytest.mark.parametrize("size_wh", [(20_000, 100), (100, 20_000), (10_000, 20), (50_000, 1)])
def test_no_photo_is_drawn_larger_than_the_memory_can_take(size_wh: tuple[int, int]) -> None:
    for width, height in scales(size_wh):
        assert max(width, height) <= 3400
        assert min(width, height) >= 1


def test_small_photos_are_enlarged_four_times_and_seen_once_there() -> None:
    assert scales((112, 112)) == [(448, 448)]
    assert scales((240, 200)) == [(600, 500), (960, 800)]
    assert scales((1, 1)) == [(4, 4)]
