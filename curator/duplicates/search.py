"""Find the pictures that are copies of one another, or look alike, among many."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from curator.disjoint import DisjointSets
from curator.duplicates.appearance import SIDE, perceptual_hash
from curator.duplicates.check import Likeness, compare
from curator.hamming import close_pairs
from curator.progress import Progress
from curator.records import CopyKind

Pixels = NDArray[np.uint8]

# A photo cut, resized or saved again stays within this of one of the hashes of its original.
NEAR = 6
# Without contrast a hash is made of noise.
_FLAT = 4.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two pictures whose hashes are near, by index; the smaller one first."""

    first: int
    second: int
    distance: int
    mirrored: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A pair that looks alike."""

    first: int
    second: int
    distance: int
    mirrored: bool
    likeness: Likeness


def candidates(
    hashes: NDArray[np.uint64], thumbnails: Pixels, *, mirror: bool, near: int = NEAR
) -> list[Candidate]:
    """Pairs of pictures any two of whose hashes are near, found without comparing all pairs.

    Args:
        hashes: Shape (N, V).
        thumbnails: Shape (N, SIDE, SIDE); pictures without contrast are left out.
        mirror: Also look for mirror images.
        near: Bits.
    """
    count, views = hashes.shape
    clear = np.flatnonzero(thumbnails.reshape(count, -1).std(axis=1) >= _FLAT)
    flat, owner = hashes[clear].ravel(), np.repeat(clear, views)
    turned = np.zeros(len(flat), bool)
    if mirror:
        flipped = [perceptual_hash(np.ascontiguousarray(thumbnails[i, :, ::-1])) for i in clear]
        flat = np.concatenate([flat, np.array(flipped, np.uint64)])
        owner = np.concatenate([owner, clear])
        turned = np.concatenate([turned, np.ones(len(clear), bool)])
    best: dict[tuple[int, int], tuple[int, bool]] = {}
    for one, other in close_pairs(flat, near):
        a, b = owner[one], owner[other]
        use = (a != b) & ~(turned[one] & turned[other])
        bits = np.bitwise_count(flat[one] ^ flat[other])
        mirrored = turned[one] | turned[other]
        rows = np.stack([np.minimum(a, b), np.maximum(a, b), bits, mirrored])[:, use]
        for first, second, distance, turn in rows.T.tolist():
            known = best.get((first, second))
            if known is None or (distance, bool(turn)) < known:
                best[first, second] = (distance, bool(turn))
    return [Candidate(*pair, *how) for pair, how in best.items()]


def search(
    hashes: NDArray[np.uint64],
    thumbnails: Pixels,
    progress: Progress,
    *,
    picture: Callable[[int], Pixels | None] | None = None,
    mirror: bool = False,
) -> Iterator[Found]:
    """The pairs that a second look finds to be copies or similar, nearest hashes first.

    Two pictures that are linked already, as copies of a third one, are not looked at again.

    Args:
        hashes: Shape (N, V).
        thumbnails: Shape (N, SIDE, SIDE).
        progress: Told of each pair.
        picture: Gives a picture by its index, grey, with ``DETAIL`` pixels along the shorter side
            or more if it has them; None where it is lost. Without it nobody looks closer than at
            the thumbnails, and frames of a burst may count as copies.
        mirror: Also look for mirror images.
    """
    progress.begin("comparing hashes", None)
    found = sorted(candidates(hashes, thumbnails, mirror=mirror), key=lambda c: c.distance)
    progress.begin("looking at near pairs", len(found))
    linked = DisjointSets(len(hashes))
    for pair in found:
        progress.advance()
        places = np.array([pair.first, pair.second])
        roots = linked.root(places)
        if roots[0] == roots[1]:
            continue
        one, other = thumbnails[pair.first], thumbnails[pair.second]
        turned = cv2.flip(other, 1) if pair.mirrored else other
        likeness = compare(one, turned, picture and partial(_both, picture, pair))
        if likeness.kind is CopyKind.DIFFERENT:
            continue
        if likeness.kind is CopyKind.COPY:
            linked.join(places[:1], places[1:])
        yield Found(pair.first, pair.second, pair.distance, pair.mirrored, likeness)


def _both(picture: Callable[[int], Pixels | None], pair: Candidate) -> tuple[Pixels, Pixels] | None:
    one, other = picture(pair.first), picture(pair.second)
    if one is None or other is None:
        return None
    return one, cv2.flip(other, 1).astype(np.uint8, copy=False) if pair.mirrored else other


def unpacked(looks: Sequence[tuple[bytes, bytes]]) -> tuple[NDArray[np.uint64], Pixels]:
    """Stored hashes and thumbnails as arrays of shape (N, V) and (N, SIDE, SIDE)."""
    hashes = np.array([np.frombuffer(h, np.uint64) for h, _ in looks], np.uint64)
    thumbnails = np.array([np.frombuffer(t, np.uint8) for _, t in looks], np.uint8)
    return hashes.reshape(len(looks), -1), thumbnails.reshape(len(looks), SIDE, SIDE)
