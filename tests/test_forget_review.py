"""What is forgotten is gone from FiftyOne too, and what people did there to the others stays."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from curator.environments import REVIEW, problem, python_of, variables_of
from curator.errors import InputError
from curator.evaluate.predictions import text
from curator.pipeline.evaluate import EvaluateRequest, evaluate
from curator.pipeline.forget import ForgetRequest, forget
from curator.pipeline.labels import ImportOptions, import_labels
from curator.pipeline.release import Selection, SplitOptions, release
from curator.progress import Silent
from curator.records import Image, Run
from curator.review.forgetting import Reviews
from curator.review.process import Bridge
from curator.review.pushing import push
from curator.store import images
from curator.store.dataset import Dataset, create_dataset
from curator.store.images import ImageFilter

NAMES = ("Grace-Hopper.jpg", "Ada-Lovelace.jpg", "Emmy-Noether.jpg")
IN_FIFTYONE = """
import sys, fiftyone as fo
dataset = fo.load_dataset(sys.argv[1])
if sys.argv[2] == "tag":
    for sample in dataset:
        sample.tags.append("relabel")
        sample["mine"] = "a note on " + sample["name"]
        sample.save()
    dataset.save_view("my view", dataset.match_tags("relabel"))
    fo.load_dataset(sys.argv[1]).clone("a copy of mine", persistent=True)
for name in sorted(fo.list_datasets()):
    one = fo.load_dataset(name)
    print("SAW", name, one.list_saved_views().count("my view"), sorted(one.values("mine")))
    print("VIEW", len(one.load_saved_view("my view")))
"""


@pytest.fixture
def dataset(tmp_path: Path) -> Iterator[Dataset]:
    """A photo with a face of each, all in the split val."""
    lines = []
    for number, name in enumerate(NAMES):
        photo = tmp_path / "photos" / name
        photo.parent.mkdir(exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 255, (120, 160, 3), np.uint8)
        Pillow.fromarray(noise).save(photo)
        lines += [name, "1", "10 10 40 50 2 0 0 0 1 0"]
    truth = tmp_path / "gt.txt"
    truth.write_text("\n".join(lines) + "\n")
    photos = tmp_path / "photos"
    with create_dataset(tmp_path / "faces") as made:
        import_labels(made, "wider", truth, photos, options=ImportOptions(), progress=Silent())
        shares = SplitOptions(shares={"train": 0.0, "val": 1.0, "test": 0.0})
        release(made, "v1", Selection(), shares, Silent())
        yield made


@pytest.fixture
def run(dataset: Dataset, tmp_path: Path) -> Run:
    """Judged and pushed."""
    said = problem(REVIEW)
    if said is not None:
        pytest.skip(said)
    for name in NAMES:
        file = tmp_path / "said" / f"{Path(name).stem}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text(file.stem, np.array([(10, 10, 50, 60)], float), np.array([0.9])))
    request = EvaluateRequest(release="v1", predictions=tmp_path / "said", confidence=0.1)
    judged = evaluate(dataset, request, Silent())
    push(dataset, judged.name, Silent())
    return judged


def in_fiftyone(dataset: Dataset, run: Run, task: str) -> list[str]:
    folder = dataset.folder / "review"
    variables = variables_of(
        REVIEW,
        FIFTYONE_DATABASE_DIR=str(folder / "database"),
        FIFTYONE_CONFIG_PATH=str(folder / "config.json"),
    )
    command = [str(python_of(REVIEW)), "-c", IN_FIFTYONE, Bridge(dataset).name_of(run), task]
    done = subprocess.run(command, capture_output=True, check=False, env=variables, text=True)
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith(("SAW", "VIEW"))]


def traces(folder: Path, *words: bytes) -> set[str]:
    """Files that hold one of the words, the database's pages and journal among them."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(folder))
        for path in files
        if any(word in path.read_bytes() for word in words)
    }


def one(dataset: Dataset, name: str) -> Image:
    with dataset.read() as connection:
        return next(i for i in images.find(connection, ImageFilter()) if i.name == name)


@pytest.mark.timeout(900)
def test_nothing_of_a_forgotten_image_is_left_in_fiftyone(dataset: Dataset, run: Run) -> None:
    name = Bridge(dataset).name_of(run)
    notes = [f"a note on {who}" for who in sorted(NAMES)]
    assert in_fiftyone(dataset, run, "tag") == [
        f"SAW a copy of mine 1 {notes}",
        "VIEW 3",
        f"SAW {name} 1 {notes}",
        "VIEW 3",
    ]
    image = one(dataset, NAMES[0])
    review, file = dataset.folder / "review", image.sha256.encode()
    # The search finds what is there.
    assert any(where.startswith("database") for where in traces(review, b"Grace-Hopper"))
    assert any(where.startswith("database") for where in traces(review, file))

    with pytest.raises(InputError) as caught:
        forget(dataset, ForgetRequest(image=NAMES[0]), [Reviews()])
    assert f"FiftyOne: a copy of mine and by FiftyOne: {name}: say" in str(caught.value)
    report = forget(dataset, ForgetRequest(image=NAMES[0], from_releases=True), [Reviews()])

    assert report.elsewhere == ("FiftyOne: a copy of mine", f"FiftyOne: {name}")
    assert traces(dataset.folder, b"Grace-Hopper") == set()
    # The digest alone stays, on the list of what must not come again.
    assert traces(dataset.folder, file) == {"curator.sqlite"}
    assert (report.left, report.scrubbed) == ((), True)
    assert in_fiftyone(dataset, run, "look") == [
        f"SAW a copy of mine 1 {notes[:2]}",
        "VIEW 2",
        f"SAW {name} 1 {notes[:2]}",
        "VIEW 2",
    ]
    tagged = Bridge(dataset).pull(run)
    assert tagged is not None
    assert [sorted(row["tags"]) for row in tagged] == [["relabel", "val"]] * 2
    # It is a database like any other: the run is pushed into it again.
    assert push(dataset, run.name, Silent())[1] == 2


def test_a_dataset_that_was_never_reviewed_asks_nobody(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_ENVIRONMENTS", "/nowhere")
    report = forget(dataset, ForgetRequest(image=NAMES[0], from_releases=True), [Reviews()])
    assert (report.images, report.elsewhere) == (1, ())
    assert not (dataset.folder / "review").exists()
