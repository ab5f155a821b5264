"""How alike two pictures look: the perceptual hash of ImageHash, 64 bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# A picture with a shorter side of this is enough: the hash looks at 32 x 32 pixels.
SIDE = 128


def perceptual_hash(pixels: NDArray[np.uint8]) -> str:
    """The DCT hash of an upright RGB picture of shape (H, W, 3), as 16 hex digits."""
    # Costs scipy, so not before the first picture.
    from imagehash import phash

    return str(phash(Image.fromarray(pixels)))


def distance(one: str, other: str) -> int:
    """Bits in which two hashes differ, 0..64; copies of one photo usually stay below 8."""
    return (int(one, 16) ^ int(other, 16)).bit_count()
