"""Killed at any moment and started again, measuring ends as if nothing had happened."""

from __future__ import annotations

import io
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pillow

from curator.records import Face
from curator.store import faces, images, runs
from curator.store.dataset import create_dataset

FIVE = ((60.0, 60.0), (120.0, 60.0), (90.0, 90.0), (66.0, 120.0), (114.0, 120.0))


def filled(folder: Path) -> None:
    """A hundred photos with a face each, every fifth saved twice."""
    chance = np.random.default_rng(0)
    rows = []
    with create_dataset(folder) as made:
        for place in range(80):
            small = chance.integers(0, 255, (11, 11, 3), dtype=np.uint8)
            large = Pillow.fromarray(small).resize((240, 240), Pillow.Resampling.BICUBIC)
            for quality in (95, 70) if place % 4 == 0 else (95,):
                out = io.BytesIO()
                large.save(out, "JPEG", quality=quality)
                digest = sha256(out.getvalue()).hexdigest()
                made.blobs.put(out.getvalue(), digest, "image/jpeg")
                name = f"{place}-{quality}.jpg"
                rows.append(
                    {
                        "sha256": digest, "phash": None, "width": 240, "height": 240,
                        "mime": "image/jpeg", "name": name, "source": "web", "url": name,
                        "fetched_at": datetime(2026, 1, 1, tzinfo=UTC),
                    }
                )  # fmt: skip
        with made.write() as connection:
            ids = [image_id for image_id, _ in images.add(connection, rows)]
            run = runs.begin(connection, kind="import", method="wider", params={})
            faces.add(
                connection,
                [
                    Face(
                        box=(40, 30, 140, 150), landmarks=FIVE, visibility=(2,) * 5, scheme="5",
                        image_id=i, run_id=run.id,
                    )
                    for i in ids
                ],
            )  # fmt: skip
            images.vouch(connection, ids, run.id)


def command(step: str, folder: Path) -> list[str]:
    words = ["measure", "--no-pose-network"] if step == "measure" else ["duplicates"]
    return [sys.executable, "-m", "curator", *words, "--dataset", str(folder)]


def rows(folder: Path) -> dict[str, list[Any]]:
    connection = sqlite3.connect(folder / "curator.sqlite")
    try:
        return {
            table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)
            for table in ("measure", "appearance", "pair")
        }
    finally:
        connection.close()


def test_measuring_and_comparing_survive_being_killed(tmp_path: Path) -> None:
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    filled(calm)
    shutil.copytree(calm, killed)
    seed = random.randrange(10**9)
    moments = random.Random(seed)
    for step in ("measure", "duplicates"):
        subprocess.run(command(step, calm), check=True, capture_output=True)
        for _ in range(3):
            process = subprocess.Popen(
                command(step, killed), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            with suppress(subprocess.TimeoutExpired):
                process.wait(moments.uniform(0.5, 4))
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()
        subprocess.run(command(step, killed), check=True, capture_output=True)
    expected = rows(calm)
    assert len(expected["measure"]) == 100
    assert len(expected["pair"]) >= 20
    assert rows(killed) == expected, f"seed {seed}"
