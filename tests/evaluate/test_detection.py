from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import precision_recall_curve

from curator.errors import InputError
from curator.evaluate.coco import evaluate as coco
from curator.evaluate.detection import confidence_curve, match
from curator.records import Face, Match, MatchKind


def face(x: float, size: float = 10, score: float | None = None, id: int | None = None) -> Face:
    return Face(box=(x, 0, x + size, size), score=score, id=id)


def kinds(matches: list[Match]) -> list[str]:
    return [str(one.kind) for one in matches]


def test_each_face_is_found_once_and_what_is_left_is_wrong_or_missed() -> None:
    truth = {1: [face(0, id=11), face(100, id=12)], 2: [face(0, id=21)], 3: []}
    predictions = {
        1: [face(1, score=0.6), face(0, score=0.9), face(300, score=0.7)],
        3: [face(0, score=0.2)],
    }
    matches = match(truth, predictions)
    assert kinds(matches) == ["tp", "fp", "fp", "fp", "fn", "fn"]
    assert [one.image_id for one in matches] == [1, 1, 1, 3, 1, 2]
    assert [one.score for one in matches] == [0.9, 0.7, 0.6, 0.2, None, None]
    assert [one.face_id for one in matches] == [11, None, None, None, 12, 21]
    # The second detection of face 11 overlaps it by 90 of 110.
    assert [one.iou for one in matches] == pytest.approx([1, 0, 90 / 110, 0, 0, 0])
    assert matches[4].box == (100, 0, 110, 10)


def test_a_missed_face_tells_how_near_the_nearest_detection_came() -> None:
    (wrong, missed) = match({1: [face(0)]}, {1: [face(5, score=0.5)]})
    assert (wrong.kind, missed.kind) == (MatchKind.FP, MatchKind.FN)
    assert wrong.iou == missed.iou == pytest.approx(50 / 150)
    (found,) = match({1: [face(0)]}, {1: [face(5, score=0.5)]}, min_iou=0.3)
    assert found.kind is MatchKind.TP


def test_the_better_detection_chooses_first_even_if_another_fits_better() -> None:
    matches = match({1: [face(0)]}, {1: [face(0, score=0.5), face(2, score=0.8)]})
    assert [(one.score, str(one.kind)) for one in matches] == [(0.8, "tp"), (0.5, "fp")]


def test_boxes_without_area_match_nothing() -> None:
    assert kinds(match({1: [face(0, size=0)]}, {1: [face(0, size=0, score=1)]})) == ["fp", "fn"]


def test_no_photos_are_no_matches() -> None:
    assert match({}, {}) == []


def test_detections_that_cannot_be_judged_are_refused() -> None:
    with pytest.raises(InputError, match="image 1: a detection without a score"):
        match({1: []}, {1: [face(0)]})
    with pytest.raises(InputError, match="image 7 has detections but no truth"):
        match({1: []}, {7: [face(0, score=0.5)]})


matches = st.lists(
    st.tuples(st.sampled_from(MatchKind), st.integers(0, 10).map(lambda n: n / 10)).map(
        lambda pair: Match(
            image_id=1,
            kind=pair[0],
            box=(0, 0, 1, 1),
            score=None if pair[0] is MatchKind.FN else pair[1],
            iou=0,
        )
    )
)


@given(matches)
def test_precision_and_recall_equal_those_of_scikit_learn(some: list[Match]) -> None:
    curve = confidence_curve(some)
    right = [one.kind is not MatchKind.FP for one in some]
    assert curve.faces == sum(right)
    assert curve.detections == len(some) - sum(one.kind is MatchKind.FN for one in some)
    if not curve.detections:
        assert curve.best is None
        return
    if not curve.faces:
        assert (curve.recall == 1).all()
        assert (curve.precision == 0).all()
        return
    # A missed face is a right answer given last of all.
    scores = [-1.0 if one.score is None else one.score for one in some]
    precision, recall, thresholds = precision_recall_curve(right, scores)
    known = thresholds >= 0
    assert curve.confidence.tolist() == thresholds[known][::-1].tolist()
    np.testing.assert_allclose(curve.precision, precision[:-1][known][::-1])
    np.testing.assert_allclose(curve.recall, recall[:-1][known][::-1])
    both = curve.precision + curve.recall
    harmonic = 2 * curve.precision * curve.recall / np.where(both > 0, both, 1)
    np.testing.assert_allclose(curve.f1, harmonic)
    best = curve.best
    assert best is not None
    assert best.f1 == max(curve.f1)
    assert best.confidence == max(curve.confidence[curve.f1 == best.f1])


def test_matches_agree_with_the_protocol_of_coco() -> None:
    rng = np.random.default_rng(1)
    truth = {p: [face(x, 30) for x in rng.integers(0, 200, 4)] for p in range(40)}
    predictions = {
        p: [
            face(x, 30, float(s))
            for x, s in zip(rng.integers(0, 200, 6), rng.random(6), strict=True)
        ]
        for p in range(40)
    }
    judged = match(truth, predictions)
    result = coco(
        [np.array([one.box for one in faces]) for faces in truth.values()],
        [np.array([(*one.box, one.score) for one in faces]) for faces in predictions.values()],
    )
    found = sum(one.kind is MatchKind.TP for one in judged)
    assert found / 160 == pytest.approx(result.recall["all"][0, -1])
    assert confidence_curve(judged).recall[-1] == pytest.approx(found / 160)
