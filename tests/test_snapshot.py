"""A picture from the camera is kept like any other, and what a crawl was worth is counted."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from curator.errors import InputError
from curator.pipeline.forget import ForgetRequest, forget
from curator.pipeline.snapshot import keep_snapshot
from curator.records import Face
from curator.store import candidates, faces, images, runs
from curator.store.dataset import Dataset, create_dataset
from curator.store.images import ImageFilter


@pytest.fixture
def dataset(tmp_path: Path) -> Iterator[Dataset]:
    with create_dataset(tmp_path / "d") as made:
        yield made


def jpeg(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(out, "JPEG")
    return out.getvalue()


def test_a_snapshot_is_kept_with_who_took_it_and_under_which_licence(dataset: Dataset) -> None:
    for colour in ("red", "blue", "red"):
        keep_snapshot(dataset, jpeg(colour), author="Ann", licence="CC0")
    with dataset.read() as connection:
        found = images.find(connection, ImageFilter())
    assert len(found) == 2
    assert {image.source for image in found} == {"camera"}
    assert {(image.author, image.licence_id) for image in found} == {("Ann", "CC0-1.0")}


def test_a_snapshot_that_cannot_be_kept_is_one_sentence(dataset: Dataset) -> None:
    with pytest.raises(InputError, match="not-an-image"):
        keep_snapshot(dataset, b"no picture")
    keep_snapshot(dataset, jpeg("red"))
    forget(dataset, ForgetRequest(source="camera"))
    with pytest.raises(InputError, match="must not be collected"):
        keep_snapshot(dataset, jpeg("red"))


def test_the_yield_of_a_run_counts_what_was_looked_at_and_shows_a_face(dataset: Dataset) -> None:
    for colour in ("red", "blue", "green"):
        keep_snapshot(dataset, jpeg(colour))
    with dataset.write() as connection:
        run = runs.begin(connection, kind="detect", method="test", params={})
        first, second, _ = images.find(connection, ImageFilter())
        face = Face(box=(1, 1, 9, 9), score=0.9, image_id=first.id, run_id=run.id)
        faces.add(connection, [face])
        images.propose(connection, [first.id, second.id], run.id)
    with dataset.read() as connection:
        (worth,) = candidates.yields(connection).values()
        newest = candidates.newest_urls(connection, limit=2)
    assert worth == {"met": 3, "kept": 3, "seen": 2, "with_face": 1}
    assert len(newest) == 2
    assert all(url.startswith("camera:") for url in newest)
