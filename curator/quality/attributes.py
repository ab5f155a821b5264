"""Attributes of WIDER FACE and WFLW proposed from measures, with limits that people can move.

How well they agree with WIDER's annotators is measured by ``benchmarks/quality.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from curator.quality.table import Floats, Table

LIMITS: Mapping[str, float] = MappingProxyType(
    {
        "normal blur below": 35.0,
        "heavy blur below": 5.0,
        "extreme light above": 0.75,
        "atypical pose above": 40.0,
        "exaggerated mouth above": 0.25,
    }
)
"""What separates the values: edge variance, an index of 0..1, degrees, and a gap by T."""

# Logistic regression on the 6,513 faces of five training events of WIDER FACE: mean (its
# logarithm, and squared), spread, entropy, dark and bright share, likeness of the cheeks, and how
# far their colour is from skin. Of what it was not fitted to it tells less: AUC 0.87 on its own
# faces, 0.85 on photos and 0.82 on events that were held out.
_LIGHT = (
    3.2909,
    0.6687,
    40.3794,
    -61.2286,
    -0.1417,
    -0.0959,
    0.3824,
    0.1983,
    -0.5263,
    0.1074,
    0.1516,
)
_LIGHT_START = 5.7601
# How much each angle makes a pose unusual to WIDER's annotators: a tilted head most. Where two
# networks disagree about a head people call it atypical, too, more often than where they agree; so
# they do where its box is wider or narrower than usual, which is counted in degrees a unit of its
# logarithm. On 3,197 faces of WIDER's training photos without points: AUC 0.715 by the angles
# alone, 0.79 with the doubt, 0.85 with both. A regression on the same three, fitted to other events
# than it is asked about, comes to 0.87.
_ANGLES = {"HeadPoseYaw": 0.5, "HeadPosePitch": 0.3, "HeadPoseRoll": 1.0}
_DOUBT, _STRETCH = 0.5, 60.0
# Width by height: the median of WIDER's boxes.
_USUAL = 0.78


def light_index(table: Table) -> Floats:
    """How extreme the light is, 0..1; NaN where a face was not measured. Shape (N,)."""
    total = _LIGHT_START + light_features(table) @ np.array(_LIGHT)
    return np.asarray(1 / (1 + np.exp(-np.clip(total, -50, 50))))


def light_features(table: Table) -> Floats:
    """What the index is a logistic regression on, shape (N, 11); NaN where not measured."""
    mean = np.log(table.values("LuminanceMean") + 0.01)
    variance = np.maximum(table.values("LuminanceVariance"), 0)
    entropy = table.values("DynamicRange")
    colour = table.values("NaturalColour")
    features = (
        mean,
        mean**2,
        np.sqrt(variance),
        variance,
        entropy,
        entropy**2,
        np.log(table.values("UnderExposurePrevention") + 0.01),
        np.log(table.values("OverExposurePrevention") + 0.001),
        table.values("IlluminationUniformity"),
        colour,
        np.log(colour + 1),
    )
    return np.stack(features, axis=1)


def pose_index(table: Table) -> Floats:
    """How far a head is from upright and frontal, or seems to be, weighted degrees; shape (N,)."""
    squares = [(weight * table.values(name)) ** 2 for name, weight in _ANGLES.items()]
    squares.append((_DOUBT * np.nan_to_num(table.values("PoseDoubt"))) ** 2)
    width, height = (np.maximum(table.values(name), 1) for name in ("FaceWidth", "FaceHeight"))
    stretch = np.log(width / height / _USUAL)
    squares.append((_STRETCH * stretch) ** 2)
    return np.asarray(np.sqrt(np.sum(squares, axis=0)))


def proposed(table: Table, limits: Mapping[str, float] = LIMITS) -> dict[str, Floats]:
    """What each attribute would be, as its whole number; NaN where nothing was measured."""
    sharp = table.values("Sharpness")
    blur = (sharp < limits["normal blur below"]).astype(float) + (
        sharp < limits["heavy blur below"]
    )
    found = {
        "blur": np.where(np.isnan(sharp), np.nan, blur),
        "illumination": _above(light_index(table), limits["extreme light above"]),
        "pose": _above(pose_index(table), limits["atypical pose above"]),
        "expression": _above(table.values("MouthClosed"), limits["exaggerated mouth above"]),
    }
    return {name: values for name, values in found.items() if not np.isnan(values).all()}


def _above(values: Floats, limit: float) -> Floats:
    return np.where(np.isnan(values), np.nan, (values > limit).astype(float))
