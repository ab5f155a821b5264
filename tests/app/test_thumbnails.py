"""What small pictures promise: the right part, the faces that count now, each made once."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from msgspec import structs
from PIL import Image as Pillow

from curator.app import thumbnails as thumbnails_module
from curator.app.thumbnails import Thumbnails, version
from curator.drawing import PROPOSED, VOUCHED
from curator.errors import StoreError
from curator.records import Face, FaceStatus, Image
from curator.store import images


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB")).astype(int)


def image_of(studio: Any, image_id: int) -> Image:
    with studio.dataset.read() as connection:
        return images.get(connection, image_id)


@pytest.fixture
def quarters(studio: Any) -> Image:
    """An image of 800 x 600: red, green, blue and white quarters."""
    picture = np.zeros((600, 800, 3), np.uint8)
    picture[:300, :400] = (255, 0, 0)
    picture[:300, 400:] = (0, 255, 0)
    picture[300:, :400] = (0, 0, 255)
    picture[300:, 400:] = 255
    return image_of(studio, studio.add("quarters.png", picture))


@pytest.mark.parametrize(
    ("status", "colour"), [(FaceStatus.PROPOSED, PROPOSED), (FaceStatus.ACCEPTED, VOUCHED)]
)
def test_faces_are_drawn_where_they_are_in_the_colour_of_their_status(
    studio: Any, quarters: Image, status: FaceStatus, colour: tuple[int, int, int]
) -> None:
    box = (500, 360, 700, 560)
    face = Face(id=1, box=box, score=0.9, status=status)
    small = pixels(Thumbnails(studio.dataset).thumbnail(quarters, [face]))
    assert small.shape == (360, 480, 3)
    for x, y in ((500, 460), (700, 460), (600, 360), (600, 560)):
        seen = small[round(y * 0.6), round(x * 0.6)]
        assert np.abs(seen - colour).max() < 60, (seen, colour)
    assert small[round(460 * 0.6), round(600 * 0.6)].min() > 240


def test_without_faces_nothing_is_drawn(studio: Any, quarters: Image) -> None:
    small = pixels(Thumbnails(studio.dataset).thumbnail(quarters))
    assert (np.abs(small[10:160, 10:220] - (255, 0, 0)) < 12).all()


def test_a_crop_is_centred_on_its_face(studio: Any, quarters: Image) -> None:
    # Around the middle of the image, where the four colours meet.
    face = Face(id=1, box=(350, 250, 450, 350))
    crop = pixels(Thumbnails(studio.dataset).crop(quarters, face))
    height, width = crop.shape[:2]
    assert height == width == 150
    corners = [crop[8, 8], crop[8, -8], crop[-8, 8], crop[-8, -8]]
    for seen, expected in zip(
        corners, [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)], strict=True
    ):
        assert np.abs(seen - expected).max() < 30


@pytest.mark.parametrize(
    "box",
    [
        (100, 100, 100, 100),
        (-50, -50, 20, 20),
        (790, 590, 900, 700),
        (-500, -500, -400, -400),
        (5000, 10, 5100, 60),
        (60, 60, 20, 20),
        (-1e6, -1e6, 1e6, 1e6),
    ],
)
def test_a_box_of_any_kind_has_a_crop(
    studio: Any, quarters: Image, box: tuple[float, float, float, float]
) -> None:
    crop = pixels(Thumbnails(studio.dataset).crop(quarters, Face(id=1, box=box)))
    assert min(crop.shape[:2]) >= 1
    assert max(crop.shape[:2]) <= 192


def test_another_state_of_the_faces_is_another_picture(studio: Any, quarters: Image) -> None:
    face = Face(id=1, box=(100, 100, 200, 200))
    states = [
        (),
        (face,),
        (structs.replace(face, version=2),),
        (structs.replace(face, id=2),),
        (structs.replace(face, status=FaceStatus.CORRECTED),),
        (face, structs.replace(face, id=2)),
    ]
    assert len({version(quarters, state) for state in states}) == len(states)
    other = replace(quarters, sha256="0" * 64)
    assert version(other) != version(quarters)


def test_a_picture_is_made_once_and_older_ones_are_forgotten(studio: Any, quarters: Image) -> None:
    face = Face(id=1, box=(100, 100, 200, 200))
    thumbnails = Thumbnails(studio.dataset)
    once = thumbnails.thumbnail(quarters, [face])
    studio.dataset.blobs.path(quarters.sha256, quarters.mime).unlink()
    # Another program over the same folder: it must come from the disk.
    assert Thumbnails(studio.dataset).thumbnail(quarters, [face]) == once
    studio.dataset.blobs.put(b"", quarters.sha256, quarters.mime)
    with pytest.raises(Exception, match="empty"):
        thumbnails.thumbnail(quarters, [structs.replace(face, version=2)])


def test_the_cache_holds_one_picture_of_a_kind(studio: Any, quarters: Image) -> None:
    thumbnails = Thumbnails(studio.dataset)
    for number in range(1, 4):
        thumbnails.thumbnail(quarters, [Face(id=1, version=number, box=(1, 1, 9, 9))])
        thumbnails.crop(quarters, Face(id=1, version=number, box=(1, 1, 9, 9)))
    thumbnails.thumbnail(quarters)
    thumbnails.display(quarters)
    kinds = sorted(file.name.split("-")[1] for file in studio.dataset.cache.rglob("*.jpg"))
    assert kinds == ["display", "face", "faces", "plain"]


def test_a_cache_that_was_deleted_is_filled_again(studio: Any, quarters: Image) -> None:
    import shutil

    thumbnails = Thumbnails(studio.dataset)
    once = thumbnails.thumbnail(quarters)
    shutil.rmtree(studio.dataset.cache)
    assert thumbnails.thumbnail(quarters) == once


def test_a_disk_that_is_full_is_no_reason_to_show_nothing(
    studio: Any, quarters: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(thumbnails_module, "write_atomic", full)
    assert pixels(Thumbnails(studio.dataset).thumbnail(quarters)).shape == (360, 480, 3)


def test_many_at_once_get_the_same_whole_picture(studio: Any, quarters: Image) -> None:
    thumbnails = Thumbnails(studio.dataset)
    face = Face(id=1, box=(100, 100, 300, 300))
    with ThreadPoolExecutor(8) as pool:
        crops = set(pool.map(lambda _: thumbnails.crop(quarters, face), range(32)))
        whole = set(pool.map(lambda _: thumbnails.thumbnail(quarters, [face]), range(32)))
    assert len(crops) == len(whole) == 1
    assert not [file for file in studio.dataset.cache.rglob(".*") if file.is_file()]


def test_a_small_image_is_enlarged_so_that_lines_stay_fine(studio: Any) -> None:
    image = image_of(studio, studio.add("tiny.jpg", np.full((112, 112, 3), 128, np.uint8)))
    face = Face(id=1, box=(28, 28, 84, 84), status=FaceStatus.ACCEPTED)
    small = pixels(Thumbnails(studio.dataset).thumbnail(image, [face]))
    assert small.shape == (448, 448, 3)
    assert np.abs(small[112, 224] - VOUCHED).max() < 60
    assert np.abs(small[120, 224] - 128).max() < 12
