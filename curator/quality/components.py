"""Every measure: its name, its unit, where its number comes from, and its 0..100 score.

Names and formulas are those of ISO/IEC 29794-5 as OFIQ 1.0.3 computes them ("computed as in
OFIQ": landmarks and networks are not theirs); what stands below them is ours, for curation.
A score is computed from the raw number when it is asked for, so that a formula or a limit can
change without touching an image again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Score = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One measure.

    Attributes:
        name: The standard's, or ours.
        words: What rules and pages call it.
        unit: Of the raw number, in a word; empty for a plain ratio.
        family: Where it comes from: ``box``, ``points``, ``pose``, ``mask``, ``pixels``,
            ``pair`` (two detectors).
        about: One line for a person.
        score: From raw numbers to 0..100; None where the raw number speaks for itself.
        standard: Whether ISO/IEC 29794-5 names it.
        low: Whether low raw numbers are the good ones, as far as there is good and bad.
    """

    name: str
    words: str
    unit: str
    family: str
    about: str
    score: Score | None = None
    standard: bool = True
    low: bool = False


def sigmoid(x: ArrayLike, x0: float, w: float) -> Floats:
    """``1 / (1 + exp((x0 - x) / w))``, element by element, without overflow."""
    return np.asarray(1 / (1 + np.exp(np.clip((x0 - np.asarray(x, np.float64)) / w, -700, 700))))


def sigmoid_score(x0: float, w: float, *, h: float = 100, a: float = 0, s: float = 1) -> Score:
    """OFIQ's mapping: ``clip(round(h (a + s / (1 + exp((x0 - x) / w)))), 0, 100)``."""
    return lambda raw: _whole(h * (a + s * sigmoid(raw, x0, w)))


def _whole(values: Floats) -> Floats:
    # Halves go up, as C++ rounds them, not to the even number.
    return np.clip(np.floor(values + 0.5), 0, 100)


def _single(raw: Floats) -> Floats:
    return _whole(100 * (1 - raw))


def _angle(raw: Floats) -> Floats:
    return _whole(100 * np.maximum(0, np.cos(np.radians(raw))) ** 2)


def _mean(raw: Floats) -> Floats:
    return _whole(100 * sigmoid(raw, 0.2, 0.05) * (1 - sigmoid(raw, 0.8, 0.05)))


def _variance(raw: Floats) -> Floats:
    return _whole(100 * np.sin(60 * raw / (60 * raw + 1) * np.pi))


def _uniform(raw: Floats) -> Floats:
    return _whole(100 * np.power(raw, 0.3))


def _range(raw: Floats) -> Floats:
    return _whole(12.5 * raw)


def _bright(raw: Floats) -> Floats:
    return _whole(1 / (raw + 0.01))


def _sharp(raw: Floats) -> Floats:
    return _whole(100 * sigmoid(np.log10(np.maximum(raw, 1e-3)), SHARP_MIDDLE, SHARP_WIDTH))


# On portraits of Helen blurred by a Gaussian of 0, 1, 2, 3, 5 and 8 % of the eye distance the
# medians are 676, 473, 237, 121, 42 and 15: they score 96, 93, 83, 65, 28 and 8.
SHARP_MIDDLE, SHARP_WIDTH = 1.9, 0.3


def _standard(
    name: str, words: str, unit: str, family: str, about: str, score: Score, *, low: bool = False
) -> Component:
    return Component(
        name=name, words=words, unit=unit, family=family, about=about, score=score, low=low
    )


def _ours(name: str, words: str, unit: str, family: str, about: str, *, low: bool) -> Component:
    return Component(
        name=name, words=words, unit=unit, family=family, about=about, standard=False, low=low
    )


