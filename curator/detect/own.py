"""The weights that come with this package, or others that ``curator train`` made."""

from __future__ import annotations

from pathlib import Path

from curator.detect.detector import OnnxDetector
from curator.detect.options import Options
from curator.detect.scrfd import open_weights

WEIGHTS = Path(__file__).with_name("weights")
_DEFAULT = "retinaface"


def open_own(variant: str | None, options: Options) -> OnnxDetector:
    """Weights of the package by their name, or of a training run by their file.

    Raises:
        ConfigError: if there is no such file.
        RunError: if it cannot be used.
    """
    variant = variant or _DEFAULT
    shipped = WEIGHTS / f"{variant}.onnx"
    file = shipped if shipped.is_file() else options.weights("curator", variant)
    return open_weights(file, f"curator:{variant}", options)
