"""From a release to weights with two commands, and what the validation split says on the way."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

from curator.cli import training
from curator.errors import NotFound
from curator.evaluate.wider_truth import LEVELS as OFFICIAL
from curator.pipeline import learn
from curator.pipeline.labels import ImportOptions, import_labels
from curator.pipeline.release import Selection, SplitOptions, release
from curator.progress import Silent
from curator.records import Detections, Face, RunStatus
from curator.store import runs
from curator.store.dataset import create_dataset, open_dataset
from curator.train.recipe import RECIPES


def detections(*rows: tuple[tuple[float, ...], float]) -> Detections:
    boxes = np.array([box for box, _ in rows], np.float32).reshape(-1, 4)
    scores = np.array([score for _, score in rows], np.float32)
    return Detections(boxes, scores, np.zeros((len(rows), 5, 2), np.float32))


def test_the_levels_watched_are_those_of_wider_face_by_name() -> None:
    assert tuple(learn.LEVELS) == tuple(OFFICIAL)


def test_average_precision_by_size_of_face_by_hand(drawn) -> None:
    # Heights 80, 40 and 12: one face counts as easy, two as medium, three as hard. The two large
    # ones are found, and one that is not there is found with the middle score: precision is 1
    # up to the first, 2/3 at the second.
    large, middling, small = (0, 0, 80, 80), (100, 0, 140, 40), (100, 100, 112, 112)
    sample = replace(
        drawn(1)[0], faces=tuple(Face(box=tuple(map(float, b))) for b in (large, middling, small))
    )
    found = detections((large, 0.9), ((0, 100, 40, 140), 0.8), (middling, 0.7))
    figures = learn.judge([sample], [found])
    assert figures["ap_easy"] == pytest.approx(1.0)
    assert figures["ap_medium"] == pytest.approx((1 + 2 / 3) / 2)
    assert figures["ap_hard"] == pytest.approx((1 + 2 / 3) / 3)
    # F1 is 2/4 with the first alone, 2/5 with the second too, 4/6 with all three: with a score of
    # 0.7, which is calibrated like all others.
    slope, centre = figures["score_slope"], figures["score_centre"]
    assert centre == pytest.approx(0.9)
    best = 1 / (1 + np.exp(-slope * (np.log(0.7 / 0.3) - np.log(0.9 / 0.1))))
    assert figures["confidence"] == pytest.approx(best)


def test_proposals_and_invalid_faces_are_neither_right_nor_wrong(drawn) -> None:
    truth, other = (0.0, 0.0, 80.0, 80.0), (90.0, 0.0, 150.0, 70.0)
    for doubtful in (Face(box=other, score=0.9), Face(box=other, attributes={"invalid": 1})):
        sample = replace(drawn(1)[0], faces=(Face(box=truth), doubtful))
        for found in (detections((truth, 0.8)), detections((other, 0.9), (truth, 0.8))):
            figures = learn.judge([sample], [found])
            assert figures["ap_easy"] == pytest.approx(1.0)
            assert "confidence" not in figures


@pytest.fixture
def dataset(drawn, tmp_path: Path) -> Path:
    """A dataset with a release of twelve drawn photos."""
    samples = drawn(12, seed=5)
    folder = samples[0].file.parent
    lines = ["image,x_min,y_min,x_max,y_max,scheme,landmarks"]
    for sample in samples:
        for face in sample.faces:
            marks = " ".join(f"{x} {y} 2" for x, y in face.landmarks)
            lines.append(",".join(map(str, (sample.file.name, *face.box, "5", marks))))
    table = tmp_path / "faces.csv"
    table.write_text("\n".join(lines) + "\n")
    with create_dataset(tmp_path / "drawn") as made:
        import_labels(made, "csv", table, folder, options=ImportOptions(), progress=Silent())
        shares = SplitOptions(shares={"train": 0.75, "val": 0.25, "test": 0.0})
        release(made, "v1", Selection(), shares, Silent())
    return tmp_path / "drawn"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch):
    """Runs the verbs of training, with a tiny network on small crops."""
    quick = replace(
        RECIPES["modern"],
        body="thin",
        sizes=((1.0, 64),),
        batch=4,
        side=160,
        face_sizes=(12.0, 40.0),
    )
    monkeypatch.setitem(RECIPES, "modern", quick)
    app = typer.Typer()
    training.register(app)
    torch.set_num_threads(1)

    def run(*words: object):
        return CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)

    return run


def test_one_command_makes_weights_a_curve_and_a_run(command, dataset: Path) -> None:
    words = ("train", "retinaface", "--release", "v1", "--epochs", 2, "-d", dataset, "--json")
    ran = command(*words)
    assert ran.exit_code == 0
    said = json.loads(ran.stdout)
    folder = Path(said["folder"])
    assert folder == dataset / "runs" / "retinaface-v1-modern-0"
    assert Path(said["weights"]).is_file()
    with (folder / "curve.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    # Nine photos in batches of four are three steps an epoch.
    assert [int(row["step"]) for row in rows] == [3, 6]
    assert float(rows[-1]["ap_hard"]) >= 0
    with open_dataset(dataset) as opened, opened.read() as connection:
        run = runs.get(connection, said["run_id"])
    assert (run.kind, run.method, run.status) == ("train", "retinaface:modern", RunStatus.DONE)
    assert run.metrics["loss_total"] == pytest.approx(float(rows[-1]["loss_total"]))


@pytest.mark.usefixtures("alone")
def test_the_same_command_with_more_epochs_goes_on(command, dataset: Path) -> None:
    words = ("train", "retinaface", "--release", "v1", "-d", dataset, "--json", "--epochs")
    first, second = (json.loads(command(*words, epochs).stdout) for epochs in (1, 2))
    assert (first["steps"], second["steps"]) == (3, 6)
    assert first["run_id"] == second["run_id"]


def test_an_unknown_release_is_named(command, dataset: Path) -> None:
    with pytest.raises(NotFound, match="no release 'v2'; there are: v1"):
        command("train", "retinaface", "--release", "v2", "--epochs", 1, "-d", dataset)


def test_the_verbs_load_no_torch_before_they_train() -> None:
    import subprocess

    code = "import curator.cli.training, sys; print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