_ALL = (
    _standard(
        "Sharpness", "edge variance", "", "pixels",
        "variance of the Laplacian of the aligned face", _sharp,
    ),
    _standard("HeadPoseYaw", "yaw", "degrees", "pose", "positive: nose to the right", _angle),
    _standard("HeadPosePitch", "pitch", "degrees", "pose", "positive: nose up", _angle),
    _standard("HeadPoseRoll", "roll", "degrees", "pose", "positive: clockwise", _angle),
    _standard(
        "InterEyeDistance", "eye distance", "px", "points",
        "between the eyes, as if seen from the front", sigmoid_score(70, 20),
    ),
    _standard(
        "SingleFacePresent", "second face", "", "box",
        "second largest face of the image by the largest", _single, low=True,
    ),
    _standard(
        "HeadSize", "head size", "", "points",
        "how far eyes to chin is from 0.45 of the height",
        sigmoid_score(0, 0.05, h=200, a=1, s=-1), low=True,
    ),
    _standard(
        "LeftwardCrop", "left margin", "eye distances", "points",
        "from the left side of the image to the middle of the eyes", sigmoid_score(0.9, 0.1),
    ),
    _standard(
        "RightwardCrop", "right margin", "eye distances", "points",
        "from the right side of the image to the middle of the eyes", sigmoid_score(0.9, 0.1),
    ),
    _standard(
        "MarginAbove", "margin above", "head sizes", "points",
        "from the top of the image to the eyes", sigmoid_score(1.4, 0.1),
    ),
    _standard(
        "MarginBelow", "margin below", "head sizes", "points",
        "from the eyes to the bottom of the image", sigmoid_score(1.8, 0.1),
    ),
    _standard(
        "EyesOpen", "eyes open", "head sizes", "points",
        "gap between the lids of the eye that is less open", sigmoid_score(0.02, 0.01),
    ),
    _standard(
        "MouthClosed", "mouth open", "head sizes", "points",
        "gap between the lips", sigmoid_score(0.2, 0.06, a=1, s=-1), low=True,
    ),
    _standard(
        "DynamicRange", "dynamic range", "bits", "mask", "entropy of the luminance", _range
    ),
    _standard("LuminanceMean", "brightness", "", "mask", "mean luminance, 0 to 1", _mean),
    _standard(
        "LuminanceVariance", "contrast", "", "mask", "variance of the luminance", _variance
    ),
    _standard(
        "IlluminationUniformity", "uniform light", "", "pixels",
        "how much the two cheeks are lit alike", _uniform,
    ),
    _standard(
        "NaturalColour", "colour distance", "CIELAB", "pixels",
        "of the cheeks from the colours of skin",
        sigmoid_score(0, 10, h=200, a=1, s=-1), low=True,
    ),
    _standard(
        "UnderExposurePrevention", "dark share", "", "mask",
        "share of the face darker than level 26",
        sigmoid_score(0.92, 0.05, h=120, a=0.832, s=-1), low=True,
    ),
    _standard(
        "OverExposurePrevention", "bright share", "", "mask",
        "share of the face brighter than level 246", _bright, low=True,
    ),
    _ours("DetectorScore", "score", "", "box", "of the detector that proposed it", low=False),
    _ours("FaceHeight", "face height", "px", "box", "of the box", low=False),
    _ours("FaceWidth", "face width", "px", "box", "of the box", low=False),
    _ours("FacesInImage", "faces in image", "", "box", "that count, this one too", low=True),
    _ours("OutOfFrame", "out of frame", "", "box", "share of the box past the rim", low=True),
    _ours(
        "ShapeDistance", "shape distance", "eye distances", "points",
        "of the points from the mean face", low=True,
    ),
    _ours(
        "PoseDoubt", "pose doubt", "degrees", "pose",
        "how far the answers of two pose networks lie apart", low=True,
    ),
    _ours("Grey", "grey", "", "pixels", "1 for a face without colours", low=True),
    _ours("AgreementIoU", "agreement", "IoU", "pair", "with another detector's box", low=False),
    _ours(
        "AgreementPoints", "point disagreement", "eye distances", "pair",
        "mean distance to another detector's points", low=True,
    ),
)  # fmt: skip

MEASURES: dict[str, Component] = {component.name: component for component in _ALL}
"""By name, in the order to show them."""


def score(name: str, raw: ArrayLike, grey: ArrayLike | None = None) -> Floats:
    """The 0..100 scores of raw numbers; NaN, for what was not measured, stays NaN.

    Args:
        name: Of a measure that has a score.
        raw: Any shape.
        grey: For NaturalColour: 1 where the picture has no colours, which scores 0.

    Raises:
        KeyError: if the measure has none.
    """
    formula = MEASURES[name].score
    if formula is None:
        raise KeyError(f"{name} has no score")
    values = np.asarray(raw, np.float64)
    found = formula(values)
    if name == "NaturalColour" and grey is not None:
        found = np.where((np.asarray(grey) == 1) & ~np.isnan(values), 0.0, found)
    return found
