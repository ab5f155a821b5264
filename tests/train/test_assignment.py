"""Which anchor finds which face, worked out by hand, and what is lost when it does not."""

from __future__ import annotations

import math

import pytest
import torch

from curator.train.anchors import anchors_for
from curator.train.assignment import Targets, assign_dynamic, assign_static
from curator.train.losses import iou_and_distance, multi_task_loss
from curator.train.network import Predictions
from curator.train.recipe import RECIPES

ANCHORS = anchors_for(64, 64)


def faces(*boxes: tuple[float, ...], trust: list[float] | None = None) -> Targets:
    return Targets(
        torch.tensor(boxes).reshape(-1, 4),
        torch.full((len(boxes), 5, 2), torch.nan),
        torch.tensor(trust or [1.0] * len(boxes)),
    )


def number(column: int, row: int, which: int) -> int:
    """The anchor of a cell of the first grid, 8 x 8 cells of 8 pixels in this image."""
    return (row * 8 + column) * 2 + which


def test_anchors_are_two_squares_on_the_corner_of_every_cell() -> None:
    assert len(ANCHORS) == 2 * (8 * 8 + 4 * 4 + 2 * 2)
    assert ANCHORS.boxes()[number(3, 2, 0)].tolist() == [16, 8, 32, 24]
    assert ANCHORS.boxes()[number(3, 2, 1)].tolist() == [8, 0, 40, 32]
    assert ANCHORS.boxes()[-1].tolist() == [32 - 256, 32 - 256, 32 + 256, 32 + 256]


def test_boxes_and_points_are_written_and_read_back() -> None:
    torch.manual_seed(0)
    corner = torch.rand(len(ANCHORS), 2) * 50
    boxes = torch.cat([corner, corner + 1 + torch.rand(len(ANCHORS), 2) * 90], dim=1)
    points = torch.rand(len(ANCHORS), 5, 2) * 64
    read = ANCHORS.decode_boxes(ANCHORS.encode_boxes(boxes))
    torch.testing.assert_close(read, boxes, atol=1e-3, rtol=1e-4)
    back = ANCHORS.decode_points(ANCHORS.encode_points(points))
    torch.testing.assert_close(back, points, atol=1e-3, rtol=1e-4)


def test_a_face_belongs_to_the_anchors_it_overlaps_by_half() -> None:
    # The face is the small anchor of cell (3, 2), moved by two pixels. Its overlap with that
    # anchor is 14 * 16 / (2 * 256 - 14 * 16) = 0.78; with the one eight pixels further 0.45.
    found = assign_static(ANCHORS, faces((18.0, 8.0, 34.0, 24.0)))
    assert found.anchors.tolist() == [number(3, 2, 0)]
    assert found.faces.tolist() == [0]
    # 10 * 16 / (512 - 160) = 0.45: neither face nor background.
    assert found.ignored[number(4, 2, 0)]
    # Two pixels wide on the other side, 6 * 16 / (512 - 96) = 0.23: background.
    assert not found.ignored[number(2, 2, 0)]


def test_a_face_that_no_anchor_fits_still_has_the_best_of_them() -> None:
    # 4 x 4 pixels in the middle of an anchor of 16 x 16 overlap it by 1 / 16.
    found = assign_static(ANCHORS, faces((22.0, 14.0, 26.0, 18.0)))
    assert found.anchors.tolist() == [number(3, 2, 0)]


def test_a_region_that_teaches_nothing_is_no_background() -> None:
    found = assign_static(ANCHORS, faces((10.0, 10.0, 30.0, 30.0), trust=[0.0]))
    assert not len(found.anchors)
    inside = [i for i, (x, y) in enumerate(ANCHORS.centres.tolist()) if 10 < x < 30 and 10 < y < 30]
    assert torch.nonzero(found.ignored).squeeze(1).tolist() == inside


def test_dynamic_assignment_takes_the_anchor_that_already_finds_the_face() -> None:
    # Both anchors of the cell at the middle of the face could; the second one says where it is.
    face = (16.0, 8.0, 32.0, 24.0)
    logits = torch.full((len(ANCHORS),), -4.0)
    boxes = torch.tensor([[0.0, 0.0, 2.0, 2.0]]).repeat(len(ANCHORS), 1)
    boxes[number(3, 2, 1)] = torch.tensor(face)
    found = assign_dynamic(ANCHORS, faces(face), logits, boxes)
    assert found.anchors.tolist() == [number(3, 2, 1)]


def test_dynamic_assignment_gives_a_face_as_many_anchors_as_come_close() -> None:
    # Three predictions overlap it fully, so the sum of overlaps, and with it the number, is 3.
    face = (8.0, 0.0, 40.0, 32.0)
    logits = torch.full((len(ANCHORS),), -4.0)
    boxes = torch.tensor([[0.0, 0.0, 2.0, 2.0]]).repeat(len(ANCHORS), 1)
    right = [number(3, 2, 0), number(3, 2, 1), number(4, 2, 0)]
    boxes[right] = torch.tensor(face)
    assert assign_dynamic(ANCHORS, faces(face), logits, boxes).anchors.tolist() == right


