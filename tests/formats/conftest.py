"""What the tests of all formats need: samples around given faces, and exports of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from curator.formats import FORMATS, ExportOptions, ExportReport, export
from curator.records import Face, LabelledImage, Sample
from curator.testing import make_sample

Make = Callable[..., Sample]
Export = Callable[..., tuple[Path, ExportReport]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A sample with a picture of its own: ``make(name, faces, split=..., size_wh=...)``."""
    folder = tmp_path / "store"
    folder.mkdir()

    def _make(name: str, faces: Sequence[Face] = (), **kwargs: object) -> Sample:
        return make_sample(folder, name, faces, **kwargs)  # type: ignore[arg-type]

    return _make


@pytest.fixture
def export_to(tmp_path: Path) -> Export:
    """Export samples under a format's name; gives the folder and the report."""

    def _export(
        name: str, samples: Iterable[Sample], options: ExportOptions | None = None
    ) -> tuple[Path, ExportReport]:
        target = tmp_path / name
        return target, export(name, iter(samples), target, options or ExportOptions())

    return _export


@pytest.fixture
def read() -> Callable[..., list[LabelledImage]]:
    """Read everything at once."""

    def _read(name: str, path: Path, images: Path | None = None) -> list[LabelledImage]:
        return list(FORMATS.load(name).read(path, images))

    return _read


@pytest.fixture
def write_text(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a text file below the test's folder."""

    def _write(path: str, text: str) -> Path:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return _write


@pytest.fixture
def as_samples(make: Make) -> Callable[..., list[Sample]]:
    """Samples of what was read, all with the same picture."""

    def _as_samples(
        labelled: Iterable[LabelledImage], size_wh: tuple[int, int] = (4000, 4000)
    ) -> list[Sample]:
        one = make("one.jpg")
        width, height = size_wh
        return [
            Sample(
                image=replace(one.image, name=item.name, width=width, height=height),
                faces=item.faces,
                split=item.split or "train",
                place=one.place,
            )
            for item in labelled
        ]

    return _as_samples
