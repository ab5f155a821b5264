"""What is forgotten is gone: every byte of the dataset folder is searched for it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from curator.app.thumbnails import Thumbnails
from curator.errors import InputError, NotFound
from curator.jobs import start as jobs
from curator.pipeline.export import export
from curator.pipeline.forget import ForgetRequest, forget
from curator.pipeline.ingest import CollectRequest, collect
from curator.pipeline.labels import ImportOptions, import_labels
from curator.pipeline.optout import OptOuts, opt_out
from curator.pipeline.release import Selection, SplitOptions, release
from curator.progress import Silent
from curator.records import Face, Image, ImageStatus, RunStatus
from curator.store import faces, images, releases, runs
from curator.store import jobs as job_rows
from curator.store.dataset import Dataset, create_dataset
from curator.store.images import ImageFilter

NAME = "Grace-Hopper.jpg"
PERSON = "Grace Brewster Hopper"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Noise, so that a few bytes of one picture are in no other."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(6)
    for name in (NAME, f"not-{NAME}", *(f"{number}.jpg" for number in range(18))):
        pixels = rng.integers(0, 255, (96, 128, 3), dtype=np.uint8)
        Pillow.fromarray(pixels).save(folder / name, quality=95)
    (folder / "sub").mkdir()
    # The same content once more, under another name.
    shutil.copy(folder / NAME, folder / "sub" / f"copy-of-{NAME}")
    return folder


@pytest.fixture
def dataset(tmp_path: Path, photos: Path) -> Iterator[Dataset]:
    """Collected, with a face each, looked at, released, exported, and talked about in logs."""
    with create_dataset(tmp_path / "data") as made:
        collect(made, CollectRequest(source="folder", target=str(photos)), Silent())
        with made.write() as connection:
            run = runs.begin(connection, kind="detect", method="test", params={})
            found = images.find(connection, ImageFilter())
            for image in found:
                face = Face(
                    box=(10.0, 10.0, 60.0, 60.0),
                    score=0.9,
                    image_id=image.id,
                    run_id=run.id,
                    identity=PERSON if image.name == NAME else None,
                )
                faces.add(connection, [face])
            runs.mark(connection, run.id, {image.id: None for image in found})
            images.propose(connection, [image.id for image in found], run.id)
            runs.finish(connection, run.id, metrics={"worst": [NAME, "1.jpg"]})
            job = job_rows.add(connection, "export", {"release": "v1", "format": "wider"})
            result = {"losses": {"points": {"count": 2, "examples": [NAME, "2.jpg"]}}}
            job_rows.finish(connection, job, RunStatus.DONE, f"wrote {NAME}", result)
        release(made, "v1", Selection(), SplitOptions(), Silent())
        for name in ("wider", "yolo"):
            export(made, "v1", name, made.exports / f"v1-{name}", progress=Silent())
        log = made.folder / jobs.log_path(job)
        log.write_text(f"reading photos: ?\n  {NAME}\n  sub/copy-of-{NAME}\n  1.jpg\n")
        pictures = Thumbnails(made)
        image = one(made, NAME)
        pictures.display(image)
        pictures.thumbnail(image)
        yield made


def one(dataset: Dataset, name: str) -> Image:
    with dataset.read() as connection:
        return next(i for i in images.find(connection, ImageFilter()) if i.name == name)


def traces(folder: Path, *words: bytes) -> dict[str, list[bytes]]:
    """Files that hold one of the words, or bear it in their name; the database's pages too."""
    found: dict[str, list[bytes]] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            text = str(path.relative_to(folder)).encode() + b"\n" + path.read_bytes()
            if hits := [word for word in words if word in text]:
                found[str(path.relative_to(folder))] = hits
    return found


