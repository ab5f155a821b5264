from __future__ import annotations

from collections import Counter

import numpy as np

from curator.split import Item, assign, measure

SHARES = {"train": 0.80, "val": 0.13, "test": 0.07}


def test_every_stratum_is_divided_like_the_whole() -> None:
    rng = np.random.default_rng(0)
    images = [
        Item(key=f"{i}", faces=int(n), face_size=float(px) if n else None)
        for i, (n, px) in enumerate(
            zip(rng.choice([0, 1, 1, 3, 9, 40], 4000), rng.lognormal(4, 1, 4000), strict=True)
        )
    ]
    assignment = assign(images)
    report = measure(images, assignment)
    assert list(report.counts.values()) == [3200, 520, 280]
    assert sum(report.strata["faces 0"].values()) == sum(item.faces == 0 for item in images)
    assert sum(report.strata["face size 32-63"].values()) == sum(
        item.face_size is not None and 32 <= item.face_size < 64 for item in images
    )
    # A random split of a stratum of 1,000 strays by 10 images one time in three.
    for row in report.strata.values():
        size = sum(row.values())
        for split, share in SHARES.items():
            assert abs(row[split] - size * share) <= 4


def test_everyone_with_enough_photos_is_in_every_split() -> None:
    images = [
        Item(key=f"{who}-{i}", faces=1, face_size=100, identities=(f"{who}",))
        for who in range(14)
        for i in range(20)
    ]
    assignment = assign(images)
    # 224, 36.4 and 19.6.
    assert list(measure(images, assignment).counts.values()) == [224, 36, 20]
    for who in range(14):
        own = Counter(assignment[f"{who}-{i}"] for i in range(20))
        assert 15 <= own["train"] <= 17
        assert 2 <= own["val"] <= 3
        assert 1 <= own["test"] <= 2


def test_people_with_few_photos_are_not_all_drawn_to_the_largest_split() -> None:
    images = [
        Item(key=f"{i}", faces=1, face_size=100, identities=(f"{i // 2}",)) for i in range(2000)
    ]
    assignment = assign(images)
    shared = measure(images, assignment).identities_shared
    # Two independent draws differ with probability 1 - .8^2 - .13^2 - .07^2 = .338.
    assert 300 < shared < 380


def test_groups_keep_their_strata_balanced_too() -> None:
    rng = np.random.default_rng(1)
    images = [
        Item(key=f"{i}", faces=int(rng.choice([0, 1, 3])), groups=(f"{rng.integers(900)}",))
        for i in range(3000)
    ]
    report = measure(images, assign(images))
    assert [report.counts[split] for split in SHARES] == [2400, 390, 210]
    for name in ("faces 0", "faces 1", "faces 2-5"):
        size = sum(report.strata[name].values())
        for split, share in SHARES.items():
            assert abs(report.strata[name][split] - size * share) <= 6
