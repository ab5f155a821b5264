"""How near the splits come to each other: the nearest image, and the nearest face, across them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from curator.errors import InputError
from curator.hamming import nearest
from curator.split.items import Item

S = TypeVar("S", bound=np.generic)

_ROWS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Leakage:
    """What the images of one split could give away about another.

    Each image is compared with all images of the splits named before its own (val with train;
    test with train and val), so that every pair across splits counts once. All is exact.

    Attributes:
        compared: Images that have a perceptual hash and a split before theirs to compare with.
        distances: Pairs of a Hamming distance, 0..64 bits, and the number of images whose
            nearest image in an earlier split is that far; ascending, only those that occur.
        max_cosine: Largest cosine similarity, -1..1, between two faces of different splits;
            None where fewer than two splits have embeddings.
    """

    compared: int
    distances: tuple[tuple[int, int], ...]
    max_cosine: float | None

    @property
    def nearest(self) -> int | None:
        """The smallest Hamming distance across splits, in bits; None without a pair."""
        return self.distances[0][0] if self.distances else None

    def within(self, distance: int) -> int:
        """How many images have one of an earlier split at most ``distance`` bits away."""
        return sum(images for bits, images in self.distances if bits <= distance)


def leakage(items: Iterable[Item], assignment: Mapping[str, str], splits: Sequence[str]) -> Leakage:
    """Measure the leakage between the splits, in the order they are named.

    Raises:
        InputError: if the embeddings are not all of one length.
    """
    members: dict[str, list[Item]] = {split: [] for split in splits}
    for item in items:
        members[assignment[item.key]].append(item)
    hashes = [
        np.array([i.phash for i in images if i.phash is not None], np.uint64)
        for images in members.values()
    ]
    counts = np.zeros(256, np.int64)
    for own, earlier in _with_earlier(hashes):
        counts += np.bincount(nearest(own, earlier), minlength=256)
    faces = [_directions(images) for images in members.values()]
    if len({array.shape[1] for array in faces if len(array)}) > 1:
        raise InputError("the embeddings of the images are not all of one length")
    cosines = [
        float((own[top : top + _ROWS] @ earlier.T).max())
        for own, earlier in _with_earlier([array for array in faces if len(array)])
        for top in range(0, len(own), _ROWS)
    ]
    return Leakage(
        compared=int(counts.sum()),
        distances=tuple((int(bits), int(counts[bits])) for bits in np.flatnonzero(counts)),
        max_cosine=max(cosines, default=None),
    )


def _with_earlier(arrays: Sequence[NDArray[S]]) -> Iterator[tuple[NDArray[S], NDArray[S]]]:
    """Each array that is not empty, with all earlier ones joined, where there are any."""
    filled = [array for array in arrays if len(array)]
    for i, own in enumerate(filled[1:], 1):
        yield own, np.concatenate(filled[:i])


def _directions(images: Iterable[Item]) -> NDArray[np.float32]:
    """The embeddings of all faces of these images at length 1, shape (F, D)."""
    faces = [i.embeddings for i in images if i.embeddings is not None and len(i.embeddings)]
    if not faces:
        return np.empty((0, 0), np.float32)
    if len({array.shape[1:] for array in faces}) > 1:
        raise InputError("the embeddings of the images are not all of one length")
    joined = np.concatenate(faces).astype(np.float32)
    length = np.linalg.norm(joined, axis=1, keepdims=True)
    return np.asarray(joined / np.where(length > 0, length, 1))
