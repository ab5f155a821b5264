from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.io import savemat

from curator.errors import FormatError, InputError
from curator.evaluate.predictions import read_predictions
from curator.evaluate.wider import evaluate
from curator.evaluate.wider_truth import LEVELS, Photo, read_truth

Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def truth(shared_data: Path) -> dict[str, Photo]:
    return read_truth(shared_data / "wider_val" / "ground_truth")


@pytest.fixture(scope="module")
def predictions(synthetic_predictions: Path) -> dict[str, Floats]:
    return read_predictions(synthetic_predictions)


def overlap(detection: Sequence[float], face: Sequence[float]) -> float:
    x1, y1, x2, y2 = detection
    u1, v1, u2, v2 = face
    width = min(x2, u2) - max(x1, u1) + 1
    height = min(y2, v2) - max(y1, v1) + 1
    if width <= 0 or height <= 0:
        return 0.0
    areas = (x2 - x1 + 1) * (y2 - y1 + 1) + (u2 - u1 + 1) * (v2 - v1 + 1)
    return width * height / (areas - width * height)


def literal(predictions: dict[str, Floats], truth: dict[str, Photo], level: str) -> float:
    """The protocol word for word, one number at a time."""
    every_score = [row[4] for rows in predictions.values() for row in rows]
    low, high = min([1.0, *every_score]), max([0.0, *every_score])
    total_kept, total_found, faces = [0] * 1000, [0] * 1000, 0
    for name, photo in truth.items():
        counts = photo.counts[level].tolist()
        faces += sum(counts)
        if not len(photo.boxes):
            continue
        scores, proposals, recalled, taken = [], [], [], set()
        for x1, y1, x2, y2, score in predictions[name].tolist():
            scores.append(1.0 if high == low else (score - low) / (high - low))
            overlaps = [overlap((x1, y1, x2, y2), face) for face in photo.boxes.tolist()]
            best = max(overlaps)
            best_face = overlaps.index(best)
            proposals.append(best < 0.5 or counts[best_face])
            if best >= 0.5 and counts[best_face]:
                taken.add(best_face)
            recalled.append(len(taken))
        for t in range(1000):
            reached = [h for h, score in enumerate(scores) if score >= 1 - (t + 1) / 1000]
            if reached:
                total_kept[t] += sum(proposals[: reached[-1] + 1])
                total_found[t] += recalled[reached[-1]]
    if not faces:
        return float("nan")
    recall = [0.0] + [found / faces for found in total_found] + [1.0]
    precision = [f / k if k else 0.0 for f, k in zip(total_found, total_kept, strict=True)]
    precision = [0.0, *precision, 0.0]
    return sum((recall[i] - recall[i - 1]) * max(precision[i:]) for i in range(1, len(recall)))


@st.composite
def boxes(draw: st.DrawFn, most: int) -> Floats:
    """Boxes on a coarse grid, so that overlaps of exactly one half and ties are common."""
    corner = st.integers(0, 6)
    size = st.integers(0, 5)
    rows = draw(st.lists(st.tuples(corner, corner, size, size), max_size=most))
    xywh = np.array(rows, np.float64).reshape(-1, 4)
    return np.column_stack([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]])


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, Floats], dict[str, Photo]]:
    predictions, truth = {}, {}
    for p in range(draw(st.integers(1, 4))):
        faces, found = draw(boxes(6)), draw(boxes(8))
        score = st.sampled_from([-0.5, 0.0, 0.001, 0.25, 0.5, 0.9, 0.999, 1.0, 3.0])
        scores = draw(st.lists(score, min_size=len(found), max_size=len(found)))
        counts = draw(st.lists(st.booleans(), min_size=len(faces), max_size=len(faces)))
        predictions[f"event/{p}"] = np.column_stack([found, np.array(scores)])
        truth[f"event/{p}"] = Photo(boxes=faces, counts={"some": np.array(counts, bool)})
    return predictions, truth


@given(cases())
def test_the_fast_way_and_the_literal_protocol_agree(
    case: tuple[dict[str, Floats], dict[str, Photo]],
) -> None:
    predictions, truth = case
    assert evaluate(predictions, truth).ap["some"] == pytest.approx(
        literal(predictions, truth, "some"), abs=1e-12, nan_ok=True
    )


