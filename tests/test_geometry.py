from __future__ import annotations

import numpy as np
import pytest
import supervision as sv
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from curator.geometry import (
    area,
    box_from_xywh,
    clip,
    flipped,
    iou,
    joined,
    scaled,
    suppress,
    vote,
    xywh,
)
from curator.records import Detections
from curator.schemes import SCHEMES

FLIP = SCHEMES["5"].flip
coordinates = st.floats(-1000, 1000, width=32)


def crowd(seed: int, count: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Boxes around few places, so that many overlap, with scores that are all different."""
    rng = np.random.default_rng(seed)
    middle = rng.choice(rng.uniform(0, 500, (max(count // 6, 1), 2)), count)
    middle += rng.normal(0, 6, (count, 2))
    size = rng.uniform(20, 60, (count, 2))
    boxes = np.concatenate([middle - size / 2, middle + size / 2], axis=1)
    scores = rng.permutation(count) / count
    return boxes.astype(np.float32), scores.astype(np.float32)


def found(boxes: object, scores: object) -> Detections:
    """Detections whose points stand at the corners and the middle of the box."""
    box = np.array(boxes, np.float32).reshape(-1, 4)
    x, y = box[:, [0, 2]], box[:, [1, 3]]
    points = np.stack(
        [
            np.stack([x[:, 0], y[:, 0]], 1),
            np.stack([x[:, 1], y[:, 0]], 1),
            np.stack([x.mean(1), y.mean(1)], 1),
            np.stack([x[:, 0], y[:, 1]], 1),
            np.stack([x[:, 1], y[:, 1]], 1),
        ],
        axis=1,
    )
    return Detections(box, np.array(scores, np.float32), points.astype(np.float32))


@given(st.tuples(coordinates, coordinates), st.tuples(*[st.floats(0, 1000, width=32)] * 2))
def test_a_box_survives_the_way_to_corner_and_size_and_back(
    corner: tuple[float, float], size: tuple[float, float]
) -> None:
    assert xywh(box_from_xywh(*corner, *size)) == pytest.approx((*corner, *size), abs=1e-3)


def test_clipping_leaves_what_is_inside_the_image() -> None:
    assert clip((-5, 10, 50, 120), 40, 100) == (0, 10, 40, 100)
    assert clip((-9, -9, -1, -1), 40, 100) == (0, 0, 0, 0)


def test_a_reversed_box_has_no_area() -> None:
    boxes = np.array([[0, 0, 2, 3], [5, 5, 4, 9]], np.float32)
    assert area(boxes).tolist() == [6, 0]


@pytest.mark.parametrize("seed", range(5))
def test_overlaps_are_those_of_supervision(seed: int) -> None:
    first, _ = crowd(seed, 40)
    second, _ = crowd(seed + 100, 30)
    assert iou(first, second) == pytest.approx(sv.box_iou_batch(first, second), abs=1e-6)


def test_empty_boxes_overlap_nothing() -> None:
    empty = np.array([[3, 3, 3, 3]], np.float32)
    assert iou(empty, empty).tolist() == [[0]]
    assert iou(empty[:0], empty).shape == (0, 1)


@pytest.mark.parametrize("threshold", [0.3, 0.4, 0.7])
@pytest.mark.parametrize("count", [0, 1, 50, 700])
def test_suppression_keeps_what_supervision_keeps(count: int, threshold: float) -> None:
    boxes, scores = crowd(count, count)
    kept = suppress(boxes, scores, threshold)
    if count:
        expected = sv.box_non_max_suppression(np.c_[boxes, scores], threshold)
        assert sorted(kept) == np.flatnonzero(expected).tolist()
    assert (np.diff(scores[kept]) < 0).all()
    assert len(kept) <= count


def test_of_equal_scores_the_first_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [20, 0, 30, 10]], np.float32)
    assert suppress(boxes, np.full(3, 0.5, np.float32), 0.4).tolist() == [0, 2]


def test_voting_gives_the_mean_weighted_by_score() -> None:
    # IoU of the two is 90/110, above 0.4; weights 0.9 and 0.3 are 3 : 1.
    merged = vote(found([[0, 0, 10, 10], [1, 0, 11, 10]], [0.9, 0.3]), 0.4)
    assert merged.boxes.tolist() == [[0.25, 0, 10.25, 10]]
    assert merged.landmarks[0].tolist() == [
        [0.25, 0],
        [10.25, 0],
        [5.25, 5],
        [0.25, 10],
        [10.25, 10],
    ]
    assert merged.scores.tolist() == pytest.approx([0.9])


def test_voting_joins_at_the_threshold_and_not_below() -> None:
    # [0, 10] and [0, 4] of one height overlap by exactly 0.4.
    at, below = [[0, 0, 10, 10], [0, 0, 4, 10]], [[0, 0, 10, 10], [0, 0, 3.9, 10]]
    assert len(vote(found(at, [0.5, 0.4]), 0.4)) == 1
    assert len(vote(found(below, [0.5, 0.4]), 0.4)) == 2


def test_what_stands_alone_is_left_as_it_is() -> None:
    alone = found([[50, 50, 70, 80], [0, 0, 10, 10]], [0.4, 0.8])
    merged = vote(alone, 0.4)
    assert merged.scores.tolist() == pytest.approx([0.8, 0.4])
    assert merged.boxes.tolist() == alone.boxes[::-1].tolist()
    assert merged.landmarks.tolist() == alone.landmarks[::-1].tolist()


@pytest.mark.parametrize("seed", range(5))
def test_voting_groups_around_the_boxes_that_suppression_keeps(seed: int) -> None:
    boxes, scores = crowd(seed, 200)
    # Suppression drops above its threshold, voting joins from it on: the same but for ties.
    merged = vote(found(boxes, scores), 0.4)
    assert merged.scores.tolist() == scores[suppress(boxes, scores, 0.4)].tolist()
    assert merged.boxes.dtype == merged.landmarks.dtype == np.float32


def test_a_score_by_votes_counts_those_that_are_missing() -> None:
    looks = found([[0, 0, 10, 10], [0, 0, 10, 10], [50, 50, 60, 60]], [0.9, 0.7, 0.8])
    assert vote(looks, 0.4, votes=2).scores.tolist() == pytest.approx([0.8, 0.4])
    assert vote(looks, 0.4, votes=4).scores.tolist() == pytest.approx([0.4, 0.2])


def test_votes_decide_the_order() -> None:
    looks = found([[0, 0, 9, 9], [50, 50, 60, 60], [50, 50, 60, 60]], [0.9, 0.6, 0.6])
    assert vote(looks, 0.4).scores.tolist() == pytest.approx([0.9, 0.6])
    merged = vote(looks, 0.4, votes=2)
    assert merged.scores.tolist() == pytest.approx([0.6, 0.45])
    assert merged.boxes[0].tolist() == [50, 50, 60, 60]
    assert merged.landmarks[0, 0].tolist() == [50, 50]


def test_voting_over_nothing_and_over_empty_boxes_ends() -> None:
    nothing = vote(found([], []), 0.4)
    assert nothing.boxes.shape == (0, 4)
    assert nothing.landmarks.shape == (0, 5, 2)
    assert len(vote(found([[3, 3, 3, 3], [3, 3, 3, 3]], [0.0, 0.0]), 0.4)) == 2


def test_a_mirror_swaps_sides_and_what_is_left_stays_left() -> None:
    # A face in a picture of width 100: the eye on the left of the picture at x = 12.
    face = Detections(
        np.array([[10, 20, 30, 50]], np.float32),
        np.array([0.9], np.float32),
        np.array([[[12, 25], [28, 26], [20, 35], [14, 45], [26, 46]]], np.float32),
    )
    mirror = flipped(face, 100, FLIP)
    assert mirror.boxes.tolist() == [[70, 20, 90, 50]]
    assert mirror.landmarks[0].tolist() == [[72, 26], [88, 25], [80, 35], [74, 46], [86, 45]]


@given(st.integers(0, 1000), st.integers(1, 4000))
def test_a_mirror_of_a_mirror_is_the_picture(seed: int, width: int) -> None:
    face = found(*crowd(seed, 7))
    again = flipped(flipped(face, width, FLIP), width, FLIP)
    assert again.boxes == pytest.approx(face.boxes, abs=1e-3)
    assert again.landmarks == pytest.approx(face.landmarks, abs=1e-3)


def test_scaling_moves_boxes_and_points_alike() -> None:
    wider = scaled(found([[1, 2, 3, 4]], [0.5]), (10, 100))
    assert wider.boxes.tolist() == [[10, 200, 30, 400]]
    assert wider.landmarks[0, [0, 4]].tolist() == [[10, 200], [30, 400]]


def test_joining_keeps_the_order() -> None:
    whole = joined([found([[0, 0, 1, 1]], [0.1]), found([], []), found([[2, 2, 3, 3]], [0.9])])
    assert whole.scores.tolist() == pytest.approx([0.1, 0.9])
    assert whole.boxes[1].tolist() == [2, 2, 3, 3]
    assert whole.landmarks.shape == (2, 5, 2)
