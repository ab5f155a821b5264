"""The weights that come with this package, made by its own trainer: see ``docs/model-card.md``."""

from __future__ import annotations

from pathlib import Path

from curator.detect import scrfd
from curator.detect.detector import OnnxDetector
from curator.detect.network import Network
from curator.detect.options import Options
from curator.errors import ConfigError

WEIGHTS = Path(__file__).with_name("weights")
_DEFAULT = "retinaface"


def open_own(variant: str | None, options: Options) -> OnnxDetector:
    """Weights of the package by their name.

    Raises:
        ConfigError: if there are none of this name.
        RunError: if they cannot be used.
    """
    known = sorted(file.stem for file in WEIGHTS.glob("*.onnx"))
    variant = variant or _DEFAULT
    if variant not in known:
        raise ConfigError(
            f"no weights {variant!r} come with curator; known: {', '.join(known)}; "
            "those of a training run are run:NAME"
        )
    return scrfd.opened(Network(WEIGHTS / f"{variant}.onnx"), f"curator:{variant}", options)
