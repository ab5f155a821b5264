"""Judge detections side by side with ``pycocotools``: ``python -m benchmarks.evaluate``.

10,000 made-up photos with about 30,000 faces and as many detections by the protocol of COCO,
the same with all else that a judgement says (curve, matches, slices, mistakes, points),
then, where a folder of predictions and one of ground truth are given, WIDER FACE's own.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from curator.evaluate import coco, judging, wider
from curator.evaluate.predictions import read_predictions
from curator.evaluate.wider_truth import read_truth
from curator.records import Face, Image

Floats = NDArray[np.float64]


def main() -> None:
    """Make, judge twice, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--predictions", type=Path, help="<event>/<photo>.txt of WIDER FACE")
    parser.add_argument("--ground-truth", type=Path, help="the four .mat files")
    options = parser.parse_args()
    truth, predictions = photos(options.photos)
    print(f"{sum(map(len, truth))} faces, {sum(map(len, predictions))} detections")
    start = time.perf_counter()
    ours = list(coco.evaluate(truth, predictions).summary().values())
    print(f"curator      {time.perf_counter() - start:6.2f} s")
    photographs = as_records(truth, predictions)
    start = time.perf_counter()
    said = judging.judge(photographs)
    print(
        f"curator, all  {time.perf_counter() - start:5.2f} s: curve, {len(said.matches)} matches, "
        f"{len(said.slices)} slices, mistakes, points"
    )
    judge = owners(truth, predictions)
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    print(f"pycocotools  {time.perf_counter() - start:6.2f} s")
    print(f"largest difference of the twelve figures {np.abs(judge.stats - ours).max():.1e}")
    if options.predictions and options.ground_truth:
        for _ in range(3):
            start = time.perf_counter()
            found, faces = read_predictions(options.predictions), read_truth(options.ground_truth)
            read = time.perf_counter()
            result = wider.evaluate(found, faces)
            end = time.perf_counter()
            print(f"WIDER FACE: read {read - start:.2f} s, judged {end - read:.2f} s, {result.ap}")


def photos(count: int) -> tuple[list[Floats], list[Floats]]:
    """True boxes, and detections that find most of them and some that are not there."""
    rng = np.random.default_rng(0)
    truth, predictions = [], []
    for _ in range(count):
        size = rng.lognormal(4, 0.8, (int(rng.integers(0, 7)), 1)).clip(4, 400)
        corner = rng.uniform(0, 600, (len(size), 2))
        faces = np.concatenate([corner, corner + size * [1, 1.3]], axis=1)
        found = faces + rng.normal(0, 0.08, faces.shape) * size
        found = found[rng.random(len(found)) < 0.85]
        false = rng.uniform(0, 600, (int(rng.poisson(0.45)), 2))
        found = np.concatenate([found, np.concatenate([false, false + 50], axis=1)])
        truth.append(faces)
        predictions.append(np.column_stack([found, rng.random(len(found)).round(2)]))
    return truth, predictions


def as_records(truth: list[Floats], predictions: list[Floats]) -> list[judging.Photo]:
    """The same photos as records, with five points, a condition and a source each."""
    rng = np.random.default_rng(1)
    made = []
    for number, (boxes, rows) in enumerate(zip(truth, predictions, strict=True), 1):
        image = Image(
            id=number,
            sha256=f"{number:064}",
            phash=None,
            width=640,
            height=480,
            mime="image/jpeg",
            name=f"{number}.jpg",
            source=f"source {number % 5}",
            url="file:///x",
            fetched_at=datetime.now(UTC),
        )
        faces = [
            face(box, id=i, attributes={"blur": int(rng.integers(0, 3))})
            for i, box in enumerate(boxes.tolist())
        ]
        found = [face(row[:4], score=row[4]) for row in rows.tolist()]
        made.append(judging.Photo(image=image, faces=faces, found=found))
    return made


def face(box: list[float], **more: Any) -> Face:
    """A face with its five points where they usually are."""
    x, y, right, bottom = box
    width, height = right - x, bottom - y
    places = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))
    points = tuple((x + a * width, y + b * height) for a, b in places)
    shown = (x, y, right, bottom)
    return Face(box=shown, landmarks=points, visibility=(2,) * 5, scheme="5", **more)


def owners(truth: list[Floats], predictions: list[Floats]) -> COCOeval:
    """The same photos, loaded into pycocotools."""
    faces = [
        {"image_id": photo, "category_id": 1, "bbox": [*box[:2], *size], "area": size.prod()}
        for photo, boxes in enumerate(truth)
        for box, size in zip(boxes, boxes[:, 2:] - boxes[:, :2], strict=True)
    ]
    rows = [
        [photo, *box[:2], *(box[2:4] - box[:2]), box[4], 1]
        for photo, boxes in enumerate(predictions)
        for box in boxes
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        dataset = COCO()
        dataset.dataset = {
            "info": {},
            "images": [{"id": photo} for photo in range(len(truth))],
            "annotations": [face | {"id": i, "iscrowd": 0} for i, face in enumerate(faces, 1)],
            "categories": [{"id": 1, "name": "face"}],
        }
        dataset.createIndex()
        return COCOeval(dataset, dataset.loadRes(np.array(rows)), "bbox")


if __name__ == "__main__":
    main()