def words_of(photos: Path) -> list[bytes]:
    """Pieces of the picture from everywhere in it, its names, and the person's name."""
    data = (photos / NAME).read_bytes()
    pieces = [data[at : at + 24] for at in range(700, len(data) - 24, len(data) // 40)]
    # Not the end of another name.
    names = [f"/{NAME}", f'"{NAME}', f" {NAME}", f"-of-{NAME}", PERSON]
    return [*pieces, *(name.encode() for name in names)]


def test_nothing_of_a_forgotten_image_is_left_in_the_folder(dataset: Dataset, photos: Path) -> None:
    words = words_of(photos)
    image = one(dataset, NAME)
    small = [p.read_bytes()[700:740] for p in dataset.cache.rglob("*.jpg")]
    assert len(small) == 2
    # The search finds what is there, in the database's pages too.
    before = traces(dataset.folder, *words)
    assert {name.partition("/")[0] for name in before} >= {"images", "exports", "logs"}
    assert any(name.startswith("curator.sqlite") for name in before)

    report = forget(dataset, ForgetRequest(image=NAME, from_releases=True))

    assert traces(dataset.folder, *words, *small) == {}
    assert (report.images, report.left, report.scrubbed) == (1, (), True)
    assert report.releases == ("v1",)
    assert sorted(Path(p).name for p in report.exports) == ["v1-wider", "v1-yolo"]
    # All others are there, with their likes in name, and the release is whole in itself.
    with dataset.read() as connection:
        left = images.find(connection, ImageFilter())
        assert len(left) == 19
        assert f"not-{NAME}" in {item.name for item in left}
        assert releases.verify(connection, "v1")
        made = releases.get(connection, "v1")
        assert (made.images, made.faces) == (19, 19)
        assert made.report["forgotten"]["images"] == 1
        assert image.sha256 not in releases.contents(connection, made.id)
    for item in left:
        path = dataset.blobs.path(item.sha256, item.mime)
        assert sha256(path.read_bytes()).hexdigest() == item.sha256
    assert "1.jpg" in (dataset.logs / "job-1.log").read_text()
    export(dataset, "v1", "wider", dataset.exports / "v1-wider", progress=Silent())


def test_what_is_forgotten_is_not_collected_again(dataset: Dataset, photos: Path) -> None:
    forget(dataset, ForgetRequest(image=NAME, from_releases=True))
    (photos / "renamed.jpg").write_bytes((photos / NAME).read_bytes())
    (photos / "new.jpg").write_bytes((photos / "1.jpg").read_bytes() + b"x")
    report = collect(dataset, CollectRequest(source="folder", target=str(photos)), Silent())
    assert (report.kept, report.opted_out) == (1, 3)
    assert traces(dataset.folder, *words_of(photos), b"renamed.jpg") == {}


def test_what_is_forgotten_does_not_come_back_with_labels(
    dataset: Dataset, photos: Path, tmp_path: Path
) -> None:
    forget(dataset, ForgetRequest(image=NAME, from_releases=True))
    truth = tmp_path / "gt.txt"
    truth.write_text("".join(f"{name}\n1\n5 5 30 30 0 0 0 0 0 0\n" for name in (NAME, "1.jpg")))
    options = ImportOptions(
        keep_splits=False, licence=None, max_bytes=10**7, max_pixels=10**8, threads=1
    )
    report = import_labels(dataset, "wider", truth, photos, options=options, progress=Silent())
    assert report.skipped == {"opted-out": [NAME]}
    assert report.images == 1
    assert traces(dataset.folder, *words_of(photos)) == {}


def test_a_release_that_holds_it_is_named_and_nothing_happens_without_a_word(
    dataset: Dataset, photos: Path
) -> None:
    before = traces(dataset.folder, *words_of(photos))
    with pytest.raises(InputError, match=r"held by the releases v1 .*--from-releases") as caught:
        forget(dataset, ForgetRequest(image=NAME))
    assert str(dataset.exports / "v1-yolo") in str(caught.value)
    assert traces(dataset.folder, *words_of(photos)).keys() == before.keys()
    assert one(dataset, NAME).status is ImageStatus.PROPOSED


def test_a_person_is_forgotten_with_every_image_that_shows_him(
    dataset: Dataset, photos: Path
) -> None:
    report = forget(dataset, ForgetRequest(identity=PERSON, from_releases=True))
    assert report.images == 1
    assert traces(dataset.folder, *words_of(photos)) == {}


def test_a_source_is_forgotten_whole(dataset: Dataset, photos: Path) -> None:
    below = ForgetRequest(source=f"file://{photos}/sub", from_releases=True)
    with pytest.raises(NotFound):
        # The image is known by the first of its addresses.
        forget(dataset, below)
    assert forget(dataset, ForgetRequest(source="folder", from_releases=True)).images == 20
    with dataset.read() as connection:
        assert images.count(connection, ImageFilter()) == 0
    assert [p for p in (dataset.folder / "images").rglob("*") if p.is_file()] == []
    assert collect(dataset, CollectRequest(source="folder", target=str(photos)), Silent()).kept == 0


class Viewer:
    """Another holder of copies."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def holding(self, _: Dataset, forgotten: Sequence[Image]) -> list[str]:
        return [f"the viewer's {image.name}" for image in forgotten]

    def remove(self, _: Dataset, forgotten: Sequence[Image]) -> None:
        self.told.extend(image.name for image in forgotten)


def test_other_holders_of_copies_are_named_and_told_on_demand(dataset: Dataset) -> None:
    viewer = Viewer()
    with pytest.raises(InputError, match=f"v1 .* and by the viewer's {NAME}: say --from-releases"):
        forget(dataset, ForgetRequest(image=NAME), [viewer])
    assert viewer.told == []
    report = forget(dataset, ForgetRequest(image=NAME, from_releases=True), [viewer])
    assert (viewer.told, report.elsewhere) == ([NAME], (f"the viewer's {NAME}",))


def test_a_reader_that_keeps_old_pages_alive_is_reported(dataset: Dataset) -> None:
    reader = sqlite3.connect(dataset.folder / "curator.sqlite")
    reader.execute("PRAGMA busy_timeout=0")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM image").fetchone()
    with dataset._engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=200")
    report = forget(dataset, ForgetRequest(image=NAME, from_releases=True))
    assert not report.scrubbed
    reader.close()
    assert dataset.scrub()


@pytest.mark.parametrize(
    "request_", [ForgetRequest(), ForgetRequest(image="1", source="folder")], ids=["none", "two"]
)
def test_one_thing_has_to_be_named(dataset: Dataset, request_: ForgetRequest) -> None:
    with pytest.raises(InputError, match="name one thing to forget"):
        forget(dataset, request_)
    with pytest.raises(NotFound, match="no image of the image 'nobody'"):
        forget(dataset, ForgetRequest(image="nobody"))


def test_the_list_of_what_must_not_be_collected_takes_files_and_says_where_they_are_wrong(
    dataset: Dataset, tmp_path: Path
) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text(f"# by mail\nexample.org # all\nhttps://example.com/a.jpg\n{'a' * 64}\n")
    known = opt_out(dataset, OptOuts(hosts=("Photos.Example.",)), listed)
    assert known.counts == {"host": 2, "sha256": 1, "url": 1}
    assert known.hosts == ("example.org", "photos.example")
    listed.write_text("example.org\nno host at all\n")
    with pytest.raises(InputError, match=r"list\.txt, line 2: 'no host at all' is no host"):
        opt_out(dataset, OptOuts(), listed)
