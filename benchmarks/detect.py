"""How much detecting costs beside the bare network: ``python -m benchmarks.detect [--json]``.

For each detector, over the 257 photos of WIDER FACE that are kept beside the project:

* ``bare``: ``session.run`` on the tensors of the photos, prepared beforehand, two threads;
* ``stream``: what ``curator detect`` does, from the file to boxes and points, two threads;
* ``own loop``: insightface as its documentation shows it, ``cv2.imread`` and ``model.detect``.

The three take turns, several times over, so that a busy minute of the machine hits them alike.
Milliseconds per photo, the fastest turn and the median; the ratio is of the fastest.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import onnxruntime
from insightface.model_zoo import get_model
from rich.console import Console
from rich.table import Table

from curator.detect import choose
from curator.detect.detector import OnnxDetector
from curator.detect.stream import stream
from curator.errors import CuratorError
from curator.imaging import decode

SHARED = Path(__file__).resolve().parents[2] / "shared"
DETECTORS = ("insightface:scrfd_500m", "insightface:scrfd_2.5g", "retinaface", "yunet")
# Tensors of so many photos are held at a time: 5 MB each.
CHUNK = 64


def main() -> None:
    """Measure every detector, print a table or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=SHARED / "data/wider_val/images")
    parser.add_argument("--models", type=Path, default=SHARED / "models")
    parser.add_argument("--detectors", nargs="+", default=DETECTORS)
    parser.add_argument("--every", type=int, default=1, help="use every n-th photo only")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    files = sorted(options.photos.rglob("*.jpg"))[:: options.every]
    results = {}
    for name in options.detectors:
        try:
            detector = choose(name, models=options.models)
        except CuratorError as error:
            print(f"{name}: left out, {error}")
            continue
        if isinstance(detector, OnnxDetector):
            results[name] = measure(detector, files, options.threads, options.turns)
    if options.json:
        print(json.dumps({"photos": len(files), "threads": options.threads, "detectors": results}))
    else:
        print_table(results, len(files), options.threads)


def measure(
    detector: OnnxDetector, files: Sequence[Path], threads: int, turns: int
) -> dict[str, dict[str, float]]:
    """Milliseconds per photo of each way, and what it costs beside the bare network."""
    ways: dict[str, Callable[[], float]] = {
        "bare": bare(detector, files, threads),
        "stream": lambda: seconds(stream(detector, [(f, f) for f in files], threads=threads)),
    }
    if detector.name.startswith("insightface"):
        ways["own loop"] = own_loop(detector, files, threads)
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(turns):
        for way, run in ways.items():
            times[way].append(run() / len(files) * 1000)
    fastest = min(times["bare"])
    return {
        way: {"min": min(taken), "median": median(taken), "ratio": min(taken) / fastest}
        for way, taken in times.items()
    }


def bare(detector: OnnxDetector, files: Sequence[Path], threads: int) -> Callable[[], float]:
    """The network alone, on the tensors that the detector gives it."""
    session = session_of(detector, threads)
    name = session.get_inputs()[0].name

    def run() -> float:
        taken = 0.0
        for start in range(0, len(files), CHUNK):
            tensors = [
                look.tensor.copy()
                for file in files[start : start + CHUNK]
                for look in detector.prepare(decode(file.read_bytes()))
            ]
            began = time.perf_counter()
            for tensor in tensors:
                session.run(None, {name: tensor})
            taken += time.perf_counter() - began
        return taken

    return run


def own_loop(detector: OnnxDetector, files: Sequence[Path], threads: int) -> Callable[[], float]:
    """The way of insightface itself through the same photos."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    file = str(detector.network.file)
    model = get_model(file, providers=["CPUExecutionProvider"], sess_options=options)
    model.prepare(-1, input_size=[(size, size) for size in detector.sizes])
    return lambda: seconds(model.detect(cv2.imread(str(file))) for file in files)


def session_of(detector: OnnxDetector, threads: int) -> Any:
    """A session of the same weights with so many threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(
        str(detector.network.file), options, providers=["CPUExecutionProvider"]
    )


def seconds(work: Iterator[Any]) -> float:
    """How long it takes to exhaust an iterator."""
    began = time.perf_counter()
    for _ in work:
        pass
    return time.perf_counter() - began


def print_table(results: dict[str, dict[str, dict[str, float]]], photos: int, threads: int) -> None:
    """One line for each way of each detector."""
    table = Table(title=f"{photos} photos, {threads} threads, ms a photo")
    for column in ("detector", "way", "min", "median", "to bare"):
        table.add_column(column, justify="left" if column in ("detector", "way") else "right")
    for name, ways in results.items():
        for way, taken in ways.items():
            row = (f"{taken[key]:.2f}" for key in ("min", "median", "ratio"))
            table.add_row(name, way, *row)
        table.add_section()
    Console().print(table)


if __name__ == "__main__":
    main()
