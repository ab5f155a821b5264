from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from curator.errors import ConfigError, InputError
from curator.split import Item, merge_groups, near_duplicate_groups


@st.composite
def clustered_hashes(draw: st.DrawFn) -> list[int]:
    """Hashes around a few centres, so that near pairs and chains of them are common."""
    centres = draw(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=4))
    flips = st.lists(st.integers(0, 63), max_size=8)
    hashes = []
    for _ in range(draw(st.integers(0, 40))):
        value = draw(st.sampled_from(centres))
        for bit in draw(flips):
            value ^= 1 << bit
        hashes.append(value)
    return hashes


@given(clustered_hashes(), st.sampled_from([0, 1, 2, 4, 7, 10, 31, 63]))
def test_copies_are_exactly_the_chains_of_near_hashes(hashes: list[int], distance: int) -> None:
    images = [Item(key=f"{i:02d}", phash=value) for i, value in enumerate(hashes)]
    groups = near_duplicate_groups(images, distance)
    if not hashes:
        assert groups == {}
        return
    near = np.array([[(a ^ b).bit_count() <= distance for b in hashes] for a in hashes])
    _, component = connected_components(near, directed=False)
    members = [[f"{i:02d}" for i in np.flatnonzero(component == c)] for c in set(component)]
    assert groups == {
        key: f"copies:{group[0]}" for group in members if len(group) > 1 for key in group
    }


def test_images_without_a_hash_have_no_copies() -> None:
    assert near_duplicate_groups([Item(key="a"), Item(key="b")]) == {}


@pytest.mark.parametrize("distance", [-1, 64])
def test_a_distance_that_joins_nothing_or_everything_is_refused(distance: int) -> None:
    with pytest.raises(ConfigError, match="bits"):
        near_duplicate_groups([Item(key="a", phash=1)], distance)


def test_a_hash_of_more_than_64_bits_is_refused() -> None:
    with pytest.raises(InputError, match="64-bit"):
        Item(key="a", phash=1 << 64)


def test_groups_with_a_common_image_are_one_group() -> None:
    images = [
        Item(key="1", groups=("video", "copies")),
        Item(key="2", groups=("copies", "anna")),
        Item(key="3", groups=("anna",)),
        Item(key="4", groups=("other",)),
        Item(key="5"),
    ]
    assert merge_groups(images) == {"1": "anna", "2": "anna", "3": "anna", "4": "other"}


def test_saving_a_photo_again_makes_a_copy_and_another_photo_is_none(shared_data: Path) -> None:
    imagehash = pytest.importorskip("imagehash")
    from PIL import Image

    images = []
    for path in sorted(shared_data.glob("wider_val/images/*/*.jpg"))[:40]:
        with Image.open(path) as photo:
            buffer = io.BytesIO()
            smaller = (photo.width * 2 // 3, photo.height * 2 // 3)
            photo.convert("RGB").resize(smaller).save(buffer, "JPEG", quality=60)
            for key, picture in (
                (f"{path.name}", photo),
                (f"{path.name}.copy", Image.open(buffer)),
            ):
                images.append(Item(key=key, phash=int(str(imagehash.phash(picture)), 16)))
    groups = near_duplicate_groups(images)
    assert len(groups) == len(images)
    assert len(set(groups.values())) == 40
