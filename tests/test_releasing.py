"""While a release is made others may write, and it is seen only once it is whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from curator.errors import InputError
from curator.pipeline.export import samples
from curator.pipeline.forget import ForgetRequest, forget
from curator.pipeline.release import Selection, SplitOptions, release
from curator.progress import Silent
from curator.records import Face
from curator.store import faces, images, releases, runs
from curator.store.dataset import Dataset, create_dataset
from curator.store.images import ImageFilter
from curator.store.rows import now

IMAGES = 1100


@pytest.fixture
def dataset(tmp_path: Path) -> Iterator[Dataset]:
    with create_dataset(tmp_path / "faces") as made:
        fill(made)
        yield made


def fill(dataset: Dataset) -> None:
    with dataset.write() as connection:
        run = runs.begin(connection, kind="import", method="test", params={})
        rows = [
            {
                "sha256": f"{number:064x}",
                "phash": f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}",
                "width": 100,
                "height": 80,
                "mime": "image/jpeg",
                "name": f"{number:04}.jpg",
                "source": "test",
                "url": f"file:///{number}.jpg",
                "fetched_at": now(),
            }
            for number in range(IMAGES)
        ]
        stored = [image_id for image_id, _ in images.add(connection, rows)]
        faces.add(connection, [Face(image_id=i, run_id=run.id, box=(1, 2, 30, 40)) for i in stored])
        images.vouch(connection, stored, run.id)


class Meddler(Silent):
    """Writes into the dataset, and looks for the release, while it is being frozen."""

    def __init__(self, dataset: Dataset, *, breaks_at: int | None = None) -> None:
        self.dataset, self.breaks_at = dataset, breaks_at
        self.freezing, self.done = False, 0

    def begin(self, stage: str, total: int | None) -> None:
        self.freezing = stage == "freezing"

    def advance(self, done: int = 1, note: str = "") -> None:
        if not self.freezing:
            return
        self.done += done
        if self.done == self.breaks_at:
            raise KeyboardInterrupt
        if self.done == 1:
            with self.dataset.write() as connection:
                *_, last = images.find(connection, ImageFilter())
                face = Face(image_id=last.id, run_id=last.run_id, box=(0, 0, 5, 5))
                faces.add(connection, [face])
                assert releases.every(connection) == []


def test_others_write_while_a_release_is_made_and_do_not_change_it(dataset: Dataset) -> None:
    meddler = Meddler(dataset)
    made = release(dataset, "v1", Selection(), SplitOptions(), meddler)
    assert meddler.done == made.images == made.faces == IMAGES
    assert [len(sample.faces) for sample in samples(dataset, "v1")] == [1] * IMAGES
    with dataset.read() as connection:
        assert faces.count(connection) == IMAGES + 1
        assert releases.verify(connection, "v1")


def test_a_release_that_is_interrupted_leaves_nothing(dataset: Dataset) -> None:
    with pytest.raises(KeyboardInterrupt):
        release(dataset, "v1", Selection(), SplitOptions(), Meddler(dataset, breaks_at=700))
    with dataset.read() as connection:
        for table in ("release", "release_sample"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0
    assert release(dataset, "v1", Selection(), SplitOptions(), Silent()).images == IMAGES


class Forgetful(Silent):
    """Has an image forgotten that is written into the release already."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset, self.done = dataset, 0

    def begin(self, stage: str, total: int | None) -> None:
        self.done = 0 if stage == "freezing" else -IMAGES

    def advance(self, done: int = 1, note: str = "") -> None:
        self.done += done
        if self.done == IMAGES // 2 + 1:
            forget(self.dataset, ForgetRequest(image="0000.jpg"))


def test_what_is_forgotten_meanwhile_stands_in_no_release(dataset: Dataset) -> None:
    # The release reads while it is made, so that nothing can be overwritten: nobody waits for it.
    event.listen(dataset._engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout=200"))
    dataset._engine.dispose()
    with pytest.raises(InputError, match="images were forgotten; run it again"):
        release(dataset, "v1", Selection(), SplitOptions(), Forgetful(dataset))
    made = release(dataset, "v1", Selection(), SplitOptions(), Silent())
    assert made.images == IMAGES - 1
    with dataset.read() as connection:
        assert releases.verify(connection, "v1")
