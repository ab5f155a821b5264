"""Ultralytics' layout: one output with boxes, class scores and perhaps points for every cell.

``(1, 4 + classes + points, N)``, boxes as centre and size in pixels of the canvas; or, where the
network suppresses for itself, ``(1, N, 6 + points)`` with corners, score and class. What the
classes are, whether there are points and the size it was trained at stand in the metadata of the
file. Source: https://docs.ultralytics.com/modes/export/.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from curator.detect.detector import OnnxDetector
from curator.detect.letterbox import Size, square
from curator.detect.network import Network, Tensor
from curator.detect.options import UNKNOWN_LICENCE, Options
from curator.errors import ConfigError, RunError
from curator.geometry import NOTHING
from curator.records import Detections

FACE = "face"
_POINTS = 5
_NMS_IOU = 0.7
_MOST_CLASSES = 100_000


class Yolo:
    """Feeds and reads a network that Ultralytics exported.

    Args:
        network: The weights.
        metadata: Of the file.
        min_score: Candidates below this are dropped; between 0 and 1.

    Raises:
        RunError: if the outputs are not of this layout, or it finds something else than faces.
    """

    mean = (0.0, 0.0, 0.0)
    scale = 1 / 255
    bgr = False
    dtype = "float32"
    stride = 32
    nms_iou = _NMS_IOU
    inclusive = False

    def __init__(self, network: Network, metadata: Mapping[str, str], min_score: float) -> None:
        self._file = network.file
        self.min_score = min_score
        names = _literal(metadata.get("names"))
        if metadata.get("task") not in ("detect", "pose") or not isinstance(names, dict):
            raise RunError(f"{network.file}: these are no weights that Ultralytics exported")
        if not 0 < len(names) <= _MOST_CLASSES:
            raise RunError(f"{network.file}: these weights name {len(names)} classes")
        self._names = np.array([str(names[key]) for key in sorted(names)])
        shape = _literal(metadata.get("kpt_shape")) if metadata["task"] == "pose" else None
        if shape is not None and (not isinstance(shape, list) or shape[0] != _POINTS):
            raise RunError(f"{network.file}: these weights find {shape} points, a face has five")
        self._point_values = 0 if shape is None else _POINTS * int(shape[1])
        self._people = list(self._names) != [FACE]

    @property
    def people(self) -> bool:
        """Whether the classes are people."""
        return self._people

    def decode(self, outputs: Sequence[Tensor], canvas_wh: Size) -> Detections:
        """All candidates, in pixels of the canvas.

        Raises:
            RunError: if the output is of another shape.
        """
        values = np.asarray(outputs[0], np.float32)
        classes, points = len(self._names), self._point_values
        if values.ndim == 3 and values.shape[1] == 4 + classes + points:
            rows = values[0].T
            told = rows[:, 4 : 4 + classes]
            which, scores = told.argmax(axis=1), told.max(axis=1)
            half = rows[:, 2:4] / 2
            boxes = np.concatenate([rows[:, :2] - half, rows[:, :2] + half], axis=1)
            rest = rows[:, 4 + classes :]
        elif values.ndim == 3 and values.shape[2] == 6 + points:
            rows = values[0]
            boxes, scores, rest = rows[:, :4], rows[:, 4], rows[:, 6:]
            which = rows[:, 5].clip(0, classes - 1).astype(np.intp)
        else:
            raise RunError(f"{self._file}: the output has the shape {values.shape}")
        good = np.flatnonzero((scores >= self.min_score) & np.isfinite(boxes).all(axis=1))
        if not len(good):
            return NOTHING
        landmarks = np.full((len(good), _POINTS, 2), np.nan, np.float32)
        if points:
            landmarks = rest[good].reshape(len(good), _POINTS, -1)[:, :, :2]
        who = self._names[which[good]] if self._people else None
        return Detections(boxes[good], scores[good], landmarks, who)


def open_yolo(variant: str | None, options: Options) -> OnnxDetector:
    """Weights that Ultralytics exported, from a file.

    Raises:
        ConfigError: if no file is named, or there is none.
        RunError: if it cannot be used.
    """
    if variant is None:
        raise ConfigError("detector 'yolo' needs a file: yolo:/path/to/weights.onnx")
    return opened(Network(options.weights("yolo", variant)), f"yolo:{variant}", options)


def opened(network: Network, name: str, options: Options) -> OnnxDetector:
    """The detector of a network of this layout.

    Raises:
        RunError: if it is none.
    """
    metadata = network.metadata
    layout = Yolo(network, metadata, options.least(metadata))
    fixed = network.fixed_wh
    if fixed is not None:
        if fixed[0] != fixed[1]:
            raise RunError(f"{network.file}: these weights take images of {fixed} pixels only")
        sizes, fit = (fixed[0],), square
    else:
        sizes, fit = (options.size or _size(metadata),), None
    return OnnxDetector(
        network,
        layout,
        name=name,
        licence=metadata.get("license") or UNKNOWN_LICENCE,
        sizes=sizes,
        fit=fit,
    )


def _size(metadata: Mapping[str, str]) -> int:
    """The size it was trained at; Ultralytics' usual one where it does not say."""
    said = _literal(metadata.get("imgsz"))
    sides = said if isinstance(said, list) else [said]
    good = [side for side in sides if isinstance(side, int) and 32 <= side <= 4096]
    return max(good, default=640)


def _literal(text: str | None) -> Any:
    """The plain value that a text from outside means; None where it is none."""
    try:
        return ast.literal_eval(text) if text and len(text) < 4_000_000 else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def is_yolo(network: Network) -> bool:
    """Whether Ultralytics exported these weights."""
    return "names" in network.metadata and "task" in network.metadata


def weights_in(folder: Path) -> list[Path]:
    """Where a training run keeps its exported weights, the best first."""
    places = (folder / "weights" / "best.onnx", *sorted(folder.glob("*.onnx")))
    return [place for place in places if place.is_file()]
