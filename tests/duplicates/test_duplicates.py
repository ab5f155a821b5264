"""Copies are found however they were altered; other shots of the same scene are only similar."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.duplicates import compare, groups, look, search
from curator.duplicates.shift import look_closer
from curator.hamming import close_pairs
from curator.imaging import decode
from curator.progress import Silent
from curator.records import CopyKind, Pair

Alter = Callable[[np.ndarray], np.ndarray]


@given(
    st.lists(st.integers(0, 2**64 - 1), min_size=2, max_size=25),
    st.lists(st.tuples(st.integers(0, 24), st.sets(st.integers(0, 63), max_size=9)), max_size=25),
    st.integers(0, 14),
)
def test_the_index_finds_exactly_the_pairs_that_comparing_all_finds(
    seeds: list[int], near: list[tuple[int, set[int]]], distance: int
) -> None:
    values = list(seeds)
    for place, bits in near:
        values.append(values[place % len(values)] ^ sum(1 << bit for bit in bits))
    found = {
        (min(a, b), max(a, b))
        for one, other in close_pairs(np.array(values, np.uint64), distance)
        for a, b in zip(one.tolist(), other.tolist(), strict=True)
    }
    expected = {
        (a, b)
        for a, b in combinations(range(len(values)), 2)
        if (values[a] ^ values[b]).bit_count() <= distance
    }
    assert found == expected


def cut(left: float, top: float, right: float, bottom: float) -> Alter:
    def alter(image: np.ndarray) -> np.ndarray:
        height, width = image.shape[:2]
        rows = slice(round(top * height), round((1 - bottom) * height))
        return image[rows, round(left * width) : round((1 - right) * width)]

    return alter


def saved(quality: int) -> Alter:
    def alter(image: np.ndarray) -> np.ndarray:
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))

    return alter


def resized(factor: float) -> Alter:
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return lambda image: cv2.resize(image, None, fx=factor, fy=factor, interpolation=how)


ALTERATIONS: dict[str, Alter] = {
    "half": resized(0.5),
    "larger": resized(1.5),
    "jpeg 30": saved(30),
    "cut 5 %": cut(0.025, 0.025, 0.025, 0.025),
    "cut 10 %": cut(0.05, 0.05, 0.05, 0.05),
    "cut a corner": cut(0.05, 0.05, 0, 0),
    "cut a side": cut(0, 0, 0.05, 0),
    "brighter": lambda image: np.clip(image * 1.2 + 10.0, 0, 255).astype(np.uint8),
    "grey": lambda image: cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 8),
}


@pytest.fixture(scope="module")
def photos(shared_data: Path) -> list[np.ndarray]:
    """Forty portraits, no two of one scene."""
    files = sorted((shared_data / "helen").glob("*.jpg"))[::20][:40]
    return [decode(file.read_bytes()) for file in files]


def test_altered_photos_are_found_and_nothing_else(photos: list[np.ndarray]) -> None:
    """The figures for 500 photos are measured by ``benchmarks/quality.py``."""
    pictures = [
        (place, alter(photo))
        for place, photo in enumerate(photos)
        for alter in (lambda image: image, *ALTERATIONS.values())
    ]
    looks = [look(pixels) for _, pixels in pictures]
    hashes, thumbnails = np.array([h for h, _ in looks]), np.array([t for _, t in looks])

    def picture(index: int) -> np.ndarray:
        return cv2.cvtColor(pictures[index][1], cv2.COLOR_RGB2GRAY)

    found = list(search(hashes, thumbnails, Silent(), picture=picture))
    copies = [pair for pair in found if pair.likeness.kind is CopyKind.COPY]
    owners = [place for place, _ in pictures]
    wrong = [pair for pair in copies if owners[pair.first] != owners[pair.second]]
    assert not wrong
    united = groups(
        [
            Pair(first=c.first, second=c.second, kind=CopyKind.COPY, distance=0, correlation=1)
            for c in copies
        ],
        [CopyKind.COPY],
        lambda _: 0.0,
    )
    group_of = {image: place for place, group in enumerate(united) for image in group.images}
    step = 1 + len(ALTERATIONS)
    together = sum(
        group_of.get(step * place, -1) == group_of.get(step * place + i, -2)
        for place in range(len(photos))
        for i in range(1, step)
    )
    assert together / (len(photos) * len(ALTERATIONS)) >= 0.98


def test_a_mirror_image_is_found_when_it_is_asked_for(photos: list[np.ndarray]) -> None:
    looks = [look(pixels) for photo in photos[:8] for pixels in (photo, cv2.flip(photo, 1))]
    hashes, thumbnails = np.array([h for h, _ in looks]), np.array([t for _, t in looks])
    plain = list(search(hashes, thumbnails, Silent()))
    mirrored = list(search(hashes, thumbnails, Silent(), mirror=True))
    pairs = {(p.first, p.second) for p in mirrored if p.mirrored}
    assert pairs >= {(2 * i, 2 * i + 1) for i in range(8)}
    assert len(plain) < len(mirrored)


def likeness(one: np.ndarray, other: np.ndarray) -> CopyKind:
    pictures = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (one, other)]
    return compare(look(one)[1], look(other)[1], lambda: (pictures[0], pictures[1])).kind


def test_shots_a_second_apart_are_similar_but_no_copies(shared_data: Path) -> None:
    """Two clips of people who talk with their hands before a still background."""
    kinds = []
    for name in ("asl_help.mkv", "asl_learn.mkv"):
        clip = cv2.VideoCapture(str(shared_data / "videos" / name))
        step, frames = round(clip.get(cv2.CAP_PROP_FPS)), []
        while (read := clip.read())[0]:
            frames.append(read[1])
        clip.release()
        kinds += [likeness(a, b) for a, b in pairwise(frames[::step])]
    assert kinds
    assert set(kinds) == {CopyKind.SIMILAR}


@pytest.mark.parametrize(
    ("one", "other"),
    [(40, 137), (23, 643), (25, 196), (106, 392), (323, 368), (580, 873)],
)
def test_frames_of_a_burst_are_similar_but_no_copies(
    shared_data: Path, one: int, other: int
) -> None:
    """Somebody who hardly moves, or nobody; a camera held by hand. Thumbnails call them copies."""
    first, second = (
        decode((shared_data / f"train/grey/g{number:04}.jpg").read_bytes())
        for number in (one, other)
    )
    assert compare(look(first)[1], look(second)[1]).kind is CopyKind.COPY
    assert likeness(first, second) is CopyKind.SIMILAR
    assert likeness(first, saved(50)(second)) is CopyKind.SIMILAR
    for alter in ALTERATIONS.values():
        assert likeness(first, alter(first)) is CopyKind.COPY
    assert likeness(first, saved(50)(cut(0.01, 0.013, 0, 0)(saved(75)(first)))) is CopyKind.COPY


def test_other_words_on_the_same_photo_are_no_copy(photos: list[np.ndarray]) -> None:
    for photo in photos[:6]:
        one, other = (
            cv2.putText(photo.copy(), words, (20, 250), 0, 0.8, (255, 255, 255), 2)
            for words in ("HELLO THERE", "GOOD MORNING")
        )
        assert likeness(one, other) is CopyKind.SIMILAR
        assert likeness(one, saved(60)(one)) is CopyKind.COPY


def test_a_copy_cut_by_any_little_is_found(photos: list[np.ndarray]) -> None:
    """Also where the cut is no whole number of cells of the thumbnail."""
    chance, found = np.random.default_rng(3), []
    for photo in photos[:20]:
        edges = chance.uniform(0, 0.045, 4).tolist()
        altered = saved(60)(resized(0.7)(cut(*edges)(saved(85)(photo))))
        found.append(likeness(photo, altered))
    assert found.count(CopyKind.COPY) >= 19


def test_what_cannot_be_looked_at_is_no_copy(photos: list[np.ndarray]) -> None:
    """A file that is lost or broken is no reason to drop another picture."""
    thumbnail = look(photos[0])[1]
    assert compare(thumbnail, thumbnail, lambda: None).kind is CopyKind.SIMILAR


def scene() -> np.ndarray:
    """Something with detail at every size, 400 x 400."""
    chance = np.random.default_rng(4)
    total = np.full((400, 400), 90.0)
    for side in (9, 30, 80):
        layer = chance.uniform(-1, 1, (side, side)).astype(np.float32)
        total += cv2.resize(layer, (400, 400), interpolation=cv2.INTER_CUBIC) * 26
    return np.clip(total, 0, 170).astype(np.uint8)


def test_what_moved_shows_whatever_was_done_to_the_whole() -> None:
    """A sixteenth of a scene is moved by pixels; then all is cut and made darker."""
    still, shifts = scene(), []
    moves = (0, 1, 2, 3)
    for move in moves:
        moved = still.copy()
        moved[150:250, 150:250] = still[150:250, 150 + move : 250 + move]
        part = (moved[20:, 20:] * 0.8).astype(np.uint8)
        found = look_closer(still, part, (0.04, 0.06), (0.96, 0.94))
        assert found is not None
        shifts.append(found.shift)
    assert shifts[0] < 0.05
    # The cut has 380 pixels, of which 256 are looked at. A single step falls short.
    for move, shift in zip(moves[1:], shifts[1:], strict=True):
        assert 0.5 <= shift / (move * 256 / 380) <= 1


def test_plain_pictures_are_no_copies_of_one_another() -> None:
    looks = [look(np.full((80, 80, 3), level, np.uint8)) for level in (10, 128, 250)]
    hashes, thumbnails = np.array([h for h, _ in looks]), np.array([t for _, t in looks])
    assert not list(search(hashes, thumbnails, Silent()))


def test_a_group_is_named_by_its_best_member_and_people_part_what_differs() -> None:
    def pair(first: int, second: int, kind: CopyKind) -> Pair:
        return Pair(first=first, second=second, kind=kind, distance=0, correlation=1)

    pairs = [
        pair(1, 2, CopyKind.COPY),
        pair(2, 9, CopyKind.COPY),
        pair(4, 5, CopyKind.SIMILAR),
        pair(6, 7, CopyKind.DIFFERENT),
    ]
    found = groups(pairs, [CopyKind.COPY, CopyKind.SIMILAR], lambda image: float(image == 9))
    assert [group.images for group in found] == [(9, 1, 2), (4, 5)]
    assert [group.kind for group in found] == [CopyKind.COPY, CopyKind.SIMILAR]
