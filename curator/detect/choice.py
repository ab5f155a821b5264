"""Which detector: the one that is named, else the best whose weights are on this machine."""

from __future__ import annotations

from pathlib import Path

from curator.config import settings
from curator.detect.accurate import FAINT, Accurate
from curator.detect.detectors import DETECTORS, Detector
from curator.detect.options import Options
from curator.detect.packs import DEFAULT_PACK, find
from curator.errors import ConfigError
from curator.progress import Progress, Silent

# Best first, by AP on the WIDER FACE validation photos and by the error of the points.
_PACKS = (
    "antelopev2",
    "buffalo_l",
    "scrfd_10g",
    "buffalo_m",
    "scrfd_2.5g",
    "buffalo_s",
    "buffalo_sc",
    "scrfd_500m",
)
_FILES = {"yunet": "yunet_n_dynamic", "retinaface": "retinaface_mnet025"}


def choose(
    name: str | None = None,
    *,
    models: Path | None = None,
    min_score: float = 0.5,
    size: int | None = None,
    accurate: bool = False,
    progress: Progress | None = None,
    runs: Path | None = None,
) -> Detector:
    """Open a detector.

    Args:
        name: ``detector`` or ``detector:variant``, such as ``insightface:scrfd_2.5g`` or
            ``retinaface:/path/to/weights.onnx``. Without it the setting ``CURATOR_DETECTOR``
            decides; without that the best weights on this machine; without any, insightface's
            download.
        models: A folder of weights, by default the setting ``CURATOR_MODELS``.
        min_score: Faces below this are not returned; between 0 and 1.
        size: The long side of the network's input, pixels; None for the detector's own.
        accurate: Look again at several scales and in the mirror.
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
    options = Options(
        models=models,
        min_score=min_score * FAINT if accurate else min_score,
        size=size,
        progress=progress or Silent(),
        runs=runs,
    )
    name = name or settings().detector or on_this_machine(models) or f"insightface:{DEFAULT_PACK}"
    kind, _, variant = name.partition(":")
    detector = DETECTORS.load(kind)(variant or None, options)
    return Accurate(detector, min_score) if accurate else detector


def on_this_machine(models: Path | None) -> str | None:
    """The name of the best detector whose weights are here, None where there are none."""
    for pack in _PACKS:
        if find(pack, models) is not None:
            return f"insightface:{pack}"
    for kind, stem in _FILES.items():
        if models is not None and (models / "onnx" / f"{stem}.onnx").is_file():
            return f"{kind}:{stem}"
    return None
