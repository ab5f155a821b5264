"""Push a judged run to FiftyOne, our way and the plain way: ``python -m benchmarks.review``.

10,000 made-up photos with 30,000 faces and as many detections, all with five points, each face
with a number of every measure. Ours is
``curator review push``, once into nothing and once again when nothing has changed; the plain way
adds the same samples as FiftyOne's documentation does. Time, processor time and memory are those
of all processes that take part, the database among them.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from benchmarks.export import fill
from curator.environments import REVIEW, python_of
from curator.pipeline.evaluate import EvaluateRequest, evaluate
from curator.pipeline.export import samples
from curator.pipeline.release import Selection, SplitOptions, release
from curator.progress import Silent
from curator.quality import MEASURES
from curator.records import Measures, Run
from curator.review.process import Bridge
from curator.review.pushing import write
from curator.store import measures
from curator.store.dataset import Dataset, create_dataset

PLAINLY = Path(__file__).with_name("review_plainly.py")


def main() -> None:
    """Make, judge, push three times, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    figures: dict[str, float] = {}
    with TemporaryDirectory() as folder, create_dataset(Path(folder) / "big") as dataset:
        run = judged(dataset, args.photos, Path(folder) / "predictions.json")
        ours = [sys.executable, "-m", "curator", "review", "push", "--run", run.name]
        ours += ["--dataset", str(dataset.folder)]
        for name in ("first", "again"):
            figures |= measured(name, ours, None)
        file = Path(folder) / "told.jsonl"
        write(dataset, run, "plainly", file)
        plainly = [str(python_of(REVIEW)), str(PLAINLY), str(file), "plainly"]
        figures |= measured("plain", plainly, Bridge(dataset).variables())
    figures["times_faster"] = figures["plain_cpu_s"] / figures["first_cpu_s"]
    if args.json:
        print(json.dumps(figures))
    else:
        print(f"{args.photos} photos, {3 * args.photos} faces, as many detections")
        print("\n".join(f"{name:16} {value:8.1f}" for name, value in figures.items()))


def judged(dataset: Dataset, photos: int, predictions: Path) -> Run:
    """Faces of which nine in ten are found, a little beside where they are."""
    fill(dataset, photos, 3 * photos)
    measure(dataset, 3 * photos)
    shares = SplitOptions(shares={"train": 0.0, "val": 1.0, "test": 0.0})
    release(dataset, "v1", Selection(), shares, Silent())
    rng = random.Random(1)
    rows = []
    for sample in samples(dataset, "v1"):
        for face in sample.faces:
            x, y, right, bottom = face.box
            off = rng.gauss(0, 0.05) * (right - x)
            if rng.random() < 0.1:
                off = 2 * (right - x)
            marks = [value for a, b in face.landmarks or () for value in (a + off, b, 2)]
            box = [x + off, y, right - x, bottom - y]
            said = {"bbox": box, "score": rng.random(), "keypoints": marks, "category_id": 1}
            rows.append(said | {"file_name": sample.image.name})
    predictions.write_text(json.dumps(rows))
    request = EvaluateRequest(release="v1", predictions=predictions, confidence=0.1)
    return evaluate(dataset, request, Silent())


def measure(dataset: Dataset, faces: int) -> None:
    """Numbers as ``curator measure`` would leave them."""
    rng = random.Random(2)
    with dataset.write() as connection:
        versions = measures.versions(connection, range(1, faces + 1))
        found = [
            Measures(
                face_id=face_id,
                version=version,
                suite="made up",
                values={name: rng.random() for name in MEASURES},
                methods={},
            )
            for face_id, version in versions.items()
        ]
        measures.put(connection, measures.FACE, found)


def measured(
    name: str, command: Sequence[str], variables: Mapping[str, str] | None
) -> dict[str, float]:
    """What a command takes, with all processes it starts."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL)
    spent: dict[int, float] = {}
    peak = 0
    while process.poll() is None:
        now = 0
        for one in _tree(process.pid):
            try:
                times = one.cpu_times()
                spent[one.pid] = times.user + times.system
                now += one.memory_info().rss
            except psutil.Error:
                continue
        peak = max(peak, now)
        time.sleep(0.2)
    if process.returncode:
        raise SystemExit(f"{name} failed with status {process.returncode}")
    return {
        f"{name}_s": time.perf_counter() - started,
        f"{name}_cpu_s": sum(spent.values()),
        f"{name}_peak_mb": peak / 1024**2,
    }


def _tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


if __name__ == "__main__":
    main()
