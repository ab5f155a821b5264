from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import ConfigError, InputError
from curator.split import Item, assign, measure, merge_groups, quotas

SHARES = {"train": 0.80, "val": 0.13, "test": 0.07}


def singles(count: int, **fields: object) -> list[Item]:
    return [Item(key=f"{i:05d}", **fields) for i in range(count)]  # type: ignore[arg-type]


def counts(assignment: dict[str, str], shares: dict[str, float] = SHARES) -> list[int]:
    found = Counter(assignment.values())
    assert set(found) <= set(shares)
    return [found[split] for split in shares]


@st.composite
def items(draw: st.DrawFn, pins: bool = False) -> list[Item]:
    """Up to 60 images in overlapping groups, some pinned where asked."""
    names = st.sampled_from("abcdefgh")
    return [
        Item(
            key=f"{i:03d}",
            groups=tuple(draw(st.lists(names, max_size=2))),
            faces=draw(st.integers(0, 30)),
            face_size=draw(st.none() | st.floats(1, 1000)),
            identities=tuple(draw(st.lists(names, max_size=2))),
            pinned=draw(st.none() | st.sampled_from(list(SHARES))) if pins else None,
        )
        for i in range(draw(st.integers(0, 60)))
    ]


@st.composite
def share_triples(draw: st.DrawFn) -> dict[str, float]:
    first = draw(st.integers(0, 100))
    second = draw(st.integers(0, 100 - first))
    return {"train": first / 100, "val": second / 100, "test": (100 - first - second) / 100}


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (0, [0, 0, 0]),
        (1, [1, 0, 0]),
        (2, [2, 0, 0]),
        (3, [3, 0, 0]),  # 2.4, 0.39, 0.21
        (5, [4, 1, 0]),  # 4, 0.65, 0.35
        (10, [8, 1, 1]),  # 8, 1.3, 0.7
        (100, [80, 13, 7]),
        (257, [206, 33, 18]),  # 205.6, 33.41, 17.99
        (1239, [991, 161, 87]),  # 991.2, 161.07, 86.73
    ],
)
def test_single_images_are_divided_by_largest_remainder(images: int, expected: list[int]) -> None:
    assert counts(assign(singles(images))) == expected
    assert list(quotas(images).values()) == expected


@given(st.integers(0, 300), share_triples(), st.integers(0, 5))
def test_without_groups_every_split_gets_its_share_rounded_up_or_down(
    images: int, shares: dict[str, float], seed: int
) -> None:
    got = counts(assign(singles(images), shares, seed), shares)
    assert sum(got) == images
    for count, share in zip(got, shares.values(), strict=True):
        exact = images * Fraction(str(share))
        assert floor(exact) <= count <= ceil(exact)


@given(items(pins=False), share_triples(), st.integers(0, 5))
def test_a_group_never_stands_in_two_splits(
    images: list[Item], shares: dict[str, float], seed: int
) -> None:
    assignment = assign(images, shares, seed)
    assert set(assignment) == {item.key for item in images}
    for name in "abcdefgh":
        assert len({assignment[item.key] for item in images if name in item.groups}) <= 1
    for split in assignment.values():
        assert shares[split] > 0


@given(items(pins=True), st.integers(0, 5))
def test_a_pinned_image_never_moves_and_its_group_follows(images: list[Item], seed: int) -> None:
    assignment = assign(images, seed=seed)
    merged = merge_groups(images)
    pins: dict[str, set[str]] = {}
    for item in images:
        if item.pinned is not None:
            assert assignment[item.key] == item.pinned
            pins.setdefault(merged.get(item.key, item.key), set()).add(item.pinned)
    for item in images:
        if held := pins.get(merged.get(item.key, item.key)):
            assert assignment[item.key] in held
    report = measure(images, assignment, seed=seed)
    assert report.moved == 0
    assert {conflict.group for conflict in report.conflicts} == {
        group for group, splits in pins.items() if len(splits) > 1
    }


@given(items(pins=True), st.randoms(), st.integers(0, 5))
def test_the_order_of_the_images_changes_nothing(
    images: list[Item], random: Random, seed: int
) -> None:
    shuffled = random.sample(images, len(images))
    assignment = assign(images, seed=seed)
    assert assign(shuffled, seed=seed) == assignment
    assert measure(shuffled, assignment, seed=seed) == measure(images, assignment, seed=seed)


def test_the_hash_seed_of_python_changes_nothing() -> None:
    script = (
        "from curator.split import Item, assign\n"
        "print(assign([Item(key=str(i), faces=i % 4, groups=(f'g{i % 150}',) if i % 3 else (),"
        " identities=(f'a{i % 7}', f'b{i % 5}')) for i in range(300)]))"
    )
    root = Path(__file__).parents[2]
    printed = {
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)},
            capture_output=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2", "3")
    }
    assert len(printed) == 1


