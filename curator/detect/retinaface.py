"""RetinaFace's layout: boxes, confidences and points over prior boxes.

Three outputs, in any order: offsets (1, N, 4), confidences (1, N, 2) after the softmax, points
(1, N, 10), where N runs over strides 8, 16, 32 with two priors a cell. As published for
https://github.com/biubug6/Pytorch_Retinaface.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from curator.detect.detector import OnnxDetector
from curator.detect.grid import check, corners
from curator.detect.letterbox import Letterbox, Size, inside
from curator.detect.network import Network, Tensor
from curator.detect.options import UNKNOWN_LICENCE, Options
from curator.errors import RunError
from curator.records import Detections

# Side of each prior, canvas pixels, by stride.
PRIORS = {8: (16, 32), 16: (64, 128), 32: (256, 512)}
# Offsets were divided by these in training: of centres and points, and of sizes.
CENTRE_VARIANCE, SIZE_VARIANCE = 0.1, 0.2
_DEFAULT = "retinaface_mnet025"


class RetinaFace:
    """Feeds and reads a RetinaFace network.

    Args:
        network: The weights.
        min_score: Candidates below this are dropped; between 0 and 1.

    Raises:
        RunError: if the outputs are not of this layout.
    """

    mean = (104.0, 117.0, 123.0)
    scale = 1.0
    bgr = True
    dtype = "float32"
    stride = 32
    nms_iou = 0.4
    inclusive = True

    def __init__(self, network: Network, min_score: float) -> None:
        try:
            self._order = [network.widths.index(width) for width in (4, 2, 10)]
        except ValueError as cause:
            raise RunError(
                f"{network.file}: these weights do not give boxes, confidences and five points"
            ) from cause
        self.min_score = min_score

    def decode(self, outputs: Sequence[Tensor], canvas_wh: Size) -> Detections:
        """All candidates, in pixels of the canvas.

        Raises:
            RunError: if the network made more or fewer predictions than there are priors.
        """
        offsets, confidences, points = (outputs[place][0] for place in self._order)
        scores = confidences[:, 1]
        every = priors(canvas_wh)
        check(len(scores), len(every))
        index = np.flatnonzero(scores >= self.min_score)
        centres, sides = every[index, :2], every[index, 2:]
        offset = offsets[index]
        middle = centres + offset[:, :2] * CENTRE_VARIANCE * sides
        half = sides * np.exp(offset[:, 2:] * SIZE_VARIANCE) / 2
        boxes = np.concatenate([middle - half, middle + half], axis=1)
        away = points[index].reshape(-1, 5, 2) * CENTRE_VARIANCE * sides[:, None]
        return Detections(boxes, scores[index], centres[:, None] + away)


@lru_cache(maxsize=8)
def priors(canvas_wh: Size) -> NDArray[np.float32]:
    """All prior boxes of a canvas: x and y of the centre, and the side, canvas pixels, (N, 3)."""
    levels = []
    for stride, sides in PRIORS.items():
        centres = corners(canvas_wh, stride, len(sides)) + np.float32(stride / 2)
        side = np.tile(np.array(sides, np.float32), len(centres) // len(sides))
        levels.append(np.column_stack([centres, side]))
    return np.concatenate(levels)


def open_retinaface(variant: str | None, options: Options) -> OnnxDetector:
    """RetinaFace weights from the models folder, or from a file.

    Raises:
        ConfigError: if there is no such file.
        RunError: if it cannot be used.
    """
    file = options.weights("retinaface", variant or _DEFAULT)
    network = Network(file)
    size, fit = options.size or 640, None
    if options.size is None and network.fixed_wh is not None:
        size, fit = max(network.fixed_wh), partial(_fixed, network.fixed_wh)
    return OnnxDetector(
        network,
        RetinaFace(network, options.least()),
        name=f"retinaface:{variant or _DEFAULT}",
        licence="MIT" if variant in (None, _DEFAULT) else UNKNOWN_LICENCE,
        sizes=(size,),
        fit=fit,
    )


def _fixed(canvas_wh: Size, photo_wh: Size, _: int) -> Letterbox:
    return inside(photo_wh, canvas_wh)