def test_the_range_of_scores_is_that_of_all_lines_though_a_line_counts_as_the_best_below_it() -> (
    None
):
    photo = Photo(boxes=np.array([[0.0, 0.0, 9.0, 9.0]]), counts={"some": np.array([True])})
    nothing, face = [50.0, 50.0, 59.0, 59.0], [0.0, 0.0, 9.0, 9.0]
    predictions = {
        "e/a": np.array([[*nothing, 0.0], [*face, 0.75]]),
        "e/b": np.array([[*face, 1.0]]),
    }
    level = evaluate(predictions, {"e/a": photo, "e/b": photo}).levels["some"]
    # Down to 0.75 one of one is right, from there on two of three.
    assert level.precision[[0, 248, 249, 999]] == pytest.approx([1, 1, 2 / 3, 2 / 3])
    assert level.ap == pytest.approx(1 / 2 + 1 / 2 * 2 / 3)


def test_the_published_figures_come_out(
    predictions: dict[str, Floats], truth: dict[str, Photo]
) -> None:
    result = evaluate(predictions, truth)
    # What the published evaluation prints for these files.
    assert result.ap == pytest.approx(
        {"easy": 0.9685655953751007, "medium": 0.9698018086923865, "hard": 0.8114415484548707},
        abs=1e-12,
    )
    # The owners count 7,211 easy, 13,319 medium and 31,958 hard faces in 3,226 photos.
    assert [result.levels[name].faces for name in LEVELS] == [7211, 13319, 31958]
    assert (result.photos, result.left_out) == (3226, 0)
    for level in result.levels.values():
        assert level.recall.shape == level.precision.shape == (1000,)
        assert (np.diff(level.recall) >= 0).all()


def test_part_of_the_photos_is_judged_as_if_there_were_no_others(
    predictions: dict[str, Floats], truth: dict[str, Photo]
) -> None:
    chosen = sorted(truth)[::100]
    result = evaluate(predictions, truth, photos=[f"{name}.jpg" for name in chosen])
    part = {name: truth[name] for name in chosen}
    own = {name: predictions[name] for name in chosen}
    for level in LEVELS:
        assert result.ap[level] == pytest.approx(literal(own, part, level), abs=1e-12)
    assert (result.photos, result.left_out) == (33, 3226 - 33)


def test_a_face_counts_once_and_a_face_that_does_not_count_is_neither_right_nor_wrong() -> None:
    faces = np.array([[0, 0, 9, 9], [100, 0, 109, 9], [200, 0, 209, 9]], float)
    found = np.array(
        [
            [0, 0, 9, 9, 1.0],  # right
            [100, 0, 109, 9, 0.8],  # does not count
            [0, 0, 9, 9, 0.6],  # the same face again: wrong
            [200, 0, 209, 9, 0.4],  # right
            [300, 0, 309, 9, 0.0],  # nothing there: wrong
        ]
    )
    photo = Photo(boxes=faces, counts={"some": np.array([True, False, True])})
    level = evaluate({"e/p": found}, {"e/p": photo}).levels["some"]
    assert level.precision[[0, 300, 500, 700, 999]] == pytest.approx([1, 1, 1 / 2, 2 / 3, 1 / 2])
    assert level.recall[[0, 500, 700]] == pytest.approx([1 / 2, 1 / 2, 1])
    assert level.ap == pytest.approx(1 / 2 * 1 + 1 / 2 * 2 / 3)


def test_boxes_are_made_of_pixels_so_that_width_is_one_more_than_the_difference() -> None:
    # Against 11 x 11 pixels, 11 x 5.5 are half; between edges it would be 4.5 of 10.
    photo = Photo(boxes=np.array([[0.0, 0.0, 10.0, 10.0]]), counts={"some": np.array([True])})
    for bottom, ap in ((4.5, 1.0), (4.4, 0.0)):
        found = np.array([[0.0, 0.0, 10.0, bottom, 0.9]])
        assert evaluate({"e/p": found}, {"e/p": photo}).ap["some"] == ap


