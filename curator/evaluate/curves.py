"""Areas under precision-recall curves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]


def envelope(precision: Curve) -> Curve:
    """The best precision at the same or a higher recall; last axis by growing recall."""
    return np.asarray(np.maximum.accumulate(precision[..., ::-1], axis=-1)[..., ::-1])


def area_under_envelope(recall: Curve, precision: Curve) -> float:
    """Average precision as in PASCAL VOC since 2010: every step of the envelope counts.

    Args:
        recall: Shape (T,), 0..1, not falling.
        precision: Shape (T,), 0..1.
    """
    steps = np.diff(recall, prepend=0.0, append=1.0)
    return float(np.sum(steps * envelope(np.append(precision, 0.0))))
