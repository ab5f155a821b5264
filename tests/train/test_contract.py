"""Every trainer of the registry keeps the contract."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from curator import formats
from curator.formats import ExportOptions
from curator.formats.options import ClassBy
from curator.progress import Silent
from curator.records import Sample
from curator.testing import TrainerContract
from curator.train import TRAINERS, Trainer, TrainOptions
from curator.train.recipe import RECIPES

TINY = {"body": "thin", "sizes": ((1.0, 64),), "batch": 4, "side": 160, "warmup": 2}


class Drawn(TrainerContract):
    """On drawn faces."""

    @pytest.fixture(autouse=True)
    def _draw(self, drawn) -> None:
        splits = ("train", "train", "train", "train", "val", "val", "test")
        made = drawn(len(splits), seed=3)
        self.made = [replace(one, split=split) for one, split in zip(made, splits, strict=True)]

    def samples(self) -> list[Sample]:
        return list(self.made)


class TestRetinaFace(Drawn):
    @pytest.fixture(autouse=True)
    def _tiny(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tiny = replace(RECIPES["modern"], face_sizes=(12.0, 40.0), **TINY)
        monkeypatch.setitem(RECIPES, "modern", tiny)
        torch.set_num_threads(1)

    def trainer(self) -> Trainer:
        return TRAINERS.load("retinaface")

    def options(self) -> TrainOptions:
        return TrainOptions(recipe="modern", epochs=1, device="cpu", threads=1)

    # What trains many times.
    @pytest.mark.usefixtures("alone")
    def test_interrupted_anywhere_it_ends_at_once_and_goes_on(self, tmp_path: Path) -> None:
        super().test_interrupted_anywhere_it_ends_at_once_and_goes_on(tmp_path)

    @pytest.mark.usefixtures("alone")
    def test_the_same_again_is_done_already_and_more_goes_on_or_says_why(
        self, tmp_path: Path
    ) -> None:
        super().test_the_same_again_is_done_already_and_more_goes_on_or_says_why(tmp_path)

    def test_interrupted_while_another_process_draws_it_leaves_none_behind(
        self, tmp_path: Path
    ) -> None:
        drawing: list[int] = []

        class Impatient(Silent):
            def advance(self, done: int = 1, note: str = "") -> None:
                if note.startswith("loss"):
                    drawing.extend(child.pid or 0 for child in multiprocessing.active_children())
                    raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            self.train(tmp_path / "run", progress=Impatient())
        assert len(drawing) == 1
        assert multiprocessing.active_children() == []


class TestYolo(Drawn):
    """Against the program that stands in for Ultralytics."""

    goes_beyond = False

    @pytest.fixture(autouse=True)
    def _program(self, log: Path) -> None:
        self.log = log

    def trainer(self) -> Trainer:
        return TRAINERS.load("yolo")

    def options(self) -> TrainOptions:
        return TrainOptions(recipe="yolo11n", epochs=1, device="cpu", threads=1)

    def export(self, samples: Sequence[Sample], name: str, folder: Path, by_person: bool) -> None:
        options = ExportOptions(class_by=ClassBy.IDENTITY if by_person else ClassBy.FACE)
        formats.export(name, samples, folder, options)


def test_every_trainer_is_under_contract() -> None:
    under = {test.__name__.removeprefix("Test").lower() for test in (TestRetinaFace, TestYolo)}
    assert under == set(TRAINERS.names())
