"""What a split needs to know of an image, and the strata it is balanced over."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from curator.errors import InputError

# Face heights in octaves; WIDER FACE calls below 50 pixels small and above 300 large.
_SIZE_EDGES = (16, 32, 64, 128, 256)
_FACE_EDGES = (0, 1, 5, 20)
_FACES = tuple(f"faces {n}" for n in ("0", "1", "2-5", "6-20", "21+"))
_SIZES = tuple(f"face size {px}" for px in ("<16", "16-31", "32-63", "64-127", "128-255", "256+"))

# All names that strata() can give, in the order to show them.
STRATA = (*_FACES, *_SIZES, *(f"{faces}, {size}" for faces in _FACES for size in _SIZES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One image as the split sees it.

    Attributes:
        key: What names it for ever, the SHA-256 of its bytes.
        groups: Everything it must not be separated from (video, copies, identity): free names.
        faces: How many faces it shows.
        face_size: Median face height in pixels, None without faces.
        identities: The people in it; spread over the splits unless they are groups too.
        phash: 64-bit perceptual hash, None where not computed.
        pinned: The split it already has and keeps, None for a new image.
        embeddings: Identity vectors of its faces, shape (F, D), any length; None without.

    Raises:
        InputError: if ``phash`` does not fit 64 bits or ``faces`` is negative.
    """

    key: str
    groups: tuple[str, ...] = ()
    faces: int = 0
    face_size: float | None = None
    identities: tuple[str, ...] = ()
    phash: int | None = None
    pinned: str | None = None
    embeddings: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.phash is not None and not 0 <= self.phash < 1 << 64:
            raise InputError(f"image {self.key}: the perceptual hash is no 64-bit number")
        if self.faces < 0:
            raise InputError(f"image {self.key}: {self.faces} faces")


def strata(item: Item) -> tuple[str, ...]:
    """The names of the strata of an image: number of faces, face size, and both together."""
    faces = _FACES[bisect_left(_FACE_EDGES, item.faces)]
    if item.face_size is None:
        return (faces,)
    size = _SIZES[bisect_right(_SIZE_EDGES, item.face_size)]
    return (faces, size, f"{faces}, {size}")


def in_order(items: Iterable[Item]) -> list[Item]:
    """The items by key, so that nothing depends on the order they came in.

    Raises:
        InputError: if two items have the same key.
    """
    ordered = sorted(items, key=lambda item: item.key)
    for first, second in pairwise(ordered):
        if first.key == second.key:
            raise InputError(f"image {first.key} is listed twice")
    return ordered
