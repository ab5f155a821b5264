"""Figures as Ultralytics tells them, against what it said itself.

``ultralytics/*.json`` hold made-up labels, the detections that ``yolo val`` of Ultralytics 8.4.190
counted on them, and the four figures that it printed, with three digits:
``python -m benchmarks.ultralytics --write tests/evaluate/ultralytics`` made them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curator.evaluate.judging import Photo, judge
from curator.evaluate.ultralytics import MOST_DETECTIONS, Labelled, evaluate
from curator.records import Face, Image
from tests.evaluate.test_judging import image

CASES = sorted((Path(__file__).parent / "ultralytics").glob("*.json"))


def labelled(rows: Sequence[Sequence[float]]) -> Labelled:
    """Rows of class, box and score."""
    table = np.array(rows, np.float64).reshape(-1, 6)
    return Labelled(table[:, 1:5], table[:, 0].astype(np.intp), table[:, 5])


def sides(kept: dict[str, Any]) -> tuple[list[Labelled], list[Labelled]]:
    truth = [labelled([[*row, 0.0] for row in rows]) for rows in kept["labels"]]
    found = [
        labelled([row[1:] for row in kept["predictions"] if row[0] == picture])
        for picture in range(len(truth))
    ]
    return truth, found


def face(who: float, box: Sequence[float], people: bool, score: float | None = None) -> Face:
    x_min, y_min, x_max, y_max = box
    identity = f"person {who:.0f}" if people else None
    return Face(box=(x_min, y_min, x_max, y_max), identity=identity, score=score)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_precision_recall_and_map_are_those_ultralytics_printed(case: Path) -> None:
    kept = json.loads(case.read_text())
    ours = evaluate(*sides(kept))
    assert len(kept["said"]) == 4
    for name, theirs in kept["said"].items():
        # Three digits were printed, and boxes were rounded to a thousandth of a pixel.
        assert getattr(ours, name) == pytest.approx(theirs, abs=0.001), name


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_judgement_tells_them_too_by_person_where_people_are_told_apart(case: Path) -> None:
    kept = json.loads(case.read_text())
    people = case.stem == "people"
    pictures: list[Image] = [image(number + 1) for number in range(len(kept["labels"]))]
    photos = [
        Photo(
            image=picture,
            faces=[face(row[0], row[1:], people) for row in rows],
            found=[
                face(row[1], row[2:6], people, row[6])
                for row in kept["predictions"]
                if row[0] == picture.id - 1
            ],
        )
        for picture, rows in zip(pictures, kept["labels"], strict=True)
    ]
    said = judge(photos)
    for name, theirs in kept["said"].items():
        assert getattr(said.ultralytics, name) == pytest.approx(theirs, abs=0.001), name
    assert said.ultralytics.classes == (5 if people else 1)


def test_the_crowd_has_photos_with_more_detections_than_coco_looks_at() -> None:
    kept = json.loads(next(case for case in CASES if case.stem == "crowd").read_text())
    counts = [sum(row[0] == n for row in kept["predictions"]) for n in range(len(kept["labels"]))]
    assert 100 < max(counts) <= MOST_DETECTIONS


def test_a_class_that_is_never_found_counts_as_nought() -> None:
    found = labelled([[0, 0, 0, 10, 10, 0.9]])
    true = labelled([[0, 0, 0, 10, 10, 0], [1, 50, 50, 60, 60, 0]])
    said = evaluate([true], [found])
    # Its mAP of a class that is found without a mistake is 0.995: precision is 0 at recall 1.
    assert (said.recall, said.mAP50, said.mAP50_95) == pytest.approx((0.5, 0.4975, 0.4975))
    assert said.precision == pytest.approx(0.5)


def test_nothing_to_find_and_nothing_found_are_no_errors() -> None:
    nothing, true = labelled([]), labelled([[0, 0, 0, 10, 10, 0]])
    assert math.isnan(evaluate([nothing], [nothing]).mAP50)
    assert math.isnan(evaluate([], []).precision)
    said = evaluate([true], [nothing])
    assert (said.precision, said.recall, said.mAP50) == (0, 0, 0)
