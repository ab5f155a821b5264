"""How a photo comes to lie in the input of a network, against OpenCV's own conversion."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from curator.detect.letterbox import Letterbox, Scratch, draw, fill, inside, padded, square

SIZES = [(640, 480), (480, 640), (1024, 683), (333, 1000), (1, 1), (10_000, 20), (20, 10_000)]


def in_canvas(box: Letterbox) -> bool:
    inner, canvas = box.inner_wh, box.canvas_wh
    return 1 <= inner[0] <= canvas[0] and 1 <= inner[1] <= canvas[1]


@pytest.mark.parametrize("photo_wh", SIZES)
def test_no_more_padding_than_the_stride_asks_for(photo_wh: tuple[int, int]) -> None:
    box = padded(photo_wh, 640, 32)
    assert max(box.inner_wh) == 640
    assert in_canvas(box)
    for inner, canvas, scale, side in zip(
        box.inner_wh, box.canvas_wh, box.scale_xy, photo_wh, strict=True
    ):
        assert canvas % 32 == 0
        assert canvas - inner < 32
        assert side * scale == pytest.approx(inner)


@pytest.mark.parametrize("photo_wh", SIZES)
@pytest.mark.parametrize("canvas_wh", [(640, 640), (640, 384), (320, 640)])
def test_a_fixed_canvas_is_filled_as_far_as_possible(
    photo_wh: tuple[int, int], canvas_wh: tuple[int, int]
) -> None:
    box = inside(photo_wh, canvas_wh)
    assert box.canvas_wh == canvas_wh
    assert in_canvas(box)
    assert box.inner_wh[0] == canvas_wh[0] or box.inner_wh[1] == canvas_wh[1]


@pytest.mark.parametrize("photo_wh", SIZES)
def test_a_square_has_one_scale(photo_wh: tuple[int, int]) -> None:
    box = square(photo_wh, 640)
    assert box.canvas_wh == (640, 640)
    assert max(box.inner_wh) == 640
    assert in_canvas(box)
    assert box.scale_xy[0] == box.scale_xy[1] == pytest.approx(box.inner_wh[1] / photo_wh[1])


@pytest.mark.parametrize(
    ("mean", "scale", "bgr"),
    [
        ((127.5, 127.5, 127.5), 1 / 128, False),
        ((104.0, 117.0, 123.0), 1.0, True),
        ((0.0, 0.0, 0.0), 1.0, True),
    ],
)
def test_the_tensor_is_what_opencv_makes(
    mean: tuple[float, float, float], scale: float, bgr: bool
) -> None:
    rng = np.random.default_rng(3)
    memory, drawing = Scratch(), Scratch()
    for height, width in ((100, 160), (90, 60), (384, 512)):
        photo = rng.integers(0, 256, (height, width, 3), np.uint8)
        box = padded((width, height), 96, 32)
        canvas = np.zeros((box.canvas_wh[1], box.canvas_wh[0], 3), np.uint8)
        canvas[: box.inner_wh[1], : box.inner_wh[0]] = cv2.resize(photo, box.inner_wh)
        # OpenCV names the mean in the order of the network's channels, too.
        expected = cv2.dnn.blobFromImage(canvas, scale, box.canvas_wh, mean, swapRB=bgr)
        # Left over from the photo before, on purpose.
        tensor = memory.array((1, 3, box.canvas_wh[1], box.canvas_wh[0]), "float32")
        fill(tensor, draw(photo, box, drawing), mean, scale, bgr=bgr)
        assert np.array_equal(tensor, expected)


def test_a_photo_of_the_right_size_is_not_copied() -> None:
    photo = np.zeros((64, 96, 3), np.uint8)
    assert draw(photo, padded((96, 64), 96, 32), Scratch()) is photo


def test_memory_is_used_again_and_grows() -> None:
    memory = Scratch()
    first = memory.array((4, 5), "float32")
    assert np.shares_memory(first, memory.array((2, 3), "float32"))
    assert memory.array((100, 5), "uint8").shape == (100, 5)
    assert memory.array((3,), "float32").dtype == np.float32