def test_an_anchor_two_faces_want_goes_to_the_one_it_suits_best() -> None:
    left, right = (12.0, 8.0, 28.0, 24.0), (20.0, 8.0, 36.0, 24.0)
    logits = torch.zeros(len(ANCHORS))
    boxes = torch.tensor([[0.0, 0.0, 2.0, 2.0]]).repeat(len(ANCHORS), 1)
    boxes[number(3, 2, 0)] = torch.tensor(left)
    found = assign_dynamic(ANCHORS, faces(left, right), logits, boxes)
    owner = dict(zip(found.anchors.tolist(), found.faces.tolist(), strict=True))
    assert owner[number(3, 2, 0)] == 0


def test_a_face_smaller_than_a_cell_is_found_by_the_nearest_one() -> None:
    boxes = ANCHORS.boxes()
    found = assign_dynamic(
        ANCHORS, faces((18.0, 18.0, 22.0, 22.0)), torch.zeros(len(ANCHORS)), boxes
    )
    assert len(found.anchors)
    assert (ANCHORS.centres[found.anchors] - 20).abs().max() <= 6


def test_overlap_and_distance_of_two_boxes_by_hand() -> None:
    # Overlap 4 x 8 of 2 * 64 - 32: 1/3. Centres 4 apart, the box around both is 12 x 8.
    iou, distance = iou_and_distance(
        torch.tensor([[0.0, 0.0, 8.0, 8.0]]), torch.tensor([[4.0, 0.0, 12.0, 8.0]])
    )
    assert iou.item() == pytest.approx(1 / 3)
    assert distance.item() == pytest.approx(16 / (144 + 64))


def perfect(targets: Targets, recipe_name: str) -> Predictions:
    """Every anchor predicts the first face exactly, and is neither sure nor unsure of it."""
    count = len(ANCHORS)
    boxes = ANCHORS.encode_boxes(targets.boxes[:1].repeat(count, 1))
    points = ANCHORS.encode_points(targets.points[:1].repeat(count, 1, 1))
    assert recipe_name in RECIPES
    return Predictions(torch.zeros(1, count), boxes[None], points[None])


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_what_is_predicted_exactly_costs_nothing_but_doubt(name: str) -> None:
    torch.manual_seed(0)
    targets = Targets(
        torch.tensor([[10.0, 8.0, 40.0, 40.0]]), torch.rand(1, 5, 2) * 20 + 12, torch.ones(1)
    )
    loss = multi_task_loss(perfect(targets, name), ANCHORS, [targets], RECIPES[name])
    assert loss.boxes.item() == pytest.approx(0, abs=1e-5)
    assert loss.points.item() == pytest.approx(0, abs=1e-5)
    assert loss.classes.item() > 0.1


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_points_are_learned_only_where_they_are_labelled(name: str) -> None:
    box = torch.tensor([[10.0, 8.0, 40.0, 40.0]])
    points = torch.zeros(1, len(ANCHORS), 10, requires_grad=True)
    logits = torch.zeros(1, len(ANCHORS), requires_grad=True)
    boxes = torch.zeros(1, len(ANCHORS), 4, requires_grad=True)
    predictions = Predictions(logits, boxes, points)
    for known in (False, True):
        marks = torch.full((1, 5, 2), 20.0 if known else torch.nan)
        targets = Targets(box, marks, torch.ones(1))
        points.grad = None
        multi_task_loss(predictions, ANCHORS, [targets], RECIPES[name]).total.backward()
        moved = points.grad is not None and bool(points.grad.abs().sum() > 0)
        assert moved is known
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_quality_focal_loss_of_an_empty_photo_by_hand() -> None:
    # With a logit of 0 everywhere: N times 0.25 * log 2, over at least one face.
    predictions = Predictions(
        torch.zeros(1, len(ANCHORS)),
        torch.zeros(1, len(ANCHORS), 4),
        torch.zeros(1, len(ANCHORS), 10),
    )
    loss = multi_task_loss(predictions, ANCHORS, [faces()], RECIPES["modern"])
    assert loss.classes.item() == pytest.approx(len(ANCHORS) * 0.25 * math.log(2), rel=1e-5)
    assert loss.boxes.item() == 0


def test_negatives_are_mined_seven_for_a_face() -> None:
    # One face with one anchor at logit 0; all others are background at logit 0 as well.
    targets = faces((18.0, 8.0, 34.0, 24.0))
    predictions = Predictions(
        torch.zeros(1, len(ANCHORS)),
        torch.zeros(1, len(ANCHORS), 4),
        torch.zeros(1, len(ANCHORS), 10),
    )
    loss = multi_task_loss(predictions, ANCHORS, [targets], RECIPES["paper"])
    assert loss.classes.item() == pytest.approx(8 * math.log(2), rel=1e-5)


def test_what_a_teacher_doubts_is_learned_with_its_doubt() -> None:
    face = (16.0, 8.0, 32.0, 24.0)
    best = {}
    for trust in (1.0, 0.6):
        targets = faces(face, trust=[trust])
        logits = torch.zeros(1, len(ANCHORS), requires_grad=True)
        boxes = ANCHORS.encode_boxes(targets.boxes.repeat(len(ANCHORS), 1))[None]
        predictions = Predictions(logits, boxes, torch.zeros(1, len(ANCHORS), 10))
        multi_task_loss(predictions, ANCHORS, [targets], RECIPES["modern"]).total.backward()
        best[trust] = logits.grad[0].min().item()
    # The score 0.5 is too low for both, further from 1 than from 0.6.
    assert best[1.0] < best[0.6] < 0
