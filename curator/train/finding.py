"""Find faces with the network itself, as the exported weights will."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import torch

from curator.geometry import suppress
from curator.imaging import decode
from curator.records import Detections, Sample
from curator.train.anchors import anchors_for
from curator.train.network import RetinaFaceNetwork

SIDE = 640
NMS_IOU = 0.4
LOWEST_SCORE = 0.02
_STRIDE = 32


def find(
    network: RetinaFaceNetwork, samples: Sequence[Sample], device: str, side: int = SIDE
) -> Iterator[Detections]:
    """The faces of each sample, in pixels of its photo, at one scale.

    Args:
        network: Any; it is not changed.
        samples: The photos.
        device: Where the network is.
        side: Photos are drawn with this long side, pixels.
    """
    network.eval()
    for sample in samples:
        photo = decode(sample.file.read_bytes())
        scale = side / max(photo.shape[:2])
        canvas = _canvas(photo, scale)
        yield _find(network, canvas, scale, device)


def _canvas(photo: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], scale: float) -> torch.Tensor:
    height, width = (max(round(length * scale), 1) for length in photo.shape[:2])
    # Photos of about one shape share a canvas, for which the processor's kernels are chosen once.
    canvas = np.zeros(
        (-(-height // _STRIDE) * _STRIDE, -(-width // _STRIDE) * _STRIDE, 3), np.uint8
    )
    canvas[:height, :width] = cv2.resize(photo, (width, height))
    return torch.from_numpy(canvas).permute(2, 0, 1)[None]


@torch.inference_mode()
def _find(
    network: RetinaFaceNetwork, canvas: torch.Tensor, scale: float, device: str
) -> Detections:
    images = ((canvas.to(device).float() - 127.5) / 128).contiguous(
        memory_format=torch.channels_last
    )
    raw = network(images)
    anchors = anchors_for(canvas.shape[3], canvas.shape[2], device)
    scores = raw.logits[0].sigmoid()
    kept = torch.nonzero(scores >= LOWEST_SCORE).squeeze(1)
    own = anchors.of(kept)
    boxes = own.decode_boxes(raw.boxes[0, kept]).cpu().numpy() / scale
    points = own.decode_points(raw.points[0, kept]).cpu().numpy() / scale
    found = scores[kept].cpu().numpy()
    best = suppress(boxes, found, NMS_IOU)
    return Detections(
        boxes[best].astype(np.float32),
        found[best].astype(np.float32),
        points[best].astype(np.float32),
    )
