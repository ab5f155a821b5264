"""Weights as an ONNX graph in the layout that insightface reads its own detectors from.

Input ``images``: float32, shape (B, 3, H, W), RGB, ``(value - 127.5) / 128``, H and W multiples
of 32. Nine outputs: scores (B, N, 1), box distances (B, N, 4) and point offsets (B, N, 10) of
strides 8, 16 and 32 in turn, N two a cell, row by row. Distances (left, up, right, down) and
offsets (x, y) are from the upper left corner of the cell in units of its stride, as in
https://github.com/deepinsight/insightface/tree/master/detection/scrfd.
"""

from __future__ import annotations

import copy
import warnings
from pathlib import Path

import onnx
import torch
from onnx import helper
from torch import Tensor, nn

from curator.errors import RunError
from curator.train.anchors import (
    CENTRE_VARIANCE,
    PER_CELL,
    SIDES,
    SIZE_VARIANCE,
    STRIDES,
)
from curator.train.network import RetinaFaceNetwork

OPSET = 17
INPUT = "images"
OUTPUTS = [f"{part}_{stride}" for part in ("score", "bbox", "kps") for stride in STRIDES]


class Exported(nn.Module):
    """The network with its arithmetic after the last convolution, normalisation folded in."""

    def __init__(self, network: RetinaFaceNetwork) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).float().eval()
        self.network.fold()
        # Sides of the anchors in units of the stride, shape (3, 2, 1).
        sides = torch.tensor(SIDES, dtype=torch.float32) / torch.tensor(STRIDES)[:, None]
        self.sides = nn.Buffer(sides[..., None])

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """The nine outputs: scores, distances, points, each by stride."""
        scores, boxes, points = [], [], []
        for level, (logits, box, point) in enumerate(self.network.levels(images)):
            sides = self.sides[level]
            scores.append(logits.sigmoid())
            # Two anchors a cell take turns along the rows.
            in_cells = (logits.shape[0], -1, PER_CELL)
            offset = box.reshape(*in_cells, 4)
            middle = offset[..., :2] * (CENTRE_VARIANCE * sides)
            half = torch.exp(offset[..., 2:] * SIZE_VARIANCE) * (sides / 2)
            boxes.append(torch.cat([half - middle, half + middle], dim=-1).flatten(1, 2))
            away = point.reshape(*in_cells, 10)
            points.append((away * (CENTRE_VARIANCE * sides)).flatten(1, 2))
        return (*scores, *boxes, *points)


def export_onnx(
    network: RetinaFaceNetwork,
    file: Path,
    *,
    licence: str | None = None,
    min_score: float | None = None,
) -> None:
    """Write the weights of a network, which is not changed.

    Args:
        network: What was trained.
        file: Where to.
        licence: What the weights may be used for: it stands in the file, and detectors say it.
        min_score: From which score on its faces are worth proposing, 0..1: it stands in the file,
            and detectors keep to it where nothing else is asked for.

    Raises:
        RunError: if the file cannot be written.
    """
    model = Exported(network).cpu().eval()
    example = torch.zeros(1, 3, 64, 96)
    axes = {0: "batch", 2: "height", 3: "width"}
    partial = file.with_suffix(".partial")
    try:
        with warnings.catch_warnings():
            # The tracer is to be replaced by one that needs a further library.
            warnings.simplefilter("ignore", DeprecationWarning)
            torch.onnx.export(
                model,
                (example,),
                str(partial),
                input_names=[INPUT],
                output_names=OUTPUTS,
                dynamic_axes={INPUT: axes} | {name: {0: "batch", 1: name} for name in OUTPUTS},
                opset_version=OPSET,
                dynamo=False,
            )
        facts = {} if licence is None else {"license": licence}
        if min_score is not None:
            facts["min_score"] = f"{min_score:.3f}"
        if facts:
            graph = onnx.load(str(partial))
            helper.set_model_props(graph, facts)
            onnx.save(graph, str(partial))
        partial.replace(file)
    except OSError as cause:
        raise RunError(f"{file}: the weights cannot be written ({cause.strerror})") from cause
