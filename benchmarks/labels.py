"""Labels in, labels out, beside datumaro: ``python -m benchmarks.labels WIDER_FOLDER``.

WIDER FACE labels with their photos are read and written as COCO by both, in turn, each time in
a process of its own that times its work after the imports. Ours also hashes every image, keeps
its bytes, and freezes a release in between; the time of that is given apart.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

OURS = """
import json, sys, time
from pathlib import Path
from curator.pipeline.export import export
from curator.pipeline.labels import ImportOptions, import_labels
from curator.pipeline.release import Selection, SplitOptions, release
from curator.formats import coco, wider
from curator.progress import Silent
from curator.store.dataset import create_dataset
images, gt, out = map(Path, sys.argv[1:])
with create_dataset(out / "dataset") as dataset:
    clock = [time.perf_counter()]
    import_labels(dataset, "wider", gt, images, options=ImportOptions(), progress=Silent())
    clock.append(time.perf_counter())
    release(dataset, "v1", Selection(), SplitOptions(), Silent())
    clock.append(time.perf_counter())
    export(dataset, "v1", "coco", out / "coco", progress=Silent())
    clock.append(time.perf_counter())
steps = [b - a for a, b in zip(clock, clock[1:])]
print(json.dumps({"import_and_export": steps[0] + steps[2], "release": steps[1]}))
"""

THEIRS = """
import json, sys, time
import datumaro
root, out = sys.argv[1:]
started = time.perf_counter()
dataset = datumaro.Dataset.import_from(root, "wider_face")
dataset.export(out, "coco", save_media=True)
print(json.dumps({"import_and_export": time.perf_counter() - started}))
"""


def main() -> None:
    """Run both in turn and print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        default=Path("../shared/data/train/wider"),
        help="Holds the event folders and one *_bbx_gt.txt.",
    )
    parser.add_argument("--datumaro", help="A Python that has datumaro; left out without it.")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    (gt,) = args.folder.glob("*_bbx_gt.txt")
    ours, theirs = [], []
    with TemporaryDirectory() as name:
        root = _their_layout(args.folder, gt, Path(name) / "theirs")
        for turn in range(args.repeat):
            out = Path(name) / f"{turn}"
            ours.append(_timed(sys.executable, OURS, args.folder, gt, out))
            if args.datumaro:
                theirs.append(_timed(args.datumaro, THEIRS, root, out / "datumaro"))
            shutil.rmtree(out)
    figures = {
        "curator import and export, s": _median(ours, "import_and_export"),
        "curator release between them, s": _median(ours, "release"),
    }
    if theirs:
        figures["datumaro import and export, s"] = _median(theirs, "import_and_export")
        figures["ratio"] = figures["curator import and export, s"] / _median(
            theirs, "import_and_export"
        )
    print(
        json.dumps(figures)
        if args.json
        else "\n".join(f"{k:34} {v:.2f}" for k, v in figures.items())
    )


def _timed(python: str, code: str, *words: Path) -> dict[str, float]:
    command = [python, "-c", code, *(str(word.resolve()) for word in words)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _median(runs: list[dict[str, float]], name: str) -> float:
    return statistics.median(run[name] for run in runs)


def _their_layout(folder: Path, gt: Path, root: Path) -> Path:
    """The folders datumaro expects, made of links."""
    (root / "wider_face_split").mkdir(parents=True)
    (root / "WIDER_train").mkdir()
    (root / "WIDER_train" / "images").symlink_to(folder.resolve())
    shutil.copyfile(gt, root / "wider_face_split" / "wider_face_train_bbx_gt.txt")
    return root


if __name__ == "__main__":
    main()
