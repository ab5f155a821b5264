"""Killed at any moment and started again, a run ends as if nothing had happened."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

KILLS = {"collect": 7, "detect": 7, "export": 6}
PICTURES = 160


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of many colours, some twice, some broken."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(PICTURES):
        picture = Image.effect_noise((420, 320), 40 + number % 50).convert("RGB")
        ImageDraw.Draw(picture).ellipse((90, 60, 300, 270), fill=(number, 200 - number, 120))
        picture.save(folder / f"{number:03}.jpg", quality=92)
    whole = (folder / "000.jpg").read_bytes()
    for number in range(10):
        (folder / f"copy-{number}.jpg").write_bytes(whole)
        (folder / f"cut-{number}.jpg").write_bytes(whole[: 900 + number])
    return folder


def command(step: str, dataset: Path, photos: Path) -> list[str]:
    words = {
        "collect": ["collect", "folder", str(photos)],
        "detect": ["detect", "--detector", "yunet", "--min-score", "0.02"],
        "release": ["release", "v1"],
        "export": ["export", "coco", str(dataset.parent / f"{dataset.name}-out"), "-r", "v1"],
    }[step]
    return [sys.executable, "-m", "curator", *words, "--dataset", str(dataset)]


def environment(models: Path) -> dict[str, str]:
    return os.environ | {"CURATOR_MODELS": str(models)}


def finish(words: list[str], models: Path) -> float:
    started = time.monotonic()
    done = subprocess.run(
        words, check=False, env=environment(models), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return time.monotonic() - started


def kill(words: list[str], models: Path, after: float) -> None:
    process = subprocess.Popen(
        words, env=environment(models), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with suppress(subprocess.TimeoutExpired):
        process.wait(after)
    process.send_signal(signal.SIGKILL)
    process.wait()


def rows(dataset: Path) -> dict[str, list[Any]]:
    """What the tables say, without the numbers and times that this database happened to give."""
    queries = {
        "image": "SELECT sha256, phash, width, height, name, url, status FROM image",
        "candidate": "SELECT c.url, c.outcome, c.reason, c.detail, i.sha256 "
        "FROM candidate c LEFT JOIN image i ON i.id = c.image_id",
        "face": "SELECT i.sha256, x_min, y_min, x_max, y_max, landmarks, score FROM face f "
        "JOIN image i ON i.id = f.image_id",
        "run_image": "SELECT r.kind, i.sha256, reason FROM run_image x "
        "JOIN run r ON r.id = x.run_id JOIN image i ON i.id = x.image_id",
        "run": "SELECT kind, method, params, status FROM run",
        "release": "SELECT name, manifest_sha256 FROM release",
    }
    connection = sqlite3.connect(dataset / "curator.sqlite")
    try:
        return {
            name: sorted(connection.execute(query), key=repr) for name, query in queries.items()
        }
    finally:
        connection.close()


def files(folder: Path) -> dict[str, int]:
    """Every file below a folder with its size; image files are named by their content."""
    return {
        str(path.relative_to(folder)): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def exported(folder: Path) -> dict[str, bytes]:
    """The content of every file, without the times at which the two runs collected."""
    content = {path: (folder / path).read_bytes() for path in files(folder)}
    lines = io.StringIO(content.pop("provenance.csv").decode())
    table = [{**row, "fetched_at": ""} for row in csv.DictReader(lines)]
    content["provenance.csv"] = json.dumps(table).encode()
    sums = content["manifest.sha256"].splitlines()
    content["manifest.sha256"] = b"\n".join(s for s in sums if not s.endswith(b"provenance.csv"))
    return content


def test_a_run_killed_at_twenty_moments_ends_like_an_undisturbed_one(
    tmp_path: Path, photos: Path, shared_models: Path
) -> None:
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    seed = random.randrange(10**9)
    moments = random.Random(seed)
    for step in ("collect", "detect", "release", "export"):
        seconds = finish(command(step, calm, photos), shared_models)
        words = command(step, killed, photos)
        for _ in range(KILLS.get(step, 0)):
            # Starting Python takes the first third of a second; nothing can go wrong there.
            kill(words, shared_models, moments.uniform(0.3, seconds))
        finish(words, shared_models)
    expected = rows(calm)
    assert len(expected["face"]) > 0
    assert len(expected["image"]) == PICTURES
    assert rows(killed) == expected, f"seed {seed}"
    assert files(killed / "images") == files(calm / "images"), f"seed {seed}"
    out, again = tmp_path / "calm-out", tmp_path / "killed-out"
    assert json.loads((again / "report.json").read_text())["images"]
    assert exported(again) == exported(out), f"seed {seed}"
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["calm", "calm-out", "killed", "killed-out"], f"seed {seed}"