def test_without_a_face_that_counts_there_is_no_figure() -> None:
    photo = Photo(boxes=np.zeros((1, 4)), counts={"some": np.array([False])})
    result = evaluate({"e/p": np.empty((0, 5))}, {"e/p": photo})
    assert np.isnan(result.ap["some"])
    assert np.isnan(result.levels["some"].recall).all()


def test_without_a_detection_nothing_is_found() -> None:
    photo = Photo(boxes=np.zeros((1, 4)), counts={"some": np.array([True])})
    assert evaluate({"e/p": np.empty((0, 5))}, {"e/p": photo}).ap == {"some": 0.0}


def test_a_photo_without_predictions_is_an_error_not_a_photo_without_faces() -> None:
    photo = Photo(boxes=np.zeros((1, 4)), counts={"some": np.array([True])})
    with pytest.raises(InputError, match="no predictions for 1 of 2 photos, the first is e/b"):
        evaluate({"e/a": np.empty((0, 5))}, {"e/a": photo, "e/b": photo})
    with pytest.raises(InputError, match="no ground truth for 1 of 1 photos, the first is e/c"):
        evaluate({"e/a": np.empty((0, 5))}, {"e/a": photo}, photos=["e/c"])
    with pytest.raises(InputError, match="no photo"):
        evaluate({}, {})


def cell(*values: object) -> NDArray[np.object_]:
    """A MATLAB cell array of one column."""
    column = np.empty((len(values), 1), object)
    for i, value in enumerate(values):
        column[i, 0] = value
    return column


def write_truth(folder: Path, numbers: NDArray[np.uint8]) -> None:
    names = {"event_list": cell("0--Parade"), "file_list": cell(cell("a", "b"))}
    faces = cell(cell(np.array([[1, 2, 3, 4], [5, 6, 7, 8]]), np.empty((0, 4))))
    savemat(folder / "wider_face_val.mat", names | {"face_bbx_list": faces})
    for level in LEVELS:
        savemat(
            folder / f"wider_{level}_val.mat",
            {"gt_list": cell(cell(numbers, np.empty((0, 1), np.uint8)))},
        )


def test_the_numbers_of_the_faces_that_count_start_at_one(tmp_path: Path) -> None:
    write_truth(tmp_path, np.array([[2]], np.uint8))
    truth = read_truth(tmp_path)
    assert list(truth) == ["0--Parade/a", "0--Parade/b"]
    assert truth["0--Parade/a"].boxes.tolist() == [[1, 2, 4, 6], [5, 6, 12, 14]]
    assert truth["0--Parade/a"].counts["easy"].tolist() == [False, True]
    assert truth["0--Parade/b"].boxes.shape == (0, 4)


@pytest.mark.parametrize("number", [0, 3])
def test_a_number_of_no_face_is_an_error(tmp_path: Path, number: int) -> None:
    write_truth(tmp_path, np.array([[number]], np.uint8))
    with pytest.raises(FormatError, match="do not agree on the photos or faces after 0 photos"):
        read_truth(tmp_path)


def test_ground_truth_that_cannot_be_used_is_one_clear_sentence(tmp_path: Path) -> None:
    write_truth(tmp_path, np.array([[1]], np.uint8))
    hard = tmp_path / "wider_hard_val.mat"
    savemat(hard, {"other": 1})
    with pytest.raises(FormatError, match=r"wider_hard_val\.mat: the variable gt_list is missing"):
        read_truth(tmp_path)
    savemat(hard, {"gt_list": cell(cell(np.empty((0, 1))))})
    with pytest.raises(FormatError, match="do not agree on the photos or faces after 1 photos"):
        read_truth(tmp_path)
    hard.write_bytes(b"<html>" * 100)
    with pytest.raises(FormatError, match=r"wider_hard_val\.mat: not a MATLAB file"):
        read_truth(tmp_path)
    hard.write_bytes(b"")
    with pytest.raises(FormatError, match=r"wider_hard_val\.mat: not a MATLAB file"):
        read_truth(tmp_path)
    hard.unlink()
    with pytest.raises(InputError, match=r"wider_hard_val\.mat: no such file"):
        read_truth(tmp_path)
