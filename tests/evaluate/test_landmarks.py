from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import InputError
from curator.evaluate.landmarks import evaluate, normalised_errors

FACE = np.array([[[30, 40], [80, 40], [55, 70], [35, 90], [75, 90]]], np.float32)


def test_the_error_is_in_parts_of_the_distance_between_the_eyes() -> None:
    # All points 5 pixels off, the eyes 50 apart.
    assert normalised_errors(FACE + np.array([3, 4]), FACE) == pytest.approx([0.1])
    one_off = FACE.copy()
    one_off[0, 2] += [0, 10]
    assert normalised_errors(one_off, FACE) == pytest.approx([10 / 5 / 50])
    assert normalised_errors(FACE * 7 + np.array([21, 28]), FACE * 7) == pytest.approx([0.1])


def test_an_eye_of_several_points_is_their_mean() -> None:
    truth = np.array([[[0, -5], [0, 5], [100, -5], [100, 5]]], float)
    assert normalised_errors(truth + np.array([0, 5]), truth, ((0, 1), (2, 3))) == pytest.approx(
        [0.05]
    )


def test_eyes_in_one_place_and_unknown_points_have_no_error_and_are_counted() -> None:
    faces = np.repeat(FACE, 3, axis=0)
    faces[0, 1] = faces[0, 0]
    faces[1, 4] = np.nan
    errors = normalised_errors(faces + 5, faces)
    assert np.isnan(errors).tolist() == [True, True, False]
    result = evaluate(errors)
    assert (result.faces, result.left_out) == (1, 2)


def test_a_face_that_was_not_detected_is_a_failure() -> None:
    result = evaluate(np.array([0.02, 0.04, 0.2]), missed=1, limit=0.1)
    assert (result.faces, result.missed) == (4, 1)
    assert result.mean == pytest.approx(0.26 / 3)
    assert result.median == pytest.approx(0.04)
    assert result.failure_rate == 2 / 4
    # 1 - 0.02 / 0.1 and 1 - 0.04 / 0.1 over four faces.
    assert result.auc == pytest.approx((0.8 + 0.6) / 4)
    assert result.cumulative(np.array([0.0, 0.02, 0.03, 0.1, 1.0])).tolist() == [
        0,
        1 / 4,
        1 / 4,
        2 / 4,
        3 / 4,
    ]


def test_an_error_of_exactly_the_limit_is_no_failure() -> None:
    assert evaluate(np.array([0.1]), limit=0.1).failure_rate == 0


@given(
    st.lists(st.floats(0, 0.3), min_size=1, max_size=20), st.integers(0, 3), st.floats(0.01, 0.2)
)
def test_the_area_is_that_under_the_cumulative_curve(
    errors: list[float], missed: int, limit: float
) -> None:
    result = evaluate(np.array(errors), missed=missed, limit=limit)
    # Between two neighbouring errors the curve is level.
    edges = np.unique([0.0, limit, *(e for e in errors if e < limit)])
    area = (np.diff(edges) * result.cumulative(edges[:-1])).sum()
    assert result.auc == pytest.approx(area / limit, abs=1e-9)
    at_limit = result.cumulative(np.array([limit]))
    assert result.failure_rate == pytest.approx(1 - at_limit[0])


def test_without_faces_there_is_no_figure() -> None:
    result = evaluate(np.empty(0))
    assert result.faces == 0
    assert np.isnan([result.mean, result.median, result.failure_rate, result.auc]).all()
    assert np.isnan(result.cumulative(np.array([0.1]))).all()
    assert evaluate(np.empty(0), missed=2).failure_rate == 1


def test_points_of_two_schemes_are_refused() -> None:
    with pytest.raises(InputError, match=r"\(1, 5, 2\) against points of \(1, 4, 2\)"):
        normalised_errors(FACE, FACE[:, :4])


@pytest.mark.parametrize(("limit", "missed"), [(0.0, 0), (0.1, -1)])
def test_a_limit_of_nothing_is_refused(limit: float, missed: int) -> None:
    with pytest.raises(InputError, match="limit"):
        evaluate(np.empty(0), missed=missed, limit=limit)
