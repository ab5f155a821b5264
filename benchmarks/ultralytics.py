"""Compare our form of Ultralytics's figures with its own: ``python -m benchmarks.ultralytics``.

Its command line judges made-up pictures, in the environment of ``curator train setup yolo``. The
network that it is given is four operations of ONNX: it reads what it is to find out of the pixels.
So Ultralytics suppresses, matches and counts by itself, and any detections can be put to it.
``--write DIR`` keeps labels, predictions and what it said for ``tests/evaluate``.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper
from PIL import Image

from curator.environments import YOLO, python_of, variables_of
from curator.evaluate.ultralytics import Labelled, evaluate

Floats = NDArray[np.float64]

SIDE = 352
_STEPS = 65535
CASES = {"face": (1, 24, 3), "people": (5, 24, 4), "crowd": (1, 3, 150)}


def main() -> None:
    """Make, let Ultralytics judge, judge, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, help="where to keep what it said")
    options = parser.parse_args()
    for number, (name, (classes, pictures, faces)) in enumerate(CASES.items()):
        rng = np.random.default_rng(number)
        with tempfile.TemporaryDirectory() as folder:
            kept = judged(Path(folder), rng, classes, (pictures, faces))
        ours = asdict(evaluate(*both(kept)))
        print(name, f"{kept['detections']} detections put to it, {len(kept['predictions'])} kept")
        for figure, theirs in kept["said"].items():
            print(f"  {figure:10} Ultralytics {theirs:.3f}  curator {ours[figure]:.5f}")
        if options.write:
            options.write.mkdir(parents=True, exist_ok=True)
            (options.write / f"{name}.json").write_text(json.dumps(kept) + "\n")


def both(kept: dict[str, Any]) -> tuple[list[Labelled], list[Labelled]]:
    """What was kept of a case as we judge it: true and found, picture by picture."""
    truth, found = [], []
    for picture, rows in enumerate(kept["labels"]):
        told = [row for row in kept["predictions"] if row[0] == picture]
        truth.append(_labelled([[*row[1:], 0.0] for row in rows], [row[0] for row in rows]))
        found.append(_labelled([row[2:] for row in told], [row[1] for row in told]))
    return truth, found


def _labelled(rows: list[list[float]], classes: list[int]) -> Labelled:
    values = np.array(rows, np.float64).reshape(-1, 5)
    return Labelled(values[:, :4], np.array(classes, np.intp), values[:, 4])


def judged(
    folder: Path, rng: np.random.Generator, classes: int, size: tuple[int, int]
) -> dict[str, Any]:
    """One set of pictures, and what Ultralytics says of it.

    Returns:
        ``labels``: a list a picture of ``class, x_min, y_min, x_max, y_max``; ``predictions``:
        ``picture, class, x_min, y_min, x_max, y_max, score``; ``said``: its four figures.
    """
    for part in ("images/val", "labels/val"):
        (folder / part).mkdir(parents=True)
    labels, detections = [], 0
    for picture in range(size[0]):
        true = _scene(rng, classes, int(rng.integers(0, 2 * size[1])))
        told = _detections(rng, classes, true)
        detections += len(told)
        _draw(told, classes).save(folder / "images" / "val" / f"{picture}.png")
        rows = [f"{int(c)} {x:.6f} {y:.6f} {w:.6f} {h:.6f}" for c, x, y, w, h in true.tolist()]
        (folder / "labels" / "val" / f"{picture}.txt").write_text("\n".join(rows))
        corners = _corners(true[:, 1:]).tolist()
        labels.append([[int(c), *box] for c, box in zip(true[:, 0], corners, strict=True)])
    names = {number: f"person {number}" for number in range(classes)}
    onnx.save(_network(classes, names), folder / "told.onnx")
    data = {"path": str(folder), "train": "images/val", "val": "images/val", "names": names}
    (folder / "data.yaml").write_text(json.dumps(data))
    said, rows = _asked(folder)
    predictions = [
        [
            int(row["image_id"]),
            int(row["category_id"]) - 1,
            *row["bbox"][:2],
            row["bbox"][0] + row["bbox"][2],
            row["bbox"][1] + row["bbox"][3],
            row["score"],
        ]
        for row in rows
    ]
    return {
        "made_by": "python -m benchmarks.ultralytics",
        "labels": labels,
        "detections": detections,
        "predictions": predictions,
        "said": said,
    }


