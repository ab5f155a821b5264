"""How a picture looks: perceptual hashes of it and of what is left after a small crop."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Hashes = NDArray[np.uint64]

# Grows with every change of what is stored.
METHOD = "look/1"
# Shorter side of a decoded picture that is enough.
SOURCE = 128
SIDE = 40
# What is cut off left, top, right and bottom for each hash, in parts of the picture: nothing, a
# little all around, 5 % all around, and 5 % in one corner. A copy cut by 5 % has one of these.
_CROPS = (
    (0.0, 0.0, 0.0, 0.0),
    (0.025, 0.025, 0.025, 0.025),
    (0.05, 0.05, 0.05, 0.05),
    (0.05, 0.05, 0.0, 0.0),
    (0.0, 0.0, 0.05, 0.05),
)
VIEWS = len(_CROPS)
_DCT_SIDE, _KEPT = 32, 8

_WEIGHTS = np.uint64(1) << np.arange(64, dtype=np.uint64)


def look(pixels: Pixels) -> tuple[Hashes, Pixels]:
    """Hashes, shape (VIEWS,), and a grey thumbnail, (SIDE, SIDE), of an RGB picture."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
    height, width = grey.shape
    hashes = []
    for left, top, right, bottom in _CROPS:
        rows = slice(round(top * height), max(round((1 - bottom) * height), 1))
        columns = slice(round(left * width), max(round((1 - right) * width), 1))
        hashes.append(perceptual_hash(grey[rows, columns]))
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.array(hashes, np.uint64), small.astype(np.uint8, copy=False)


def perceptual_hash(grey: Pixels) -> np.uint64:
    """Which of the 63 lowest frequencies of a grey picture are above their median.

    The bit of the mean brightness is left 0: it tells nothing. After Zauner, 2010.
    """
    small = cv2.resize(grey, (_DCT_SIDE, _DCT_SIDE), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small.astype(np.float32))[:_KEPT, :_KEPT].ravel()
    bits = low > np.median(low[1:])
    bits[0] = False
    return np.uint64(_WEIGHTS[bits].sum())
