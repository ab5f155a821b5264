"""Which detector: the one that is named, else the one that comes with the package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from curator.config import settings
from curator.detect.accurate import FAINT, SHORT_SIDES, Accurate
from curator.detect.detectors import DEFAULT, DETECTORS, Detector
from curator.detect.options import Options
from curator.errors import ConfigError
from curator.progress import Progress, Silent


def choose(
    name: str | None = None,
    *,
    models: Path | None = None,
    min_score: float | None = None,
    size: int | None = None,
    accurate: bool | Sequence[int] = False,
    progress: Progress | None = None,
    runs: Path | None = None,
) -> Detector:
    """Open a detector.

    Args:
        name: ``detector`` or ``detector:variant``, such as ``insightface:scrfd_2.5g`` or
            ``retinaface:/path/to/weights.onnx``. Without it the setting ``CURATOR_DETECTOR``
            decides; without that the weights that come with the package.
        models: A folder of weights, by default the setting ``CURATOR_MODELS``.
        min_score: Faces below this are not returned; between 0 and 1; None for what the weights
            recommend, 0.5 where they do not.
        size: The long side of the network's input, pixels; None for the detector's own.
        accurate: Look again at several scales and in the mirror; or at these rather than the
            usual scales: short sides of the drawn photo, pixels.
        progress: Told of a download.
        runs: Where the training runs of the dataset are, for ``run:NAME``.

    Raises:
        ConfigError: if the name is unknown, its weights do not exist, or an option is wrong.
        MissingExtra: if a library it needs is not installed.
        RunError: if the weights are broken or cannot be downloaded.
    """
    models = models or settings().models
    if models is not None and not models.is_dir():
        raise ConfigError(f"the models folder {models} does not exist (CURATOR_MODELS)")
    sides = SHORT_SIDES if accurate is True else tuple(accurate or ())
    options = Options(
        models=models,
        min_score=min_score,
        size=size,
        progress=progress or Silent(),
        runs=runs,
    )
    name = name or settings().detector or DEFAULT
    kind, _, variant = name.partition(":")
    opener = DETECTORS.load(kind)
    if not sides:
        return opener(variant or None, options)
    least = opener(variant or None, options).min_score if min_score is None else min_score
    faint = replace(options, min_score=least * FAINT)
    return Accurate(opener(variant or None, faint), least, sides)