def _scene(rng: np.random.Generator, classes: int, count: int) -> Floats:
    """Faces as rows of class, centre and size, parts of the picture."""
    size = rng.uniform(0.03, 0.2, (count, 1)) * [1, 1.3]
    return np.column_stack(
        [rng.integers(0, classes, count), rng.uniform(0.15, 0.85, (count, 2)), size]
    )


def _detections(rng: np.random.Generator, classes: int, true: Floats) -> Floats:
    """Most faces about where they are, some twice, some as others, and what is no face.

    Rows of centre and size, parts of the picture, then one score a class.
    """
    near = np.repeat(true, rng.choice([0, 1, 1, 1, 2], len(true)), axis=0)
    near[:, 1:] += rng.normal(0, 0.09, (len(near), 4)) * near[:, [3, 4, 3, 4]]
    swapped = rng.random(len(near)) < 0.15
    near[swapped, 0] = rng.integers(0, classes, int(swapped.sum()))
    false = _scene(rng, classes, int(rng.poisson(2 + len(true) / 4)))
    rows = np.concatenate([near, false])
    scores = np.zeros((len(rows), classes))
    sure = np.concatenate([rng.beta(5, 2, len(near)), rng.beta(2, 5, len(false))])
    scores[np.arange(len(rows)), rows[:, 0].astype(int)] = sure
    return np.column_stack([rows[:, 1:], scores])[:SIDE]


def _draw(told: Floats, classes: int) -> Image.Image:
    """A picture whose red and green are the high and low bytes of each number."""
    whole = np.zeros((SIDE, SIDE, 3), np.uint8)
    numbers = np.round(told.clip(0, 1) * _STEPS).astype(np.uint16).T
    whole[: 4 + classes, : len(told), 0] = numbers >> 8
    whole[: 4 + classes, : len(told), 1] = numbers & 255
    return Image.fromarray(whole)


def _network(classes: int, names: dict[int, str]) -> onnx.ModelProto:
    """``[1, 3, SIDE, SIDE]`` of 0..1 in, ``[1, 4 + classes, SIDE]`` of pixels and scores out."""
    rows = 4 + classes
    scale = np.array([SIDE] * 4 + [1] * classes, np.float32)[None, None, :, None] * (255 / _STEPS)
    weights = np.array([256, 1, 0], np.float32)[None, :, None, None]
    constants = {
        "starts": np.array([0, 0], np.int64),
        "ends": np.array([rows, SIDE], np.int64),
        "axes": np.array([2, 3], np.int64),
        "weights": weights,
        "scale": scale.astype(np.float32),
        "channel": np.array([1], np.int64),
    }
    nodes = [
        helper.make_node("Slice", ["images", "starts", "ends", "axes"], ["told"]),
        helper.make_node("Mul", ["told", "weights"], ["bytes"]),
        helper.make_node("ReduceSum", ["bytes", "channel"], ["numbers"], keepdims=1),
        helper.make_node("Mul", ["numbers", "scale"], ["scaled"]),
        helper.make_node("Squeeze", ["scaled", "channel"], ["output0"]),
    ]
    graph = helper.make_graph(
        nodes,
        "told",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, rows, SIDE])],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    told = {"stride": "32", "task": "detect", "batch": "1", "imgsz": f"[{SIDE}, {SIDE}]"}
    helper.set_model_props(model, told | {"names": str(names)})
    return model


def _asked(folder: Path) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """What ``yolo val`` says of all classes, and the detections that it counted."""
    config = folder / "config"
    config.mkdir()
    words = [
        "detect", "val", f"model={folder / 'told.onnx'}", f"data={folder / 'data.yaml'}",
        f"imgsz={SIDE}", "batch=1", "device=cpu", "conf=0.001", "iou=0.7", "plots=False",
        "save_json=True", f"project={folder}", "name=said", "workers=0",
    ]  # fmt: skip
    done = subprocess.run(
        [python_of(YOLO).with_name("yolo"), *words],
        env=variables_of(YOLO, YOLO_CONFIG_DIR=str(config)),
        capture_output=True,
        check=True,
        text=True,
    )
    (line,) = re.findall(r"^ *all +\d+ +\d+ +(.*)$", done.stdout + done.stderr, re.MULTILINE)
    figures = dict(
        zip(("precision", "recall", "mAP50", "mAP50_95"), map(float, line.split()), strict=True)
    )
    return figures, json.loads((folder / "said" / "predictions.json").read_text())


def _corners(boxes: Floats) -> Floats:
    """``xyxy`` pixels of centres and sizes in parts of the picture."""
    half = boxes[:, 2:] / 2
    return np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1) * SIDE


if __name__ == "__main__":
    main()
