"""Drawn faces: photos that are made on the spot, with boxes and points that are known exactly."""

from __future__ import annotations

import hashlib
import stat
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from curator.config import settings
from curator.environments import YOLO, folder_of
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
            samples.append(Sample(image=image, faces=tuple(faces), split=split, place=str(file)))
        return samples

    return draw


# Takes the words of Ultralytics's command line and writes the same files.
PROGRAM = """#!{python}
import json, os, pathlib, sys, time
words = sys.argv[1:]
told = dict(word.split("=", 1) for word in words if "=" in word)
log = pathlib.Path(os.environ["FAKE_LOG"])
log.write_text(log.read_text() + json.dumps(words) + "\\n")
if words[0] == "export":
    file = pathlib.Path(told["model"])
    file.with_suffix(".onnx").write_bytes(b"onnx")
    sys.exit()
if "resume" in words:
    folder = pathlib.Path(told["model"]).parent.parent
    # Whatever the words say now, the checkpoint knows how long it was to be.
    epochs = int((folder / "weights" / "last.pt").read_bytes().split()[1])
    if len((folder / "results.csv").read_text().splitlines()) > epochs:
        sys.exit("training is finished, nothing to resume")
else:
    folder = pathlib.Path(told["project"]) / told["name"]
    epochs = int(told["epochs"])
(folder / "weights").mkdir(exist_ok=True)
table = folder / "results.csv"
if not table.exists():
    table.write_text("epoch,time,train/box_loss,metrics/precision(B),metrics/mAP50(B),lr/pg0\\n")
first = len(table.read_text().splitlines())
for epoch in range(first, epochs + 1):
    with table.open("a") as out:
        out.write(f"{epoch},{epoch}.5,{2 / epoch},{0.1 * epoch},{0.2 * epoch},0.01\\n")
    (folder / "weights" / "last.pt").write_bytes(b"pickle %d" % epochs)
    (folder / "weights" / "best.pt").write_bytes(b"pickle")
    if os.environ.get("FAKE_STOP"):
        sys.exit(3)
    if os.environ.get("FAKE_HANG"):
        time.sleep(600)
if os.environ.get("FAKE_FAIL"):
    sys.exit(3)
""".replace("{python}", sys.executable)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """RetinaFace draws its crops itself: another process takes seconds to start."""
    from curator.train import retinaface
    from curator.train.loop import Setup

    monkeypatch.setattr(retinaface, "Setup", partial(Setup, ahead=0))


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What the stand-in was told, a line of JSON a call."""
    monkeypatch.setenv("CURATOR_ENVIRONMENTS", str(tmp_path / "environments"))
    settings.cache_clear()
    programs = folder_of(YOLO) / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    program = programs / "yolo"
    program.write_text(PROGRAM)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    file = tmp_path / "log.jsonl"
    file.write_text("")
    monkeypatch.setenv("FAKE_LOG", str(file))
    yield file
    settings.cache_clear()
