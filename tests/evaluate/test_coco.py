from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from curator.errors import ConfigError, InputError
from curator.evaluate.coco import evaluate

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def xywh(box: Floats) -> list[float]:
    return [box[0], box[1], box[2] - box[0], box[3] - box[1]]


def owners_evaluation(
    truth: list[Floats], predictions: list[Floats], crowds: list[Flags]
) -> COCOeval:
    """The same photos through pycocotools."""
    faces = [
        {
            "image_id": photo,
            "category_id": 1,
            "bbox": xywh(box),
            "area": xywh(box)[2] * xywh(box)[3],
            "iscrowd": int(crowd),
        }
        for photo, boxes in enumerate(truth, 1)
        for box, crowd in zip(boxes, crowds[photo - 1], strict=True)
    ]
    found = [
        {"image_id": photo, "category_id": 1, "bbox": xywh(row), "score": row[4]}
        for photo, rows in enumerate(predictions, 1)
        for row in rows
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "info": {},
            "images": [{"id": photo} for photo in range(1, len(truth) + 1)],
            "annotations": [face | {"id": i} for i, face in enumerate(faces, 1)],
            "categories": [{"id": 1, "name": "face"}],
        }
        coco.createIndex()
        judge = COCOeval(coco, coco.loadRes(found), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return judge


def assert_equal_to_the_owners(
    truth: list[Floats], predictions: list[Floats], crowds: list[Flags]
) -> None:
    judge = owners_evaluation(truth, predictions, crowds)
    result = evaluate(truth, predictions, crowds)
    theirs = np.where(judge.stats == -1, np.nan, judge.stats)
    assert list(result.summary().values()) == pytest.approx(list(theirs), abs=1e-9, nan_ok=True)
    for i, area in enumerate(("all", "small", "medium", "large")):
        precision = judge.eval["precision"][:, :, 0, i, -1]
        np.testing.assert_allclose(
            result.precision[area], np.where(precision == -1, np.nan, precision), atol=1e-9
        )


@st.composite
def crowded_photos(draw: st.DrawFn) -> tuple[list[Floats], list[Floats], list[Flags]]:
    """Few positions, sizes and scores, so that ties and competition for a face are common."""
    corner, size = st.sampled_from([0, 4, 8, 40]), st.sampled_from([8, 10, 20, 32, 50, 96, 120])
    box = st.tuples(corner, corner, size, size).map(lambda b: (*b[:2], b[0] + b[2], b[1] + b[3]))
    score = st.sampled_from([0.1, 0.5, 0.5, 0.9])
    truth, predictions, crowds = [], [], []
    for _ in range(draw(st.integers(1, 4))):
        faces = draw(st.lists(st.tuples(box, st.sampled_from([False, False, True])), max_size=6))
        found = draw(st.lists(st.tuples(box, score), max_size=6))
        truth.append(np.array([b for b, _ in faces], np.float64).reshape(-1, 4))
        crowds.append(np.array([crowd for _, crowd in faces], bool))
        predictions.append(np.array([(*b, s) for b, s in found], np.float64).reshape(-1, 5))
    return truth, predictions, crowds


@given(crowded_photos().filter(lambda case: any(map(len, case[1]))))
def test_every_figure_equals_that_of_pycocotools(
    case: tuple[list[Floats], list[Floats], list[Flags]],
) -> None:
    assert_equal_to_the_owners(*case)


def test_many_photos_and_more_detections_than_count_equal_pycocotools_too() -> None:
    rng = np.random.default_rng(0)
    truth, predictions = [], []
    for photo in range(60):
        corners = rng.uniform(0, 500, (150 if photo < 2 else int(rng.integers(0, 8)), 2))
        faces = np.concatenate([corners, corners + rng.lognormal(4, 1, corners.shape)], axis=1)
        moved = np.repeat(faces, rng.integers(0, 3, len(faces)), axis=0)
        moved += rng.normal(0, 4, moved.shape)
        truth.append(faces)
        predictions.append(np.column_stack([moved, rng.random(len(moved)).round(2)]))
    assert max(map(len, predictions)) > 100
    assert_equal_to_the_owners(truth, predictions, [np.zeros(len(b), bool) for b in truth])
    result = evaluate(truth, predictions)
    assert result.left_out == sum(max(len(p) - 100, 0) for p in predictions) > 0
    assert result.detections + result.left_out == sum(map(len, predictions))


def test_without_faces_there_is_no_figure_and_without_detections_all_are_zero() -> None:
    face, nothing = np.array([[0.0, 0.0, 50.0, 50.0]]), np.empty((0, 5))
    assert np.isnan(evaluate([np.empty((0, 4))], [nothing]).average_precision())
    assert np.isnan(evaluate([], []).average_precision())
    result = evaluate([face], [nothing])
    assert result.average_precision() == result.average_precision(iou=0.5) == 0
    assert np.isnan(result.summary()["AP_small"])


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(InputError, match="1 photos with truth, 2 with predictions"):
        evaluate([np.empty((0, 4))], [np.empty((0, 5))] * 2)


def test_a_threshold_that_was_not_evaluated_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"0\.52 is none"):
        evaluate([], []).average_precision(iou=0.52)
