"""One go of detecting, measuring and judging is those three, and done once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from curator.errors import ConfigError
from curator.jobs.tasks import TASKS, checked
from curator.pipeline.annotate import DetectRequest, detect
from curator.pipeline.ingest import CollectRequest, collect
from curator.pipeline.measure import MeasureRequest, measure
from curator.pipeline.prepare import prepare
from curator.pipeline.quality import ask_people, judged, read_rules
from curator.progress import Silent
from curator.records import ImageStatus
from curator.store import images, measures
from curator.store.dataset import Dataset, create_dataset
from curator.store.images import ImageFilter


def made_of(folder: Path, photos: Path) -> Dataset:
    made = create_dataset(folder)
    collect(made, CollectRequest(source="folder", target=str(photos)), Silent())
    return made


@pytest.fixture
def photos(shared_data: Path, tmp_path: Path) -> Path:
    """Three real photos."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for photo in sorted(shared_data.glob("wider_val/images/**/*.jpg"))[:3]:
        (folder / photo.name).write_bytes(photo.read_bytes())
    return folder


@pytest.fixture
def dataset(tmp_path: Path, photos: Path) -> Iterator[Dataset]:
    with made_of(tmp_path / "data", photos) as made:
        yield made


def test_it_does_what_the_three_do_one_by_one(
    dataset: Dataset, photos: Path, tmp_path: Path
) -> None:
    with made_of(tmp_path / "other", photos) as other:
        found = detect(other, DetectRequest(), Silent())
        measured = measure(other, MeasureRequest(), Silent())
        table, judgement = judged(other, read_rules("detection", None))
        asked = ask_people(other, table, judgement)
        verdicts = {str(name): count for name, count in judgement.counts().items()}

    report = prepare(dataset, "detection", Silent())

    assert (report.images, report.faces) == (3, found.faces)
    assert (report.measured, report.verdicts) == (measured.faces, verdicts)
    assert report.asked == asked
    assert report.faces > 0
    with dataset.read() as connection:
        assert images.count(connection, ImageFilter(status=ImageStatus.NEW)) == 0
        assert measures.count(connection)[1] == report.faces

    again = prepare(dataset, "detection", Silent())
    assert (again.images, again.faces, again.measured, again.asked) == (0, 0, 0, 0)
    assert again.verdicts == report.verdicts


def test_rules_that_nobody_knows_are_refused_before_anything_is_looked_at(
    dataset: Dataset,
) -> None:
    with pytest.raises(ConfigError, match="unknown preset 'best'"):
        TASKS["prepare"].run(dataset, checked("prepare", {"preset": "best"}), Silent())
    with dataset.read() as connection:
        assert images.count(connection, ImageFilter(status=ImageStatus.NEW)) == 3
