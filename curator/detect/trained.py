"""Weights of a training run of the dataset: ``run:NAME``.

Only ONNX is ever opened: checkpoints hold pickled objects, which run whatever they contain.
"""

from __future__ import annotations

from pathlib import Path

from curator.detect import scrfd, yolo
from curator.detect.detector import OnnxDetector
from curator.detect.network import Network
from curator.detect.options import Options
from curator.errors import ConfigError

_PATH_CHARACTERS = frozenset("/\\:\0")


def open_run(variant: str | None, options: Options) -> OnnxDetector:
    """The weights that a training run exported, whichever trainer made them.

    Raises:
        ConfigError: if no run is named, there is none, or it has exported nothing yet.
        RunError: if its weights are broken, or of no layout known here.
    """
    folder = _folder(variant, options.runs)
    weights = yolo.weights_in(folder)
    if not weights:
        raise ConfigError(
            f"run {variant!r} has no weights yet; finish it with the command that began it"
        )
    network = Network(weights[0])
    name = f"run:{variant}"
    if yolo.is_yolo(network):
        return yolo.opened(network, name, options)
    return scrfd.opened(network, name, options)


def _folder(name: str | None, runs: Path | None) -> Path:
    if runs is None:
        raise ConfigError("detector 'run' needs the dataset that it was trained on: --dataset DIR")
    known = sorted(place.name for place in runs.glob("*") if place.is_dir())
    listed = ", ".join(known) or "none yet"
    if not name or name in (".", "..") or _PATH_CHARACTERS & set(name):
        raise ConfigError(f"detector 'run' needs the name of a training run: run:NAME; {listed}")
    if name not in known:
        raise ConfigError(f"no training run {name!r}; there are: {listed}")
    return runs / name
