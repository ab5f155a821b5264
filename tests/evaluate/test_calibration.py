"""Calibration: the slope against scikit-learn's, the centre by hand, and nothing to learn from."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.calibration import _sigmoid_calibration

from curator.evaluate.calibration import Calibration, calibrate


def drawn(seed: int, slope: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 1.5, 2000)
    return expit(z), rng.random(2000) < expit(slope * z - 1)


@pytest.mark.parametrize("seed", range(5))
def test_the_slope_is_that_of_scikit_learn(seed: int) -> None:
    scores, hits = drawn(seed)
    # Its sigmoid falls with the value it is fitted to.
    slope, _ = _sigmoid_calibration(logit(scores), hits.astype(int))
    assert calibrate(scores, hits).slope == pytest.approx(-slope, rel=1e-2)


def test_the_slope_leaves_faint_faces_above_the_floor_of_prediction_lists() -> None:
    slope = calibrate(*drawn(0, slope=6.0)).slope
    assert slope == 2.5
    assert Calibration(slope=slope, centre=0.44).of(0.15) > 0.02


def test_the_centre_is_the_lowest_score_from_which_on_one_in_fifty_is_wrong() -> None:
    # 49 right, one wrong, one more wrong: 98 % down to the first wrong one.
    scores = np.linspace(0.9, 0.4, 51)
    hits = np.arange(51) < 49
    made = calibrate(scores, hits)
    assert made.centre == scores[49]
    assert made.of(made.centre) == pytest.approx(0.5)


def test_order_stays_and_scores_stay_scores() -> None:
    made = Calibration(slope=4.0, centre=0.44)
    spread = [made.of(score) for score in (0.0, 0.1, 0.44, 0.5, 0.9, 1.0)]
    assert spread == sorted(set(spread))
    assert 0 <= spread[0] < 1e-9
    assert 1 - 1e-9 < spread[-1] <= 1
    # Four times ln(.5/.5) - ln(.44/.56).
    assert spread[3] == pytest.approx(1 / (1 + (0.44 / 0.56) ** 4))


@pytest.mark.parametrize(
    ("scores", "hits"),
    [
        ([], []),
        ([0.9, 0.5], [True, True]),
        ([0.9, 0.5], [False, False]),
        ([0.9, 0.5], [False, True]),
    ],
)
def test_without_rights_and_wrongs_that_tell_there_is_none(scores, hits) -> None:
    assert calibrate(np.array(scores, float), np.array(hits, bool)) is None
