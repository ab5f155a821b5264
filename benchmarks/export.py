"""Export a WIDER-sized release: ``python -m benchmarks.export``.

Synthetic rows, 32,000 images with 394,000 faces as in WIDER FACE, whose files are hard links to
a few small pictures; exported to YOLO and to WIDER FACE by the command line, each in a process
of its own, so that time and peak memory are those a user meets. Processor time stands beside it:
on a machine that does other things too, it is the figure to compare.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from curator.drawing import encode_jpeg
from curator.pipeline.release import Selection, SplitOptions, release
from curator.progress import Silent
from curator.records import Face
from curator.store import faces, images, runs
from curator.store.dataset import Dataset, create_dataset

FORMATS = ("yolo", "wider")


def main() -> None:
    """Build, release, export, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=32_000)
    parser.add_argument("--faces", type=int, default=394_000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with TemporaryDirectory() as folder, create_dataset(Path(folder) / "big") as dataset:
        started = time.perf_counter()
        fill(dataset, args.images, args.faces)
        filled = time.perf_counter()
        release(dataset, "v1", Selection(), SplitOptions(), Silent())
        figures: dict[str, float] = {
            "fill_s": filled - started,
            "release_s": time.perf_counter() - filled,
        }
        for name in FORMATS:
            measured = export(dataset.folder, name)
            figures |= {f"{name}_{what}": value for what, value in measured.items()}
        for what in ("s", "processor_s"):
            figures[f"exports_{what}"] = sum(figures[f"{name}_{what}"] for name in FORMATS)
    if args.json:
        print(json.dumps(figures))
    else:
        print(f"{args.images} images, {args.faces} faces")
        print("\n".join(f"{name:20} {value:8.2f}" for name, value in figures.items()))


def fill(dataset: Dataset, image_count: int, face_count: int) -> None:
    """Rows as an import would leave them, and a hard link an image."""
    rng = random.Random(0)
    pictures = [_picture(dataset.folder, number) for number in range(64)]
    with dataset.write() as connection:
        run = runs.begin(connection, kind="import", method="synthetic", params={})
        rows = [_image_row(number, rng) for number in range(image_count)]
        stored = [image_id for image_id, _ in images.add(connection, rows)]
        counts = _spread(face_count, image_count, rng)
        for image_id, row, count in zip(stored, rows, counts, strict=True):
            faces.add(connection, [_face(image_id, run.id, rng) for _ in range(count)])
            place = dataset.blobs.path(row["sha256"], "image/jpeg")
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(rng.choice(pictures), place)
        images.vouch(connection, stored, run.id)


def export(dataset: Path, name: str) -> dict[str, float]:
    """Seconds, seconds of the processor and peak megabytes of one ``curator export``."""
    out = dataset.parent / name
    command = [sys.executable, "-m", "curator", "export", name, str(out)]
    started = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--release", "v1", "--dataset", str(dataset)], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{name} failed with status {process.returncode}")
    return {
        "s": seconds,
        "processor_s": usage.ru_utime + usage.ru_stime,
        "peak_mb": _megabytes(usage),
    }


def _megabytes(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)


def _picture(folder: Path, number: int) -> Path:
    pixels = np.random.default_rng(number).integers(0, 255, (8, 8, 3), np.uint8)
    path = folder / f"picture-{number}.jpg"
    path.write_bytes(encode_jpeg(np.kron(pixels, np.ones((16, 16, 1), np.uint8))))
    return path


def _image_row(number: int, rng: random.Random) -> dict[str, object]:
    sha256 = hashlib.sha256(str(number).encode()).hexdigest()
    return {
        "sha256": sha256,
        "phash": f"{rng.getrandbits(64):016x}",
        "width": 1024,
        "height": 768,
        "mime": "image/jpeg",
        "name": f"{number % 61}--Event/{number % 61}_Event_{number}.jpg",
        "source": "import:synthetic",
        "url": f"file:///synthetic/{number}.jpg",
        "fetched_at": datetime.now(UTC),
    }


def _face(image_id: int, run_id: int, rng: random.Random) -> Face:
    x, y, side = rng.randrange(900), rng.randrange(600), rng.randrange(8, 160)
    points = tuple((x + side * fx, y + side * fy) for fx, fy in _FIVE)
    return Face(
        image_id=image_id,
        run_id=run_id,
        box=(x, y, x + side, y + side * 1.2),
        landmarks=points,
        visibility=(2,) * 5,
        scheme="5",
        attributes={"blur": rng.randrange(3), "occlusion": rng.randrange(3), "pose": 0},
    )


_FIVE = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.65), (0.35, 0.9), (0.65, 0.9))


def _spread(total: int, parts: int, rng: random.Random) -> Iterator[int]:
    """Few faces on most images and many on some, as in crowds; the sum is exact."""
    weights = [rng.paretovariate(1.2) for _ in range(parts)]
    scale, given, seen = total / sum(weights), 0, 0.0
    for weight in weights:
        seen += weight * scale
        yield round(seen) - given
        given = round(seen)


if __name__ == "__main__":
    main()
