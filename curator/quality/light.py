"""Light and colour of an aligned face, as ISO/IEC 29794-5 names them; computed as in OFIQ 1.0.3."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from curator.quality.aligned import Aligned

Pixels = NDArray[np.uint8]

# sRGB, IEC 61966-2-1: from the 8-bit value of a channel to its light, 0..255.
_LEVELS = np.arange(256) / 255
_LINEAR = 255 * np.where(
    _LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4
).astype(np.float32)
_WEIGHTS = np.array([[0.2126, 0.7152, 0.0722]], np.float32)
DARK, BRIGHT = 25, 247


def luminance(pixels: Pixels) -> Pixels:
    """Luminance of linear light, 8 bits, of RGB pixels of shape (H, W, 3)."""
    light = cv2.transform(cv2.LUT(pixels, _LINEAR.astype(np.float32)), _WEIGHTS)
    return np.rint(light).astype(np.uint8)


def light_measures(face: Aligned) -> dict[str, float]:
    """The raw numbers by the standard's names, and ``Grey`` (1 where no pixel has a colour)."""
    bright = luminance(face.pixels)
    counts = histogram(bright, face.mask)
    total = counts.sum()
    shares, levels = counts / total, np.arange(256) / 255
    mean = float(shares @ levels)
    some = shares[shares > 0]
    left, right = (bright[cheek] for cheek in face.cheeks)
    found = {
        # Of one level only the entropy is -0.0.
        "DynamicRange": max(0.0, float(-(some * np.log2(some)).sum())),
        "LuminanceMean": mean,
        "LuminanceVariance": float(shares @ (levels - mean) ** 2),
        "UnderExposurePrevention": float(shares[: DARK + 1].sum()),
        "OverExposurePrevention": float(shares[BRIGHT:].sum()),
        "Grey": float(is_grey(face.pixels)),
    }
    if left.size and right.size:
        found["IlluminationUniformity"] = overlap(left, right)
        found["NaturalColour"] = colour_distance([face.pixels[cheek] for cheek in face.cheeks])
    return found


def histogram(values: Pixels, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How many pixels under the mask have each of the 256 levels."""
    counts = cv2.calcHist([values], [0], mask.view(np.uint8), [256], [0, 256])
    return np.asarray(counts[:, 0], np.float64)


def overlap(one: Pixels, other: Pixels) -> float:
    """Intersection of the histograms of two patches, 0..1."""
    shares = [np.bincount(patch.ravel(), minlength=256) / patch.size for patch in (one, other)]
    return float(np.minimum(*shares).sum())


def colour_distance(patches: list[Pixels]) -> float:
    """How far the mean colour is from that of skin: CIELAB a* in 5..25, b* in 5..35."""
    joined = np.concatenate([patch.reshape(-1, 1, 3) for patch in patches])
    lab = cv2.cvtColor(joined.astype(np.float32) / 255, cv2.COLOR_RGB2Lab).reshape(-1, 3).mean(0)
    over_a = max(0.0, 5 - float(lab[1]), float(lab[1]) - 25)
    over_b = max(0.0, 5 - float(lab[2]), float(lab[2]) - 35)
    return float(np.hypot(over_a, over_b))


def is_grey(pixels: Pixels) -> bool:
    """Whether red, green and blue are the same everywhere, give or take what JPEG does to them."""
    small = pixels[::4, ::4].astype(np.int16)
    return bool((small.max(axis=2) - small.min(axis=2)).max() <= 4)
