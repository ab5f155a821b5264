"""What training Ultralytics YOLO promises, told by a program that stands in its place.

The real one is slow and large; the one here takes the same words and writes the same files.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Timer

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from curator.config import settings
from curator.errors import ConfigError, InputError, MissingExtra, RunError
from curator.pipeline.curves import read_curves
from curator.progress import Silent
from curator.records import Face, Sample
from curator.train import TrainOptions
from curator.train.yolo import results, train_yolo


@pytest.fixture
def chosen(drawn) -> list[Sample]:
    splits = ("train", "train", "val", "val")
    return [replace(each, split=split) for each, split in zip(drawn(4), splits, strict=True)]


def train(samples: list[Sample], folder: Path, **options: object):
    def export(name: str, target: Path, by_identity: bool) -> None:
        target.mkdir(parents=True, exist_ok=True)
        (target / "data.yaml").write_text(f"{name} {by_identity}")

    given = TrainOptions(**{"recipe": "yolo11n", "epochs": 2} | options)  # type: ignore[arg-type]
    return train_yolo(samples, folder, given, judge=lambda *_: {}, export=export, progress=Silent())


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """What TensorBoard itself reads in a folder: the values of each tag by step."""
    read = EventAccumulator(str(folder))
    read.Reload()
    return {
        tag: [(event.step, event.value) for event in read.Scalars(tag)]
        for tag in read.Tags()["scalars"]
    }


def told(log: Path) -> list[list[str]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_a_release_becomes_onnx_quietly_and_without_downloads(
    chosen: list[Sample], log: Path, tmp_path: Path
) -> None:
    done = train(chosen, tmp_path / "runs" / "r", task="pose", more={"imgsz": "128"})
    assert done.weights.read_bytes() == b"onnx"
    assert (done.steps, done.photos) == (2, 2)
    assert done.figures == pytest.approx({"precision": 0.2, "mAP50": 0.4, "train/box_loss": 1.0})
    assert scalars(tmp_path / "runs" / "r") == {
        "train/box_loss": [(1, 2.0), (2, 1.0)],
        "metrics/precision(B)": [(1, pytest.approx(0.1)), (2, pytest.approx(0.2))],
        "metrics/mAP50(B)": [(1, pytest.approx(0.2)), (2, pytest.approx(0.4))],
        "lr/pg0": [(1, pytest.approx(0.01)), (2, pytest.approx(0.01))],
    }
    words, export = told(log)
    assert words[:3] == ["pose", "train", "model=yolo11n-pose.yaml"]
    assert {"pretrained=False", "amp=False", "plots=False", "imgsz=128", "epochs=2"} < set(words)
    # A batch is a step of the optimizer, unless somebody wants it otherwise.
    assert {"batch=8", "nbs=8"} < set(words)
    assert export[0] == "export"
    assert "format=onnx" in export
    assert (tmp_path / "runs" / "r" / "data" / "data.yaml").read_text() == "yolo-pose False"


def test_a_run_goes_on_from_its_last_epoch_and_a_finished_one_is_left(
    chosen: list[Sample], log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "runs" / "r"
    monkeypatch.setenv("FAKE_STOP", "1")
    with pytest.raises(RunError, match="ended with status 3"):
        train(chosen, folder)
    monkeypatch.delenv("FAKE_STOP")
    assert train(chosen, folder).steps == 2
    train(chosen, folder)
    assert [words[0] for words in told(log)] == ["detect", "train", "export", "export"]
    assert told(log)[1] == ["train", "resume", f"model={folder / 'weights' / 'last.pt'}"]
    # Going on tells TensorBoard no epoch twice.
    assert [step for step, _ in scalars(folder)["train/box_loss"]] == [1, 2]


def test_a_run_cannot_be_made_longer_and_says_so(
    chosen: list[Sample], log: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "runs" / "r"
    train(chosen, folder)
    for longer in ({"epochs": 3}, {"epochs": None, "minutes": 5.0}):
        with pytest.raises(RunError, match="cannot make it longer; train with another seed"):
            train(chosen, folder, **longer)
    assert train(chosen, folder, epochs=1).steps == 2
    assert [words[0] for words in told(log)] == ["detect", "export", "export"]


def test_options_of_the_batch_are_passed_on(
    chosen: list[Sample], log: Path, tmp_path: Path
) -> None:
    train(chosen, tmp_path / "a", more={"batch": "16"})
    train(chosen, tmp_path / "b", more={"batch": "16", "nbs": "64"})
    train(chosen, tmp_path / "c", more={"batch": "-1"})
    wanted = [{word for word in words if word.startswith("nbs")} for words in told(log)[::2]]
    assert wanted == [{"nbs=16"}, {"nbs=64"}, set()]


def test_figures_are_told_to_tensorboard_while_the_training_runs(
    chosen: list[Sample], log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_HANG", "1")
    folder = tmp_path / "runs" / "r"
    seen: list[dict[str, list[tuple[int, float]]]] = []

    def look() -> None:
        deadline = time.monotonic() + 180
        while not (seen and seen[-1]) and time.monotonic() < deadline:
            time.sleep(0.2)
            if any(folder.glob("events.*")):
                seen.append(scalars(folder))
        os.kill(os.getpid(), 2)

    timer = Timer(0.1, look)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        train(chosen, folder)
    timer.join()
    assert seen[-1]["train/box_loss"] == [(1, 2.0)]


def test_without_tensorboard_the_table_has_to_do(
    chosen: list[Sample], log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "curator.train.events", None)
    folder = tmp_path / "runs" / "r"
    assert train(chosen, folder).steps == 2
    assert not list(folder.glob("events.*"))


@pytest.mark.parametrize("name", ["last.pt", "best.pt"])
def test_a_checkpoint_from_elsewhere_is_not_given_to_ultralytics(
    chosen: list[Sample], log: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "runs" / "r"
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / name).write_bytes(b"pickle")
    # A run with as many epochs as are asked for would only be exported, which opens it too.
    (folder / "results.csv").write_text("epoch,time\n1,9\n2,18\n")
    (folder / ".begun-here").write_text("guessed")
    with pytest.raises(RunError, match="not begun on this machine"):
        train(chosen, folder)
    assert told(log) == []


def test_an_interruption_ends_the_program_too(
    chosen: list[Sample], log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_HANG", "1")
    folder = tmp_path / "runs" / "r"
    deadline = time.monotonic() + 180

    def interrupt() -> None:
        while not (folder / "results.csv").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(os.getpid(), 2)

    timer = Timer(0.1, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        train(chosen, folder)
    timer.join()
    assert f"project={folder.parent}" not in running()


def running() -> str:
    """The command lines of all processes."""
    lines = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            lines.append(place.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return "\n".join(lines)


def test_a_trainer_that_is_killed_is_named_and_its_last_epoch_stays(
    chosen: list[Sample], log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_HANG", "1")
    folder = tmp_path / "runs" / "r"

    def kill() -> None:
        deadline = time.monotonic() + 180
        while not (folder / "weights" / "best.pt").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        for place in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                if f"project={folder.parent}".encode() in place.read_bytes():
                    os.kill(int(place.parent.name), 9)

    timer = Timer(0.1, kill)
    timer.start()
    with pytest.raises(RunError, match="killed by signal 9; start it again"):
        train(chosen, folder)
    timer.join()
    monkeypatch.delenv("FAKE_HANG")
    assert train(chosen, folder).steps == 2


def test_what_fails_is_a_sentence(
    chosen: list[Sample], log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_FAIL", "1")
    with pytest.raises(RunError, match="ended with status 3"):
        train(chosen, tmp_path / "r")
    nobody = [replace(each, faces=(Face(box=(1, 1, 9, 9)),)) for each in chosen]
    for wrong, kind, options in (
        ("yolo99z", ConfigError, {"recipe": "yolo99z"}),
        ("detect or pose", ConfigError, {"task": "segment"}),
        ("decided here", ConfigError, {"more": {"project": "/"}}),
        ("say how long", ConfigError, {"epochs": None}),
        ("no yolov5n with points", ConfigError, {"recipe": "yolov5n", "task": "pose"}),
        ("nobody in this release", InputError, {"classes": "identity"}),
    ):
        with pytest.raises(kind, match=wrong):
            train(nobody, tmp_path / "x", **options)
    with pytest.raises(InputError, match="split val"):
        train([each for each in chosen if each.split == "train"], tmp_path / "x")


def test_without_the_environment_the_sentence_tells_how_to_make_it(
    chosen: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_ENVIRONMENTS", str(tmp_path / "none"))
    settings.cache_clear()
    with pytest.raises(MissingExtra, match="curator train setup yolo"):
        train(chosen, tmp_path / "r")
    settings.cache_clear()


def test_tables_with_nonsense_in_them_are_read_without_it(tmp_path: Path) -> None:
    table = tmp_path / "results.csv"
    table.write_text(
        "epoch, train/box_loss , metrics/mAP50(B),time\n1,nan,inf,1\n2,0.5,x,2\n3,0.4,0.7\n"
    )
    curves = read_curves(table)
    assert curves is not None
    assert curves.epochs == (1, 2, 3)
    assert list(curves.losses) == ["train/box_loss"]
    assert curves.losses["train/box_loss"][1:] == (0.5, 0.4)
    assert curves.line(curves.losses["train/box_loss"]) == ([2, 3], [0.5, 0.4])
    assert list(curves.figures) == ["metrics/mAP50(B)"]
    assert curves.line(curves.figures["metrics/mAP50(B)"]) == ([3], [0.7])
    assert results(tmp_path)[0] == {"epoch": 1, "time": 1}
    # An epoch that was done again counts once; a line that is being written counts later.
    table.write_text("epoch,train/box_loss\n1,3\n2,2\n2,1\n3,0.")
    assert results(tmp_path) == [
        {"epoch": 1, "train/box_loss": 3},
        {"epoch": 2, "train/box_loss": 1},
    ]
    table.write_bytes(bytes(range(256)))
    with pytest.raises((InputError, RunError), match="no table"):
        results(tmp_path)
    with pytest.raises(InputError, match="no table"):
        read_curves(table)
