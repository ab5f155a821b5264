"""How much detecting costs beside the bare network: ``python -m benchmarks.detect [--json]``.

For each detector, over the 257 photos of WIDER FACE that are kept beside the project:

* ``bare``: ``session.run`` on the tensors of the photos, prepared beforehand, two threads;
* ``stream``: what ``curator detect`` does, from the file to boxes and points, two threads;
* ``own loop``: insightface as its documentation shows it, ``cv2.imread`` and ``model.detect``.

The three take turns with all photos, several times over, so that a busy minute of the machine hits
them alike. Milliseconds per photo: of the fastest turn, of the median one, and of processor time
in the cheapest. The ratios to the bare network are of the fastest and of the cheapest. Where two
threads get in each other's way inside the network, as on some virtual machines, both vary by a
tenth and more: compare runs of one minute only.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
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
DETECTORS = ("curator", "insightface:scrfd_500m", "insightface:scrfd_2.5g", "retinaface", "yunet")

Run = Callable[[], None]
Way = Callable[[Sequence[Path]], Run]


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
    results, opened = {}, {}
    for name in options.detectors:
        try:
            detector = choose(name, models=options.models)
        except CuratorError as error:
            print(f"{name}: left out, {error}")
            continue
        if isinstance(detector, OnnxDetector):
            opened[name] = detector
            results[name] = measure(detector, files, options.threads, options.turns)
    sizes = one_size(opened, options.turns)
    if options.json:
        about = {"photos": len(files), "threads": options.threads, "one_size": sizes}
        print(json.dumps(about | {"detectors": results}))
    else:
        print_table(results, len(files), options.threads)
        print_sizes(sizes)


def measure(
    detector: OnnxDetector, files: Sequence[Path], threads: int, turns: int
) -> dict[str, dict[str, float]]:
    """Milliseconds per photo of each way, and what it costs beside the bare network."""
    ways: dict[str, Way] = {"bare": bare(detector, threads), "stream": streamed(detector, threads)}
    if detector.name.startswith("insightface"):
        ways["own loop"] = own_loop(detector, threads)
    # The tensors of 257 photos are 1.3 GB.
    runs = {way: prepare(files) for way, prepare in ways.items()}
    taken: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for _ in range(turns):
        for way, run in runs.items():
            taken[way].append(timed(run))
    rows = {}
    for way, turned in taken.items():
        wall, cpu = (np.array(part) * 1000 / len(files) for part in zip(*turned, strict=True))
        rows[way] = {"min": wall.min(), "median": median(wall), "cpu": cpu.min()}
    return {
        way: {
            **{key: float(value) for key, value in row.items()},
            "ratio": float(row["min"] / rows["bare"]["min"]),
            "cpu_ratio": float(row["cpu"] / rows["bare"]["cpu"]),
        }
        for way, row in rows.items()
    }


def bare(detector: OnnxDetector, threads: int) -> Way:
    """The network alone, on the tensors that the detector gives it."""
    session = session_of(detector, threads)
    name = session.get_inputs()[0].name

    def prepare(photos: Sequence[Path]) -> Run:
        tensors = [
            look.tensor.copy()
            for file in photos
            for look in detector.prepare(decode(file.read_bytes()))
        ]
        return lambda: exhaust(session.run(None, {name: tensor}) for tensor in tensors)

    return prepare


def streamed(detector: OnnxDetector, threads: int) -> Way:
    """What ``curator detect`` does with photos."""
    return lambda photos: (
        lambda: exhaust(stream(detector, [(file, file) for file in photos], threads=threads))
    )


def one_size(detectors: Mapping[str, OnnxDetector], turns: int) -> dict[str, dict[str, float]]:
    """Milliseconds of the network alone for 640 x 480 pixels, by one and by two threads.

    A graph that takes one size only gets that one; the key says which.
    """
    runs: dict[tuple[str, str], Run] = {}
    for name, detector in detectors.items():
        width, height = detector.network.fixed_wh or (640, 480)
        tensor = np.zeros((1, 3, height, width), np.float32)
        for threads in (1, 2):
            session = session_of(detector, threads)
            given = {session.get_inputs()[0].name: tensor}
            key = f"{width} x {height}, {threads} thread{'s'[: threads - 1]}"
            runs[name, key] = partial(session.run, None, given)
            runs[name, key]()
    fastest: dict[str, dict[str, float]] = {name: {} for name in detectors}
    for _ in range(10 * turns):
        for (name, key), run in runs.items():
            fastest[name][key] = min(fastest[name].get(key, np.inf), timed(run)[0] * 1000)
    return fastest


def own_loop(detector: OnnxDetector, threads: int) -> Way:
    """The way of insightface itself through the same photos."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    file = str(detector.network.file)
    model = get_model(file, providers=["CPUExecutionProvider"], sess_options=options)
    model.prepare(-1, input_size=[(size, size) for size in detector.sizes])
    return lambda photos: lambda: exhaust(model.detect(cv2.imread(str(f))) for f in photos)


def session_of(detector: OnnxDetector, threads: int) -> Any:
    """A session of the same weights with so many threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(
        str(detector.network.file), options, providers=["CPUExecutionProvider"]
    )


def exhaust(work: Iterator[Any]) -> None:
    """Take everything, keep nothing."""
    for _ in work:
        pass


def timed(run: Run) -> tuple[float, float]:
    """Seconds on the wall, and of all processors together."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


def print_sizes(sizes: Mapping[str, Mapping[str, float]]) -> None:
    """The network alone, a line for each size and number of threads."""
    table = Table("detector", "input", "ms", title="the network alone, the fastest of its turns")
    for name, taken in sizes.items():
        for key, milliseconds in taken.items():
            table.add_row(name, key, f"{milliseconds:.1f}")
    Console().print(table)


def print_table(results: dict[str, dict[str, dict[str, float]]], photos: int, threads: int) -> None:
    """One line for each way of each detector."""
    table = Table(title=f"{photos} photos, {threads} threads, ms a photo")
    keys = {
        "min": "min",
        "median": "median",
        "cpu": "cpu",
        "ratio": "to bare",
        "cpu_ratio": "of cpu",
    }
    for column in ("detector", "way", *keys.values()):
        table.add_column(column, justify="left" if column in ("detector", "way") else "right")
    for name, ways in results.items():
        for way, taken in ways.items():
            table.add_row(name, way, *(f"{taken[key]:.2f}" for key in keys))
        table.add_section()
    Console().print(table)


if __name__ == "__main__":
    main()
