"""What a score is worth: how steeply the share of right detections grows with it.

A network trained on the overlap of boxes says 0.6 of faces that it is sure of. Spread out, its
scores mean what people, rules and queues take them for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

Floats = NDArray[np.float64]

# Of fifty detections with more than the middle score one may be wrong.
SURE = 0.98
# Steeper, faint faces would fall below 0.02, where lists of predictions are usually cut off.
STEEPEST = 2.5
_LEAST, _MOST = 1e-6, 1 - 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """A new score: ``sigmoid(slope * (logit(score) - logit(centre)))``; the order stays.

    Attributes:
        slope: Of the logistic curve, above 0.
        centre: The score that becomes 0.5, between 0 and 1.
    """

    slope: float
    centre: float

    def of(self, score: float) -> float:
        """The new score of an old one, both 0..1."""
        within = np.clip([score, self.centre], _LEAST, _MOST)
        old, centre = logit(within)
        return float(expit(self.slope * (old - centre)))


def calibrate(scores: Floats, hits: NDArray[np.bool_]) -> Calibration | None:
    """The calibration of a detector by what it found in photos whose faces are known.

    The slope is that of a logistic fit of right and wrong to the logit of the score (Platt 1999,
    "Probabilistic outputs for support vector machines", with his targets, which keep it finite),
    at most 2.5.
    The centre is the lowest score from which on 98 % of the detections are right.

    Args:
        scores: Of the detections, shape (N,), 0..1.
        hits: Which of them found a face, shape (N,).

    Returns:
        None where nothing or everything is right, or no score is that sure: then there is
        nothing to learn the calibration from.
    """
    right = int(hits.sum())
    if right in (0, len(hits)):
        return None
    order = np.argsort(-scores, kind="stable")
    precision = np.cumsum(hits[order]) / np.arange(1, len(hits) + 1)
    sure = np.flatnonzero(precision >= SURE)
    if not len(sure):
        return None
    z = logit(np.clip(scores, _LEAST, _MOST))
    wrong = len(hits) - right
    wanted = np.where(hits, (right + 1) / (right + 2), 1 / (wrong + 2))

    def loss(ab: Floats) -> float:
        fitted = ab[0] * z + ab[1]
        return float(np.logaddexp(0, fitted).sum() - (wanted * fitted).sum())

    slope = min(float(minimize(loss, np.array([1.0, 0.0])).x[0]), STEEPEST)
    centre = float(scores[order][sure[-1]])
    return Calibration(slope=slope, centre=centre) if slope > 0 else None
