from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity

from curator.errors import InputError
from curator.split import Item, assign, measure, near_duplicate_groups

SHARES = {"train": 0.80, "val": 0.13, "test": 0.07}


def singles(count: int, **fields: object) -> list[Item]:
    return [Item(key=f"{i:05d}", **fields) for i in range(count)]  # type: ignore[arg-type]


def near_hashes() -> st.SearchStrategy[list[int]]:
    """Hashes with few bits set, so that distances of all small sizes occur."""
    few_bits = st.sets(st.integers(0, 63), max_size=6)
    return st.lists(few_bits.map(lambda bits: sum(1 << bit for bit in bits)), max_size=40)


@settings(max_examples=50)
@given(near_hashes(), st.randoms())
def test_leakage_is_the_exact_distance_to_the_nearest_image_of_an_earlier_split(
    hashes: list[int], random: Random
) -> None:
    images = [Item(key=f"{i:02d}", phash=value) for i, value in enumerate(hashes)]
    images.append(Item(key="without a hash"))
    assignment = {item.key: random.choice(list(SHARES)) for item in images}
    expected: Counter[int] = Counter()
    for split, earlier in (("val", {"train"}), ("test", {"train", "val"})):
        others = [i.phash for i in images if assignment[i.key] in earlier and i.phash is not None]
        for item in images:
            if assignment[item.key] == split and item.phash is not None and others:
                expected[min((item.phash ^ other).bit_count() for other in others)] += 1
    leakage = measure(images, assignment).leakage_after
    assert dict(leakage.distances) == expected
    assert leakage.compared == sum(expected.values())
    assert leakage.nearest == min(expected, default=None)
    assert leakage.within(4) == sum(n for bits, n in expected.items() if bits <= 4)


def test_leakage_of_faces_is_the_largest_cosine_across_splits() -> None:
    rng = np.random.default_rng(2)
    faces = rng.normal(size=(300, 16)).astype(np.float32)
    images = [
        Item(key=f"{i:03d}", embeddings=faces[i : i + 1 + i % 2]) for i in range(0, 300, 2)
    ] + singles(3, embeddings=np.zeros((0, 16), np.float32))
    assignment = assign(images)
    by_split = {
        split: np.concatenate(
            [
                i.embeddings
                for i in images
                if i.embeddings is not None and assignment[i.key] == split
            ]
        )
        for split in SHARES
    }
    expected = max(
        cosine_similarity(by_split[a], by_split[b]).max()
        for a, b in (("train", "val"), ("train", "test"), ("val", "test"))
    )
    assert measure(images, assignment).leakage_after.max_cosine == pytest.approx(expected, abs=1e-6)


def test_embeddings_of_two_models_are_refused() -> None:
    images = [Item(key=f"{i}", embeddings=np.ones((1, 4 + i % 2), np.float32)) for i in range(100)]
    with pytest.raises(InputError, match="one length"):
        measure(images, assign(images))


def test_grouping_copies_removes_the_leakage_that_a_random_split_has() -> None:
    rng = np.random.default_rng(3)
    originals = rng.integers(0, 2**63, 400)
    images = [
        Item(key=f"{i}-{copy}", phash=int(value) ^ copy)
        for i, value in enumerate(originals)
        for copy in range(3)
    ]
    groups = near_duplicate_groups(images)
    grouped = [replace(item, groups=(groups[item.key],)) for item in images]
    report = measure(grouped, assign(grouped))
    assert [report.counts[split] for split in SHARES] == [960, 156, 84]
    assert (report.groups, report.largest_group) == (400, 3)
    assert report.leakage_before.within(4) > 100
    assert report.leakage_after.within(4) == 0


def test_a_report_can_be_written_as_json() -> None:
    images = [*singles(20, phash=1, groups=("g",)), Item(key="x", pinned="val")]
    written = json.loads(json.dumps(asdict(measure(images, assign(images)))))
    assert written["counts"] == {"train": 20, "val": 1, "test": 0}
    assert written["targets"] == {"train": 17, "val": 3, "test": 1}  # 16.8, 2.73, 1.47
