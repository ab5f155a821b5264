"""Sharpness of an aligned face.

OFIQ asks a random forest whose file is not ours. This is the variance of the Laplacian, of the
**aligned** face at a fixed size: on whole photos it calls large smooth ones blurred, and a small
face that was enlarged is no sharper than its pixels were.
"""

from __future__ import annotations

import cv2
import numpy as np

from curator.quality.aligned import Aligned

# The aligned face is reduced by this much before: at full size noise and the blocks of JPEG
# would count as sharp.
REDUCTION = 4


def sharpness(face: Aligned) -> float:
    """Variance of the Laplacian of the grey levels (0..255) under the mask, at 154 x 154."""
    rows, columns = face.mask.shape
    wh = (max(3, columns // REDUCTION), max(3, rows // REDUCTION))
    grey = cv2.cvtColor(
        cv2.resize(face.pixels, wh, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY
    )
    mask = cv2.resize(face.mask.view(np.uint8), wh, interpolation=cv2.INTER_NEAREST) > 0
    edges = cv2.Laplacian(grey, cv2.CV_32F)
    return float(edges[mask].var()) if mask.any() else 0.0
