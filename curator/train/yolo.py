"""Train Ultralytics YOLO: its command line in its own environment, files in and files out.

Nothing of it is ever imported here. A run can be stopped and goes on from its last epoch; its
checkpoint is a pickle, so only one that was begun on this machine is given to Ultralytics again.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from curator.environments import YOLO, end, folder_of, python_of, variables_of
from curator.errors import ConfigError, InputError, RunError
from curator.progress import Progress
from curator.records import Sample
from curator.train import MODELS, Export, Judge, Trained, TrainOptions

if TYPE_CHECKING:
    from curator.train.events import Events

RESULTS, WEIGHTS, LAST = "results.csv", Path("weights/best.onnx"), Path("weights/last.pt")
_MARK, _ASKED, _ENDED = ".begun-here", ".asked.json", ".ended"
_GRACE = 30
# Ends with us even if we are killed: asked of Linux by number, PR_SET_PDEATHSIG and SIGTERM.
_LAUNCH = (
    "import os, sys\n"
    "if sys.platform == 'linux':\n"
    "    import ctypes\n"
    "    ctypes.CDLL(None).prctl(1, 15)\n"
    "os.execv(sys.argv[1], sys.argv[1:])\n"
)
_OURS = frozenset({"data", "model", "project", "name", "exist_ok", "resume", "task", "mode"})


def train_yolo(
    samples: Sequence[Sample],
    folder: Path,
    options: TrainOptions,
    *,
    judge: Judge,
    export: Export,
    progress: Progress,
) -> Trained:
    """See :class:`curator.train.Trainer`; Ultralytics judges by itself."""
    del judge
    python = python_of(YOLO)
    _check(samples, options)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as cause:
        raise RunError(f"{folder}: cannot be written ({cause.strerror})") from cause
    progress.begin("writing the dataset for Ultralytics", None)
    pose = options.task == "pose"
    export("yolo-pose" if pose else "yolo", folder / "data", options.classes == "identity")
    started = time.monotonic()
    _refuse_strange_pickles(folder)
    if not _is_finished(folder, options):
        _refuse_more(folder, options)
        _run(python, _training(folder, options), options, folder, progress)
        (folder / _ENDED).touch()
    if not (folder / WEIGHTS.with_suffix(".pt")).is_file():
        raise RunError(f"{folder}: Ultralytics has made no weights; its log tells why")
    _run(python, _exporting(folder), options, folder, None)
    if not (folder / WEIGHTS).is_file():
        raise RunError(f"{folder}: Ultralytics has exported no ONNX; its log tells why")
    rows = results(folder)
    return Trained(
        weights=folder / WEIGHTS,
        steps=len(rows),
        seconds=rows[-1].get("time", time.monotonic() - started) if rows else 0.0,
        photos=sum(sample.split == "train" for sample in samples),
        figures=figures(rows),
    )


def results(folder: Path) -> list[dict[str, float]]:
    """The rows of ``results.csv``, the numbers in them; none where there is no such table.

    A line that is still being written is left out; an epoch that was done again, because a run
    was killed before it could save it, counts once.

    Raises:
        RunError: if it is there and no table.
    """
    file = folder / RESULTS
    if not file.is_file():
        return []
    rows: dict[float, dict[str, float]] = {}
    try:
        whole = file.read_text(encoding="utf-8").rpartition("\n")[0]
        for number, row in enumerate(csv.DictReader(whole.splitlines()), 1):
            values = {(n or "").strip(): _number(v) for n, v in row.items()}
            told = {name: v for name, v in values.items() if math.isfinite(v)}
            rows[told.get("epoch", number)] = told
    except (OSError, UnicodeDecodeError, csv.Error) as cause:
        raise RunError(f"{file}: this is no table of a training run") from cause
    return list(rows.values())


def figures(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """What the last epoch says: precision, recall and mAP of boxes, and of points as ``(P)``."""
    if not rows:
        return {}
    last = rows[-1]
    told = {
        name.removeprefix("metrics/").removesuffix("(B)"): value
        for name, value in last.items()
        if name.startswith("metrics/")
    }
    return told | {name: value for name, value in last.items() if "loss" in name}


def _check(samples: Sequence[Sample], options: TrainOptions) -> None:
    if options.minutes is None and options.epochs is None:
        raise ConfigError("say how long to train: --minutes or --epochs")
    if options.recipe not in MODELS:
        raise ConfigError(f"unknown model {options.recipe!r}; known: {', '.join(MODELS)}")
    if options.task not in ("detect", "pose") or options.classes not in ("face", "identity"):
        raise ConfigError("the task is detect or pose, the classes are face or identity")
    if options.task == "pose" and options.recipe.startswith("yolov5"):
        raise ConfigError(f"Ultralytics has no {options.recipe} with points; take a newer model")
    theirs = _OURS & set(options.more)
    if theirs:
        raise ConfigError(f"{min(theirs)} is decided here and cannot be passed on")
    for split in ("train", "val"):
        chosen = [sample for sample in samples if sample.split == split]
        if not any(sample.faces for sample in chosen):
            raise InputError(f"no photo of the split {split} has a face; Ultralytics needs both")
    if options.classes == "identity" and not any(
        face.identity for sample in samples for face in sample.faces
    ):
        raise InputError("nobody in this release is known by name, so there are no classes")


def _refuse_strange_pickles(folder: Path) -> None:
    """Make sure that no checkpoint of somebody else is opened, to go on from or to export."""
    if any((folder / LAST.parent).glob("*.pt")) and not _begun_here(folder):
        raise RunError(
            f"{folder}: this run was not begun on this machine, and going on would run what "
            "its checkpoint contains; train with another seed, or take the folder away"
        )


def _refuse_more(folder: Path, options: TrainOptions) -> None:
    """A run that goes on keeps the length it was begun with, whatever Ultralytics is told then."""
    if (folder / LAST).is_file() and _is_longer(folder, options):
        raise RunError(
            f"{folder}: this run was begun for less, and Ultralytics cannot make it longer; "
            "train with another seed, or take the folder away"
        )


def _is_longer(folder: Path, options: TrainOptions) -> bool:
    """Whether more is asked for than when the run was begun; False where that is not known."""
    try:
        asked = json.loads((folder / _ASKED).read_text())
        begun = [math.inf if asked[n] is None else float(asked[n]) for n in ("epochs", "minutes")]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    wanted = [math.inf if n is None else n for n in (options.epochs, options.minutes)]
    return any(now > then for now, then in zip(wanted, begun, strict=True))


def _training(folder: Path, options: TrainOptions) -> list[str]:
    """The words for Ultralytics: begin, or go on from the last epoch."""
    if (folder / LAST).is_file():
        return ["train", "resume", f"model={folder / LAST}"]
    _begin_here(folder)
    length = {"epochs": options.epochs, "minutes": options.minutes}
    (folder / _ASKED).write_text(json.dumps(length))
    suffix = "-pose" if options.task == "pose" else ""
    device = {"auto": [], "cuda": ["device=0"]}.get(options.device, [f"device={options.device}"])
    # An end that is far away: minutes stop it before.
    epochs = 1000 if options.epochs is None else max(round(options.epochs), 1)
    hours = [] if options.minutes is None else [f"time={options.minutes / 60:.6f}"]
    batch = options.more.get("batch", "8")
    own = {
        "imgsz": "640",
        "batch": batch,
        "workers": "1",
        "pretrained": "False",
        "amp": "False",
        "plots": "False",
        "patience": "0",
    }
    if batch.isdigit():
        # A step of the optimizer each batch: gathering 64 photos, as they do, leaves a set of some
        # hundred photos a handful of steps an epoch.
        own["nbs"] = batch
    return [
        options.task,
        "train",
        f"model={options.recipe}{suffix}.yaml",
        f"data={folder / 'data' / 'data.yaml'}",
        f"epochs={epochs}",
        *hours,
        *device,
        f"seed={options.seed}",
        f"project={folder.parent}",
        f"name={folder.name}",
        "exist_ok=True",
        *(f"{name}={value}" for name, value in (own | dict(options.more)).items()),
    ]


def _exporting(folder: Path) -> list[str]:
    model = folder / WEIGHTS.with_suffix(".pt")
    # Simplifying wants one more package, and changes nothing for onnxruntime.
    simple = "simplify=False"
    return ["export", f"model={model}", "format=onnx", "dynamic=True", simple, "device=cpu"]


def _is_finished(folder: Path, options: TrainOptions) -> bool:
    """Whether it came to its end, or has as many epochs, or minutes, as are asked for."""
    rows = results(folder)
    if not rows or not (folder / WEIGHTS.with_suffix(".pt")).is_file():
        return False
    if (folder / _ENDED).is_file() and not _is_longer(folder, options):
        return True
    if options.minutes is not None:
        return rows[-1].get("time", 0.0) >= 60 * options.minutes * 0.98
    return options.epochs is not None and len(rows) >= options.epochs


def _run(
    python: Path,
    words: Sequence[str],
    options: TrainOptions,
    folder: Path,
    progress: Progress | None,
) -> None:
    """One command of Ultralytics, until it is over; what it says goes to our own output."""
    program = python.with_name("yolo")
    variables = variables_of(
        YOLO,
        YOLO_CONFIG_DIR=str(folder_of(YOLO) / "config"),
        OMP_NUM_THREADS=str(options.threads),
    )
    (folder_of(YOLO) / "config").mkdir(exist_ok=True)
    process = subprocess.Popen(
        [str(python), "-c", _LAUNCH, str(program), *words],
        cwd=folder,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
        stderr=subprocess.STDOUT,
    )
    try:
        if progress is not None:
            _watch(process, options, folder, progress)
        process.wait()
    finally:
        end(process, _GRACE)
    if process.returncode < 0:
        raise RunError(
            f"Ultralytics was killed by signal {-process.returncode}; start it again to go on "
            "from its last epoch"
        )
    if process.returncode:
        raise RunError(f"Ultralytics ended with status {process.returncode}; its log tells why")


def _watch(
    process: subprocess.Popen[bytes], options: TrainOptions, folder: Path, progress: Progress
) -> None:
    """Tell how far a training is, and TensorBoard of each row of its table, until it is over."""
    progress.begin("thousandths of the training", 1000)
    events = _events(folder, progress)
    began, shown, over = time.monotonic(), 0, False
    try:
        while not over:
            with suppress(subprocess.TimeoutExpired):
                process.wait(1.0)
            # Asked before the table is read: the last row is written before the end.
            over = process.poll() is not None
            with suppress(RunError):
                rows = results(folder)
                now = _permille(rows, options, time.monotonic() - began)
                progress.advance(max(now - shown, 0))
                shown = max(now, shown)
                if events is not None:
                    events.follow(rows)
    finally:
        if events is not None:
            events.close()


def _events(folder: Path, progress: Progress) -> Events | None:
    """TensorBoard's files, None where it is not installed: the table holds the same figures."""
    try:
        from curator.train.events import Events  # noqa: PLC0415 - an extra, and two seconds
    except ImportError:
        progress.advance(0, "no event files for TensorBoard: pip install 'curator[train]'")
        return None
    return Events(folder)


def _permille(rows: Sequence[Mapping[str, float]], options: TrainOptions, seconds: float) -> int:
    share = 0.0
    if options.minutes is not None:
        share = seconds / (60 * options.minutes)
    elif options.epochs is not None:
        share = len(rows) / options.epochs
    return min(int(1000 * share), 1000)


def _begun(folder: Path) -> Path:
    """Where this machine remembers that it began a run."""
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()
    return folder_of(YOLO) / "begun" / name


def _begin_here(folder: Path) -> None:
    token = secrets.token_hex(16)
    _begun(folder).parent.mkdir(exist_ok=True)
    _begun(folder).write_text(token)
    (folder / _MARK).write_text(token)


def _begun_here(folder: Path) -> bool:
    try:
        return secrets.compare_digest(_begun(folder).read_text(), (folder / _MARK).read_text())
    except (OSError, UnicodeDecodeError, TypeError):
        return False


def _number(text: object) -> float:
    try:
        return float(text) if isinstance(text, str) else math.nan
    except ValueError:
        return math.nan
