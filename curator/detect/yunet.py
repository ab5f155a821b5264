"""YuNet's layout: class, objectness, box and points over the cells of a feature pyramid.

Twelve outputs named ``cls_8`` to ``kps_32``. As OpenCV's FaceDetectorYN reads them:
https://github.com/opencv/opencv/blob/4.x/modules/objdetect/src/face_detect.cpp.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from curator.detect.detector import OnnxDetector
from curator.detect.grid import check, corners
from curator.detect.letterbox import Size
from curator.detect.network import Network, Tensor
from curator.detect.options import UNKNOWN_LICENCE, Options
from curator.errors import RunError
from curator.geometry import NOTHING, joined
from curator.records import Detections

_STRIDES = (8, 16, 32)
_PARTS = ("cls", "obj", "bbox", "kps")
_DEFAULT = "yunet_n_dynamic"


class YuNet:
    """Feeds and reads a YuNet network.

    Args:
        network: The weights.
        min_score: Candidates below this are dropped; between 0 and 1.

    Raises:
        RunError: if the outputs are not of this layout.
    """

    mean = (0.0, 0.0, 0.0)
    scale = 1.0
    bgr = True
    dtype = "float32"
    stride = 32
    nms_iou = 0.3
    inclusive = False

    def __init__(self, network: Network, min_score: float) -> None:
        try:
            self._places = [
                [network.outputs.index(f"{part}_{stride}") for part in _PARTS]
                for stride in _STRIDES
            ]
        except ValueError as cause:
            raise RunError(
                f"{network.file}: these weights do not have YuNet's outputs cls_8 to kps_32"
            ) from cause
        self.min_score = min_score

    def decode(self, outputs: Sequence[Tensor], canvas_wh: Size) -> Detections:
        """All candidates, in pixels of the canvas.

        Raises:
            RunError: if the network made more or fewer predictions than there are cells.
        """
        found = [NOTHING]
        for stride, places in zip(_STRIDES, self._places, strict=True):
            face, something, box, points = (outputs[place][0] for place in places)
            scores = np.sqrt(np.clip(face[:, 0], 0, 1) * np.clip(something[:, 0], 0, 1))
            every = corners(canvas_wh, stride, 1)
            check(len(scores), len(every))
            index = np.flatnonzero(scores >= self.min_score)
            if len(index):
                cells = every[index]
                middle = cells + box[index, :2] * np.float32(stride)
                half = np.exp(box[index, 2:]) * np.float32(stride / 2)
                away = points[index].reshape(-1, 5, 2) * np.float32(stride)
                boxes = np.concatenate([middle - half, middle + half], axis=1)
                found.append(Detections(boxes, scores[index], cells[:, None] + away))
        return joined(found)


def open_yunet(variant: str | None, options: Options) -> OnnxDetector:
    """YuNet weights from the models folder, or from a file.

    Raises:
        ConfigError: if there is no such file.
        RunError: if it cannot be used.
    """
    network = Network(options.weights("yunet", variant or _DEFAULT))
    return OnnxDetector(
        network,
        YuNet(network, options.least()),
        name=f"yunet:{variant or _DEFAULT}",
        licence="MIT" if variant in (None, _DEFAULT) else UNKNOWN_LICENCE,
        sizes=(options.size or 640,),
    )