def test_another_seed_is_another_split_of_the_same_size() -> None:
    splits = [assign(singles(500), seed=seed) for seed in range(4)]
    assert {tuple(counts(split)) for split in splits} == {(400, 65, 35)}
    in_test = [frozenset(k for k, split in s.items() if split == "test") for s in splits]
    assert len(set(in_test)) == 4
    # Two random samples of 35 of 500 share 2.5 on average.
    assert len(in_test[0] & in_test[1]) < 15


@given(st.lists(st.integers(1, 5), min_size=60, max_size=150))
def test_small_groups_leave_shares_within_one_image_or_half_a_per_cent(sizes: list[int]) -> None:
    images = [
        Item(key=f"{group}-{i}", groups=(str(group),))
        for group, size in enumerate(sizes)
        for i in range(size)
    ]
    tolerance = max(1, 0.005 * len(images))
    for count, share in zip(counts(assign(images)), SHARES.values(), strict=True):
        assert abs(count - share * len(images)) <= tolerance


@pytest.mark.parametrize(
    ("sizes", "misplaced"),
    [
        ([8] * 10 + [1] * 20, 0),  # no group of 8 fits into 7
        ([3] * 25 + [5] * 5, 2),  # 7 is no sum of threes and fives: 6 or 8
        ([40, 30, 10, 13, 7], 0),
        ([6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 4, 4, 4, 4, 4, 4, 4], 2),  # 80, 14 and 6
        ([90, 7, 3], 20),  # 90, 7, 3
        ([100], 40),  # 100, 0, 0
        ([50, 50], 40),  # 100, 0, 0; two splits of 50 would misplace 74
    ],
)
def test_groups_are_packed_as_near_to_the_shares_as_they_allow(
    sizes: list[int], misplaced: int
) -> None:
    images = [
        Item(key=f"{group}-{i}", groups=(str(group),))
        for group, size in enumerate(sizes)
        for i in range(size)
    ]
    got = counts(assign(images))
    assert sum(abs(a - b) for a, b in zip(got, (80, 13, 7), strict=True)) == misplaced


def test_large_groups_are_shared_out_like_small_ones() -> None:
    images = [
        Item(key=f"{group}-{i}", groups=(str(group),)) for group in range(100) for i in range(5)
    ] + singles(500)
    assignment = assign(images)
    assert counts(assignment) == [800, 130, 70]
    groups = Counter(assignment[f"{group}-0"] for group in range(100))
    assert [groups[split] for split in SHARES] == [80, 13, 7]


def test_growth_moves_nothing_and_returns_to_the_shares() -> None:
    splits: dict[str, str] = {}
    for size in (40, 41, 100, 400, 1000):
        grown = [
            replace(item, pinned=splits.get(item.key), groups=(f"g{int(item.key) // 3 % 50}",))
            if int(item.key) % 4 == 0
            else replace(item, pinned=splits.get(item.key))
            for item in singles(size)
        ]
        after = assign(grown, seed=size)
        assert {key: after[key] for key in splits} == splits
        splits = after
    for count, share in zip(counts(splits), SHARES.values(), strict=True):
        assert abs(count - 1000 * share) <= 5


def test_an_overfull_split_gets_nothing_more_and_the_others_share_the_rest() -> None:
    images = [*singles(60, pinned="test"), *(Item(key=f"new{i}") for i in range(40))]
    # val lacks 13 and train 80 of 100: 40 new images are divided 34.4 to 5.6.
    assert counts(assign(images)) == [34, 6, 60]


def test_a_group_found_after_its_images_were_pinned_is_reported_not_moved() -> None:
    images = [
        Item(key="1", groups=("video",), pinned="train"),
        Item(key="2", groups=("video",), pinned="val"),
        Item(key="3", groups=("video",), pinned="val"),
        Item(key="4", groups=("video",)),
    ]
    assignment = assign(images)
    assert assignment == {"1": "train", "2": "val", "3": "val", "4": "val"}
    (conflict,) = measure(images, assignment).conflicts
    assert (conflict.group, conflict.splits) == ("video", {"train": 1, "val": 3})


@pytest.mark.parametrize(
    "shares",
    [
        {"train": 0.8, "val": 0.13, "test": 0.08},
        {"train": 1.2, "val": -0.2},
        {"train": float("nan"), "val": 1.0},
        {},
    ],
)
def test_shares_that_are_no_division_of_a_whole_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="share"):
        assign(singles(3), shares)


def test_a_split_nobody_named_is_refused() -> None:
    with pytest.raises(ConfigError, match="'holdout', not one of: train, val, test"):
        assign(singles(3, pinned="holdout"))


def test_two_images_of_one_key_are_refused() -> None:
    with pytest.raises(InputError, match="image a is listed twice"):
        assign([Item(key="a"), Item(key="b"), Item(key="a")])


def test_nothing_to_split_is_an_empty_split() -> None:
    assert assign([]) == {}
    report = measure([], {})
    assert report.counts == {"train": 0, "val": 0, "test": 0}
    assert report.leakage_after.nearest is None
