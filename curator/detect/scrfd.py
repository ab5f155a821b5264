"""SCRFD's layout: scores, distances and points over the cells of a feature pyramid.

Nine outputs (strides 8, 16, 32, two anchors a cell) or fifteen (five strides, one anchor): first
all scores, then all distances, then all points, finest stride first. As in
https://github.com/deepinsight/insightface/tree/master/detection/scrfd.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from curator.detect.detector import OnnxDetector
from curator.detect.grid import check, corners
from curator.detect.letterbox import Size
from curator.detect.network import Network, Tensor
from curator.detect.options import UNKNOWN_LICENCE, Options
from curator.errors import ConfigError, RunError
from curator.geometry import NOTHING, joined
from curator.records import Detections

_STRIDES = {9: (8, 16, 32), 15: (8, 16, 32, 64, 128)}
_ANCHORS = {9: 2, 15: 1}


class Scrfd:
    """Feeds and reads an SCRFD network.

    Args:
        network: The weights.
        min_score: Candidates below this are dropped; between 0 and 1.
        mean: Subtracted from each channel; insightface's unless the weights say otherwise.
        scale: Each channel is then multiplied by this.
        dtype: Of the network's input.

    Raises:
        RunError: if the outputs are not of this layout.
    """

    bgr = False
    nms_iou = 0.4
    inclusive = True

    def __init__(
        self,
        network: Network,
        min_score: float,
        *,
        mean: float = 127.5,
        scale: float = 1 / 128,
        dtype: str = "float32",
    ) -> None:
        count = len(network.outputs)
        levels = count // 3
        expected = [width for width in (1, 4, 10) for _ in range(levels)]
        told = [width or right for width, right in zip(network.widths, expected, strict=False)]
        if count not in _STRIDES or told != expected:
            raise RunError(
                f"{network.file}: these weights do not give scores, boxes and five points "
                "for 3 or 5 strides"
            )
        self.min_score = min_score
        self.mean = (mean, mean, mean)
        self.scale = scale
        self.dtype = dtype
        self.stride = _STRIDES[count][-1]
        self._strides = _STRIDES[count]
        self._anchors = _ANCHORS[count]

    def decode(self, outputs: Sequence[Tensor], canvas_wh: Size) -> Detections:
        """All candidates, in pixels of the canvas.

        Raises:
            RunError: if the network made more or fewer predictions than there are cells.
        """
        levels = len(self._strides)
        found = [NOTHING]
        for level, stride in enumerate(self._strides):
            scores, reaches, points = (outputs[level + part * levels] for part in range(3))
            scores = scores.reshape(-1)
            every = corners(canvas_wh, stride, self._anchors)
            check(len(scores), len(every))
            index = np.flatnonzero(scores >= self.min_score)
            if len(index):
                cells = every[index]
                reach = reaches.reshape(-1, 2, 2)[index] * np.float32(stride)
                away = points.reshape(-1, 5, 2)[index] * np.float32(stride)
                boxes = np.concatenate([cells - reach[:, 0], cells + reach[:, 1]], axis=1)
                found.append(Detections(boxes, scores[index], cells[:, None] + away))
        return joined(found)


def open_scrfd(variant: str | None, options: Options) -> OnnxDetector:
    """Weights of this layout from a file, without the insightface package.

    Raises:
        ConfigError: if no file is named, or there is none.
        RunError: if it cannot be used.
    """
    if variant is None:
        raise ConfigError("detector 'scrfd' needs a file: scrfd:/path/to/weights.onnx")
    return opened(Network(options.weights("scrfd", variant)), f"scrfd:{variant}", options)


def opened(network: Network, name: str, options: Options) -> OnnxDetector:
    """Weights of this layout under a name, with the licence that stands in them.

    Raises:
        RunError: if they are of another layout.
    """
    return OnnxDetector(
        network,
        Scrfd(network, options.least(network.metadata)),
        name=name,
        licence=network.metadata.get("license") or UNKNOWN_LICENCE,
        sizes=(options.size or 640,),
    )
