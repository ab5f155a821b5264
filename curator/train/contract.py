"""What every trainer does, as a test class; :mod:`curator.testing` offers it with the others."""
# ruff: noqa: D102, S101 - the name of a test is its promise

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from curator.errors import ConfigError, InputError, RunError
from curator.progress import Progress, Silent
from curator.records import Detections, Sample
from curator.train import Trained, Trainer, TrainOptions


class Interrupting:
    """A listener that interrupts after some news, as a person does; counts them."""

    def __init__(self, after: int | None = None) -> None:
        self.stages: list[str] = []
        self.news = 0
        self._after = after

    def begin(self, stage: str, total: int | None) -> None:
        self.stages.append(stage)
        self._hear()

    def advance(self, done: int = 1, note: str = "") -> None:
        self._hear()

    def _hear(self) -> None:
        self.news += 1
        if self.news == self._after:
            raise KeyboardInterrupt


class TrainerContract:
    """What every trainer does.

    A subclass defines :meth:`trainer`, :meth:`samples` and :meth:`options`.

    Attributes:
        goes_beyond: False where a run that is over cannot be made longer; then it says so.
    """

    goes_beyond: ClassVar[bool] = True

    def trainer(self) -> Trainer:
        """The trainer under test."""
        raise NotImplementedError

    def samples(self) -> list[Sample]:
        """Some photos with faces in the splits train and val, other people's in test."""
        raise NotImplementedError

    def options(self) -> TrainOptions:
        """A training of one epoch, as short as it can be."""
        raise NotImplementedError

    def export(self, samples: Sequence[Sample], name: str, folder: Path, by_person: bool) -> None:
        """Write the samples in a format; only trainers that ask for one need it."""
        raise NotImplementedError

    def train(
        self,
        folder: Path,
        *,
        samples: Sequence[Sample] | None = None,
        progress: Progress | None = None,
        **more: object,
    ) -> Trained:
        """Train on the samples, or on others, with other options than the usual."""
        chosen = self.samples() if samples is None else samples
        looked_at = [sample for sample in chosen if sample.split != "test"]

        def export(name: str, target: Path, by_person: bool) -> None:
            self.export(looked_at, name, target, by_person)

        def judge(_: Sequence[Sample], found: Sequence[Detections]) -> Mapping[str, float]:
            return {"found": float(sum(map(len, found)))}

        return self.trainer()(
            chosen,
            folder,
            replace(self.options(), **more),  # type: ignore[arg-type]
            judge=judge,
            export=export,
            progress=progress or Silent(),
        )

    def test_weights_lie_in_the_folder_and_the_rest_is_told(self, tmp_path: Path) -> None:
        heard = Interrupting()
        done = self.train(tmp_path / "run", progress=heard)
        assert done.weights.suffix == ".onnx"
        assert done.weights.stat().st_size > 0
        assert done.weights.is_relative_to(tmp_path / "run")
        assert done.steps > 0
        assert done.seconds >= 0
        assert done.photos == sum(sample.split == "train" for sample in self.samples())
        assert done.figures
        assert all(math.isfinite(value) for value in done.figures.values())
        assert heard.stages
        assert all(stage.strip() for stage in heard.stages)

    def test_the_same_again_is_done_already_and_more_goes_on_or_says_why(
        self, tmp_path: Path
    ) -> None:
        first = self.train(tmp_path / "run")
        again = self.train(tmp_path / "run")
        assert (again.steps, again.weights) == (first.steps, first.weights)
        epochs = self.options().epochs
        assert epochs is not None
        try:
            more = self.train(tmp_path / "run", epochs=2 * epochs)
        except RunError as error:
            assert not self.goes_beyond
            assert len(str(error).splitlines()) == 1
        else:
            assert more.steps == 2 * first.steps

    def test_interrupted_anywhere_it_ends_at_once_and_goes_on(self, tmp_path: Path) -> None:
        heard = Interrupting()
        whole = self.train(tmp_path / "whole", progress=heard)
        for after in range(1, heard.news + 1):
            folder = tmp_path / f"run-{after}"
            try:
                self.train(folder, progress=Interrupting(after))
            except KeyboardInterrupt:
                pass
            else:
                # Less was told this time, such as seconds that went by.
                continue
            assert self.train(folder).steps == whole.steps

    def test_it_writes_into_its_folder_only_and_reads_no_photo_of_the_test(
        self, tmp_path: Path
    ) -> None:
        samples = self.samples()
        gone = [
            replace(one, place=str(tmp_path / "gone.jpg")) if one.split == "test" else one
            for one in samples
        ]
        assert gone != samples
        before = {one.file: sha256(one.file.read_bytes()).digest() for one in samples}
        beside = set(tmp_path.iterdir())
        self.train(tmp_path / "run", samples=gone)
        after = {one.file: sha256(one.file.read_bytes()).digest() for one in samples}
        assert after == before
        assert set(tmp_path.iterdir()) == beside | {tmp_path / "run"}

    def test_what_cannot_be_trained_is_refused_before_anything_is_written(
        self, tmp_path: Path
    ) -> None:
        blind = [replace(sample, faces=()) for sample in self.samples()]
        wrong: list[tuple[type[Exception], Callable[[Path], Trained]]] = [
            (ConfigError, lambda folder: self.train(folder, epochs=None, minutes=None)),
            (ConfigError, lambda folder: self.train(folder, recipe="no such recipe")),
            (ConfigError, lambda folder: self.train(folder, task="no such task")),
            (ConfigError, lambda folder: self.train(folder, classes="no such classes")),
            (InputError, lambda folder: self.train(folder, samples=[])),
            (InputError, lambda folder: self.train(folder, samples=blind)),
        ]
        for number, (kind, attempt) in enumerate(wrong):
            folder = tmp_path / str(number)
            try:
                attempt(folder)
            except kind as error:
                assert len(str(error).splitlines()) == 1
            else:
                raise AssertionError(f"case {number} was not refused with {kind.__name__}")
            assert not folder.exists()

    def test_a_place_that_cannot_be_written_is_a_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        try:
            self.train(tmp_path / "file" / "run")
        except RunError as error:
            assert str(tmp_path / "file") in str(error)
        else:
            raise AssertionError("a file in the way was not told")
