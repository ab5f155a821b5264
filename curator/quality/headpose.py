"""Head pose by a network: FSA-Net, two sets of weights averaged (https://doi.org/10.1109/CVPR.2019.00118).

The weights are the user's: ``onnx/headpose_fsanet_*.onnx`` in the folder of models. Input
``(1, 3, 64, 64)`` BGR, ``(x - 127.5) / 128``; output yaw, pitch and roll, degrees.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from curator.errors import RunError
from curator.quality.pose import Pose
from curator.records import Box

SIDE = 64
# Around the box, as a share of its longer side; between 0.2 and 0.4 the answers differ least
# from those of 68 points.
_MARGIN = 0.3


class HeadPoseNetwork:
    """Estimates the pose of one face at a time.

    Args:
        files: The weights, whose answers are averaged.

    Raises:
        RunError: if a file is no such network.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._networks: list[Any] = []
        digest = hashlib.sha256()
        for file in files:
            try:
                data = file.read_bytes()
                network = onnxruntime.InferenceSession(
                    data, options, providers=["CPUExecutionProvider"]
                )
            except Exception as cause:
                raise RunError(f"{file}: not the weights of a pose network ({cause})") from cause
            if list(network.get_inputs()[0].shape[1:]) != [3, SIDE, SIDE]:
                raise RunError(f"{file}: not a pose network for pictures of 64 x 64")
            digest.update(data)
            self._networks.append(network)
        self.method = f"fsanet-{digest.hexdigest()[:8]}/1"

    def __call__(self, image: NDArray[np.uint8], box: Box) -> Pose | None:
        """The pose of the face in this box of an RGB image; None for a box of no size."""
        x_min, y_min, x_max, y_max = box
        side = max(x_max - x_min, y_max - y_min) * (1 + 2 * _MARGIN)
        if side < 1:
            return None
        patch = _square(image, ((x_min + x_max) / 2, (y_min + y_max) / 2), side)
        values = ((patch[..., ::-1].astype(np.float32) - 127.5) / 128).transpose(2, 0, 1)[None]
        found = [n.run(None, {n.get_inputs()[0].name: values})[0][0] for n in self._networks]
        yaw, pitch, roll = np.mean(found, axis=0).astype(float).tolist()
        doubt = float(np.linalg.norm(np.ptp(found, axis=0))) if len(found) > 1 else None
        # Its yaw is positive to the left of the picture.
        return Pose(-yaw, pitch, roll, self.method, doubt)


def open_network(models: Path | None) -> HeadPoseNetwork | None:
    """The network whose weights lie in this folder of models; None where there are none.

    Raises:
        RunError: if a file is no such network.
    """
    files = sorted(models.glob("onnx/headpose_fsanet_*.onnx")) if models is not None else []
    return HeadPoseNetwork(files) if files else None


def _square(
    image: NDArray[np.uint8], centre: tuple[float, float], side: float
) -> NDArray[np.uint8]:
    """A square of the image at 64 x 64 pixels, its rim repeated where it leaves the image."""
    x, y = centre
    height, width = image.shape[:2]
    left, top = int(max(x - side / 2, 0)), int(max(y - side / 2, 0))
    right, bottom = int(min(x + side / 2 + 1, width)), int(min(y + side / 2 + 1, height))
    if left >= right or top >= bottom:
        return np.zeros((SIDE, SIDE, 3), np.uint8)
    part, shrink = image[top:bottom, left:right], SIDE / side
    if shrink < 0.5:
        # Averaged first, so that no line of pixels is skipped.
        wh = (
            max(1, round((right - left) * 2 * shrink)),
            max(1, round((bottom - top) * 2 * shrink)),
        )
        scale = (wh[0] / (right - left), wh[1] / (bottom - top))
        part = cv2.resize(part, wh, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    else:
        scale = (1.0, 1.0)
    matrix = np.array(
        [
            [shrink / scale[0], 0, SIDE / 2 - (x - left) * shrink],
            [0, shrink / scale[1], SIDE / 2 - (y - top) * shrink],
        ]
    )
    found = cv2.warpAffine(
        part, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return found.astype(np.uint8, copy=False)
