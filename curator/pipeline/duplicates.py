"""Duplicates: images and faces not looked at -> hashes -> pairs that look alike -> groups."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from curator.config import settings
from curator.duplicates import (
    DETAIL,
    METHOD,
    SOURCE,
    Found,
    Group,
    groups,
    look,
    search,
    unpacked,
)
from curator.imaging import BrokenImage, decode, decode_reduced
from curator.progress import Progress
from curator.quality import score
from curator.quality.aligned import SIDE as ALIGNED_SIDE
from curator.quality.aligned import TEMPLATE, warp
from curator.quality.points import five_points
from curator.records import CopyKind, Decision, Face, Image, Pair, Verdict
from curator.shapes import similarity
from curator.store import faces, images, measures, pairs, verdicts
from curator.store.dataset import Dataset
from curator.store.pairs import WHOLE, Look
from curator.store.rows import batches

Pixels = NDArray[np.uint8]

BATCH = 128
# Pictures to be looked at again, of which copies come in groups: some tens of megabytes.
_KEPT = 256
_FACE_SIDE = 128
# Aligned faces of different people look alike, so that of them more is asked than of photos.
FACE_CORRELATION, FACE_DIFFERENCE = 0.98, 0.35
# What keeps images in one split.
TOGETHER = (CopyKind.COPY, CopyKind.SIMILAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicatesRequest:
    """What to look for.

    Attributes:
        mirror: Mirror images too.
        faces: Also the same face in images that are no copies, such as other cuts of a photo;
            their images are called similar.
    """

    mirror: bool = False
    faces: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicatesReport:
    """What was found.

    Attributes:
        images: In which copies were looked for.
        looked: Images and faces looked at now; the others were known.
        copies: Pairs of copies.
        similar: Pairs that look alike, but are no copies.
        groups: Groups of copies.
        spare: Images that a better copy stands for.
        unreadable: Image name -> why it could not be decoded.
    """

    images: int
    looked: int
    copies: int
    similar: int
    groups: int
    spare: int
    unreadable: Mapping[str, str]
    seconds: float


def find_duplicates(
    dataset: Dataset, request: DuplicatesRequest, progress: Progress
) -> DuplicatesReport:
    """Look at what is new, then compare everything; what people said of a pair stays.

    Raises:
        StoreError: if the dataset cannot be written.
    """
    started = time.monotonic()
    unreadable: dict[str, str] = {}
    looked = _look_at_images(dataset, unreadable, progress)
    if request.faces:
        looked += _look_at_faces(dataset, unreadable, progress)
    found, count = _pairs(dataset, request, unreadable, progress)
    with dataset.write() as connection:
        pairs.replace_found(connection, found)
    every = all_groups(dataset, [CopyKind.COPY])
    with dataset.read() as connection:
        stored = pairs.every(connection)
    return DuplicatesReport(
        images=count,
        looked=looked,
        copies=sum(pair.kind is CopyKind.COPY for pair in stored),
        similar=sum(pair.kind is CopyKind.SIMILAR for pair in stored),
        groups=len(every),
        spare=sum(len(group.images) - 1 for group in every),
        unreadable=unreadable,
        seconds=time.monotonic() - started,
    )


def all_groups(dataset: Dataset, kinds: Iterable[CopyKind]) -> list[Group]:
    """The groups that pairs of these kinds make, the best image of each first."""
    with dataset.read() as connection:
        stored = pairs.every(connection)
    return groups(stored, kinds, worths(dataset, stored).__getitem__)


def worths(dataset: Dataset, stored: Sequence[Pair]) -> dict[int, float]:
    """What each image of some pairs is worth: its pixels, less where its faces are not sharp."""
    ids = {image for pair in stored for image in (pair.first, pair.second)}
    with dataset.read() as connection:
        records = images.many(connection, ids)
        current = faces.current(connection, ids)
        shown = [face.id or 0 for each in current.values() for face in each]
        known = measures.of(connection, shown)
    sharp: dict[int, list[float]] = {image_id: [] for image_id in ids}
    for image_id, each in current.items():
        for face in each:
            for item in known.get(face.id or 0, ()):
                sharp[image_id] += [v for n, v in item.values.items() if n == "Sharpness"]
    return {image_id: _worth(records[image_id], sharp[image_id]) for image_id in records}


def keep_best(dataset: Dataset, group: Group, user: str) -> None:
    """A person drops all images of a group but the best."""
    best, *others = group.images
    decided = [
        Verdict(
            image_id=image_id,
            decision=Decision.DROP,
            reasons=(f"a copy of image {best}",),
            user=user,
        )
        for image_id in others
    ]
    with dataset.write() as connection:
        verdicts.withdraw(connection, best)
        verdicts.decide(connection, decided)


def tell_apart(dataset: Dataset, image_ids: Sequence[int], kind: CopyKind, user: str) -> int:
    """A person says what all pairs among these images are; verdicts on them as copies go."""
    with dataset.write() as connection:
        changed = pairs.decide(connection, image_ids, kind, user)
        if kind is not CopyKind.COPY:
            for image_id in image_ids:
                verdicts.withdraw(connection, image_id)
    return changed


def _worth(image: Image, sharp: Sequence[float]) -> float:
    """Pixels that tell something: an enlarged copy has more of them, but less sharp faces."""
    pixels = float(image.width * image.height)
    return pixels * (float(score("Sharpness", max(sharp))) + 1) / 101 if sharp else pixels


def _look_at_images(dataset: Dataset, unreadable: dict[str, str], progress: Progress) -> int:
    with dataset.read() as connection:
        left = pairs.images_without_look(connection, METHOD)
    limit = settings().max_image_pixels

    def seen(image: Image, _faces: Sequence[Face]) -> list[Look]:
        data = dataset.blobs.path(image.sha256, image.mime).read_bytes()
        _, small = decode_reduced(data, side=SOURCE, max_pixels=limit)
        hashes, thumbnail = look(small)
        return [Look(image.id, WHOLE, 1, hashes.tobytes(), thumbnail.tobytes())]

    progress.begin("looking at images", len(left))
    return _store(dataset, left, seen, unreadable, progress)


def _look_at_faces(dataset: Dataset, unreadable: dict[str, str], progress: Progress) -> int:
    with dataset.read() as connection:
        left = pairs.images_with_new_faces(connection, METHOD)
    limit = settings().max_image_pixels

    def seen(image: Image, shown: Sequence[Face]) -> list[Look]:
        data = dataset.blobs.path(image.sha256, image.mime).read_bytes()
        pixels = decode(data, max_pixels=limit)
        return [_face_look(pixels, face) for face in shown if face.landmarks is not None]

    progress.begin("looking at faces", len(left))
    return _store(dataset, left, seen, unreadable, progress)


def _face_look(pixels: Pixels, face: Face) -> Look:
    """How the aligned face looks; plain black, which is near to nothing, where points lack."""
    five = five_points(face)
    patch = np.zeros((_FACE_SIDE, _FACE_SIDE, 3), np.uint8)
    if five is not None and np.ptp(five, axis=0).max() > 0:
        matrix = similarity(five, TEMPLATE * (_FACE_SIDE / ALIGNED_SIDE))
        patch = warp(pixels, matrix, (_FACE_SIDE, _FACE_SIDE))
    hashes, thumbnail = look(patch)
    return Look(
        face.image_id or 0, face.id or 0, face.version, hashes.tobytes(), thumbnail.tobytes()
    )


def _store(
    dataset: Dataset,
    image_ids: Sequence[int],
    seen: Callable[[Image, Sequence[Face]], list[Look]],
    unreadable: dict[str, str],
    progress: Progress,
) -> int:
    """Look at images a batch at a time, and write each batch in one short transaction."""

    def one(item: tuple[Image, Sequence[Face]]) -> tuple[str, list[Look] | Exception]:
        try:
            return item[0].name, seen(*item)
        except (BrokenImage, OSError) as cause:
            return item[0].name, cause

    looked = 0
    with ThreadPoolExecutor(settings().threads) as pool:
        for batch in batches(image_ids, BATCH):
            with dataset.read() as connection:
                records = images.many(connection, batch)
                current = faces.current(connection, batch)
            found: list[Look] = []
            items = [(records[i], current[i]) for i in batch if i in records]
            for name, looks in pool.map(one, items):
                progress.advance(1, name)
                if isinstance(looks, Exception):
                    unreadable[name] = str(looks)
                else:
                    found += looks
            with dataset.write() as connection:
                pairs.put_looks(connection, found, METHOD)
            looked += len(found)
    return looked


def _pairs(
    dataset: Dataset, request: DuplicatesRequest, unreadable: dict[str, str], progress: Progress
) -> tuple[list[Pair], int]:
    """What is alike now, and among how many images it was looked for."""
    with dataset.read() as connection:
        whole = list(pairs.looks(connection, METHOD, faces=False))
        of_faces = list(pairs.looks(connection, METHOD, faces=True)) if request.faces else []
    found: dict[tuple[int, int], Pair] = {}
    pictures = _pictures(dataset, whole, unreadable)
    for alike in _search(whole, request, progress, pictures):
        pair = _pair(whole, alike, alike.likeness.kind)
        found[pair.first, pair.second] = pair
    for alike in _search(of_faces, request, progress):
        likeness = alike.likeness
        clear = likeness.correlation >= FACE_CORRELATION and likeness.difference <= FACE_DIFFERENCE
        pair = _pair(of_faces, alike, CopyKind.SIMILAR)
        if clear and pair.first != pair.second:
            found.setdefault((pair.first, pair.second), pair)
    return list(found.values()), len(whole)


def _pictures(
    dataset: Dataset, looks: Sequence[Look], unreadable: dict[str, str]
) -> Callable[[int], Pixels | None]:
    """Gives the picture of a look, grey and not much larger than is needed to look closer."""
    limit = settings().max_image_pixels

    @lru_cache(_KEPT)
    def picture(index: int) -> Pixels | None:
        with dataset.read() as connection:
            image = images.get(connection, looks[index].image_id)
        try:
            data = dataset.blobs.path(image.sha256, image.mime).read_bytes()
            _, small = decode_reduced(data, side=DETAIL, max_pixels=limit)
        except (BrokenImage, OSError) as cause:
            unreadable[image.name] = str(cause)
            return None
        return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)

    return picture


def _search(
    looks: Sequence[Look],
    request: DuplicatesRequest,
    progress: Progress,
    picture: Callable[[int], Pixels | None] | None = None,
) -> Iterator[Found]:
    if len(looks) < 2:
        return iter(())
    hashes, thumbnails = unpacked([(item.hashes, item.thumbnail) for item in looks])
    return search(hashes, thumbnails, progress, picture=picture, mirror=request.mirror)


def _pair(looks: Sequence[Look], alike: Found, kind: CopyKind) -> Pair:
    ends = sorted((looks[alike.first].image_id, looks[alike.second].image_id))
    return Pair(
        first=ends[0],
        second=ends[1],
        kind=kind,
        distance=alike.distance,
        correlation=round(alike.likeness.correlation, 4),
        mirrored=alike.mirrored,
    )
