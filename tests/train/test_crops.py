"""What crops promise: the faces move exactly as the pixels do, and nothing false is taught."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.progress import Silent
from curator.records import Face
from curator.train.augment import Cropper, balanced_window, square_window
from curator.train.cache import cached
from curator.train.crops import GREY, Window, cut, faces_in
from curator.train.recipe import RECIPES
from curator.train.targets import Faces, faces_of


def one(box: tuple[float, ...], points: np.ndarray | None = None, trust: float = 1.0) -> Faces:
    marks = np.full((1, 5, 2), np.nan) if points is None else points.reshape(1, 5, 2)
    return Faces(
        np.array([box], np.float32), marks.astype(np.float32), np.array([trust], np.float32)
    )


def test_a_mirrored_face_has_its_eyes_and_mouth_corners_swapped() -> None:
    # By hand: in a picture 100 wide, the left eye at 30 is seen at 70 and is the right eye there.
    points = np.array([[30, 40], [50, 40], [41, 50], [33, 60], [48, 60]])
    mirrored = one((20, 30, 60, 70), points).mirrored(100)
    assert mirrored.boxes.tolist() == [[40, 30, 80, 70]]
    assert mirrored.points[0].tolist() == [[50, 40], [70, 40], [59, 50], [52, 60], [67, 60]]


@given(
    x=st.floats(-60, 150),
    y=st.floats(-60, 150),
    scale=st.floats(0.3, 2.0),
    block=st.integers(12, 60),
)
@settings(max_examples=60)
def test_a_box_still_frames_its_pixels_after_any_cut(
    x: float, y: float, scale: float, block: int
) -> None:
    photo = np.zeros((120, 140, 3), np.uint8)
    photo[40 : 40 + block, 50 : 50 + block] = 255
    window = Window(x, y, scale, 96)
    found = faces_in(one((50, 40, 50 + block, 40 + block)), window)
    bright = np.argwhere(cut(photo, window)[..., 0] > 200)
    if not len(found) or not len(bright):
        return
    top, left = bright.min(axis=0)
    bottom, right = bright.max(axis=0) + 1
    # A cut is made of whole pixels: one of the photo, and one of the crop, may be missing.
    assert np.abs(found.boxes[0] - [left, top, right, bottom]).max() <= scale + 1.5


def test_outside_the_photo_a_crop_is_the_grey_the_network_sees_as_nothing() -> None:
    crop = cut(np.full((20, 20, 3), 255, np.uint8), Window(-30, -30, 1.0, 64))
    assert (crop[:29, :] == GREY).all()
    assert (crop[31:49, 31:49] == 255).all()


@pytest.mark.parametrize(
    ("box", "taught"),
    [
        ((10, 10, 40, 40), [1.0]),  # whole
        ((-10, 10, 30, 40), [1.0]),  # three quarters of it
        ((-20, 10, 20, 40), [0.0]),  # half of it: no face to learn, no background either
        ((-57, 10, 3, 40), []),  # next to nothing of it
        ((10, 10, 14, 40), [0.0]),  # too narrow to see
    ],
)
def test_a_face_cut_off_is_taught_as_far_as_it_can_be_seen(
    box: tuple[float, ...], taught: list[float]
) -> None:
    assert faces_in(one(box), Window(0, 0, 1.0, 64)).trust.tolist() == taught


def test_points_of_a_face_go_when_one_of_them_is_outside() -> None:
    points = np.array([[2, 5], [20, 5], [12, 12], [6, 20], [18, 20]])
    inside = faces_in(one((0, 0, 30, 30), points), Window(0, 0, 1.0, 64))
    outside = faces_in(one((0, 0, 30, 30), points), Window(4, 0, 1.0, 64))
    assert not np.isnan(inside.points).any()
    assert np.isnan(outside.points).all()


def test_what_no_one_vouches_for_teaches_nothing(drawn) -> None:
    sample = drawn(1)[0]
    box, marks = (1.0, 2.0, 30.0, 40.0), tuple((float(i), float(i)) for i in range(5))
    said = (
        Face(box=box),
        Face(box=box, attributes={"invalid": 1}),
        Face(box=box, score=0.3),
        Face(box=box, score=0.9),
        Face(box=(5.0, 5.0, 5.0, 9.0)),
        Face(box=box, landmarks=marks, visibility=(2, 2, 2, 2, 0), scheme="5"),
    )
    faces = faces_of(replace(sample, faces=said))
    np.testing.assert_allclose(faces.trust, [1, 0, 0, 0.9, 1])
    assert np.isnan(faces.points).all()


def test_points_of_sixty_eight_become_five(shared_data, drawn) -> None:
    first = (shared_data / "helen/points68.csv").read_text().splitlines()[0].split(",")[1:]
    marks = np.array(first, float).reshape(68, 2)
    face = Face(
        box=(0, 0, 400, 400),
        landmarks=tuple(map(tuple, marks.tolist())),
        visibility=(2,) * 68,
        scheme="68",
    )
    five = faces_of(replace(drawn(1)[0], faces=(face,))).points[0]
    expected = [
        marks[36:42].mean(axis=0),
        marks[42:48].mean(axis=0),
        marks[30],
        marks[48],
        marks[54],
    ]
    np.testing.assert_allclose(five, expected, rtol=1e-5)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_crop_depends_on_its_number_and_the_seed_alone(name: str, drawn, tmp_path) -> None:
    samples = drawn(6)
    photos = cached(samples, tmp_path, side=640, progress=Silent())
    faces = [faces_of(sample) for sample in samples]
    recipe = RECIPES[name]
    first, second = (Cropper(photos, faces, recipe).draw(7, 96) for _ in range(2))
    other = Cropper(photos, faces, replace(recipe, seed=1)).draw(7, 96)
    assert (first.pixels == second.pixels).all()
    np.testing.assert_array_equal(first.faces.boxes, second.faces.boxes)
    assert (first.pixels != other.pixels).any()


def test_balanced_crops_show_small_and_large_faces_equally_often() -> None:
    faces, rng = one((300, 200, 340, 240)), np.random.default_rng(0)
    sizes = []
    for _ in range(2000):
        window = balanced_window((480, 640), faces, 320, (10.0, 80.0), rng)
        sizes.append(40 * window.scale)
    around = np.histogram(np.log2(np.array(sizes) / 10), bins=3, range=(0, 3))[0]
    # A quarter of the crops takes the photo as it is, at 16 to 48 pixels here.
    assert around[0] > 350
    assert around[2] > 350
    assert around.sum() > 1990


def test_square_crops_stay_inside_the_photo() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        window = square_window((90, 200), 64, rng)
        side = window.size / window.scale
        assert 0 <= window.x <= 200 - side + 1e-6
        assert 0 <= window.y <= 90 - side + 1e-6
        assert side <= 90


def test_photos_are_decoded_once_and_again_when_others_come(drawn, tmp_path, monkeypatch) -> None:
    from curator.train import cache

    samples, decoded, real = drawn(3, side=160), [], cache.decode

    def counting(data: bytes) -> np.ndarray:
        decoded.append(1)
        return real(data)

    monkeypatch.setattr(cache, "decode", counting)
    photos = cached(samples, tmp_path, side=80, progress=Silent())
    again = cached(samples, tmp_path, side=80, progress=Silent())
    assert len(decoded) == 3
    assert photos.scale(0) == 0.5
    assert (photos.photo(2) == again.photo(2)).all()
    assert photos.photo(2).shape == (80, 80, 3)
    cached(samples[:2], tmp_path, side=80, progress=Silent())
    assert len(decoded) == 5
