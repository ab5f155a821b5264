"""Divide 100,000 images: ``python -m benchmarks.split``.

Made-up images with the mixture of a real collection: videos of many frames, copies, people,
faces of all sizes. Prints the seconds of each step and how far the shares and strata are off.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from curator.split import Item, assign, measure, near_duplicate_groups

T = TypeVar("T")


def main() -> None:
    """Make, group, divide, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    items = collection(parser.parse_args().images)
    copies = timed("near-duplicate groups", lambda: near_duplicate_groups(items))
    items = [
        replace(item, groups=(*item.groups, copies[item.key])) if item.key in copies else item
        for item in items
    ]
    assignment = timed("assign", lambda: assign(items))
    report = timed("measure", lambda: measure(items, assignment))
    print(f"images {dict(report.counts)}, wanted {dict(report.targets)}")
    print(f"groups {report.groups}, the largest of {report.largest_group} images")
    worst = max(
        abs(row[split] - sum(row.values()) * report.shares[split])
        for row in report.strata.values()
        for split in row
    )
    print(f"largest deviation of a stratum from its share: {worst:.1f} images")
    before, after = report.leakage_before.within(4), report.leakage_after.within(4)
    print(f"images with a copy (4 bits) in an earlier split: {before} before, {after} after")


def collection(count: int) -> list[Item]:
    """Images as a store would describe them."""
    chance = random.Random(1)
    items: list[Item] = []
    for i in range(count):
        faces = chance.choice([0, 1, 1, 1, 2, 3, 7, 30])
        copied = items and chance.random() < 0.02
        phash = (
            items[-1].phash ^ 1 << chance.randrange(64)
            if copied and items[-1].phash is not None
            else chance.getrandbits(64)
        )
        items.append(
            Item(
                key=hashlib.sha256(str(i).encode()).hexdigest(),
                groups=(f"video {chance.randrange(count // 100)}",)
                if chance.random() < 0.2
                else (),
                faces=faces,
                face_size=chance.lognormvariate(4, 1) if faces else None,
                identities=(f"person {chance.randrange(3000)}",) if faces else (),
                phash=phash,
            )
        )
    return items


def timed(name: str, step: Callable[[], T]) -> T:
    """Run a step and print its seconds."""
    start = time.perf_counter()
    result = step()
    print(f"{name:24}{time.perf_counter() - start:6.2f} s")
    return result


if __name__ == "__main__":
    main()
