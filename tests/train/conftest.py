"""Drawn faces: photos that are made on the spot, with boxes and points that are known exactly."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import cv2
import numpy as np
import pytest

from curator.records import Face, Image, Sample

pytest.importorskip("torch", reason="needs: pip install 'curator[train]'")

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MARKS = ((-0.4, -0.3), (0.4, -0.3), (0.0, 0.05), (-0.3, 0.5), (0.3, 0.5))
Drawer = Callable[..., list[Sample]]


def draw_face(photo: np.ndarray, x: float, y: float, radius: float) -> Face:
    """A bright disc with eyes, a nose and a mouth, and the truth about it."""
    points = tuple((x + dx * radius, y + dy * radius) for dx, dy in MARKS)
    cv2.circle(photo, (round(x), round(y)), round(radius), (230, 190, 160), -1, cv2.LINE_AA)
    dot = max(round(radius / 7), 1)
    for px, py in points[:2]:
        cv2.circle(photo, (round(px), round(py)), dot, (20, 20, 60), -1, cv2.LINE_AA)
    cv2.circle(photo, (round(points[2][0]), round(points[2][1])), dot, (180, 120, 100), -1)
    left, right = ((round(px), round(py)) for px, py in points[3:])
    cv2.line(photo, left, right, (150, 30, 30), dot, cv2.LINE_AA)
    return Face(
        box=(x - radius, y - radius, x + radius, y + radius),
        landmarks=points,
        visibility=(2,) * 5,
        scheme="5",
    )


@pytest.fixture(autouse=True)
def thin(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body of half the width, for tests that train."""
    from curator.train.bodies import MobileNet
    from curator.train.network import BODIES

    monkeypatch.setitem(BODIES, "thin", partial(MobileNet, 4, 32))


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawer:
    """Makes samples: ``drawn(count, split=..., seed=...)``."""
    folder = tmp_path_factory.mktemp("drawn")

    def draw(count: int, *, split: str = "train", seed: int = 0, side: int = 160) -> list[Sample]:
        rng = np.random.default_rng(seed)
        samples = []
        for number in range(count):
            coarse = rng.integers(0, 120, (side // 16, side // 16, 3), dtype=np.uint8)
            photo = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
            faces = []
            # One face a quarter, so that none covers another.
            for quarter in rng.permutation(4)[: rng.integers(1, 4)]:
                radius = rng.uniform(side / 13, side / 5)
                free = side / 2 - 2 * radius
                x = (quarter % 2) * side / 2 + radius + rng.random() * free
                y = (quarter // 2) * side / 2 + radius + rng.random() * free
                faces.append(draw_face(photo, x, y, radius))
            file = folder / f"{split}-{seed}-{number}-{side}.png"
            data = cv2.imencode(".png", photo[..., ::-1])[1].tobytes()
            file.write_bytes(data)
            image = Image(
                id=number + 1,
                sha256=hashlib.sha256(data).hexdigest(),
                phash=None,
                width=side,
                height=side,
                mime="image/png",
                name=file.name,
                source="drawn",
                url=file.as_uri(),
                fetched_at=AT,
                split=split,
            )
            samples.append(Sample(image=image, faces=tuple(faces), split=split, file=file))
        return samples

    return draw
