"""From the space bar to the next image on the screen: ``python -m benchmarks.label [--json]``.

A dataset of 100,000 rows, each an image of 12 megapixels with one proposed face, is labelled in
Debian's Chromium: 50 presses with a short look at each image in between, as people do, since the
next two images are fetched meanwhile. The files behind the rows are links to a few photos, of
which display copies are made as they are asked for. Milliseconds from the key's own time stamp

* ``painted``: until the frame with the next image was handed over by the page;
* ``on screen``: until the browser presented it, which it tells in steps of 8 ms.

With ``--photos`` real photos are taken as they are. Where ``streamlit-image-annotation`` is
installed (``--other PYTHON`` names a Python that has it) a click on its *next* is measured beside.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

import numpy as np
from PIL import Image as Pillow
from playwright.sync_api import sync_playwright

from curator.app.serve import ADDRESS, listen
from curator.imaging import decode
from curator.records import Face, FaceStatus, Origin
from curator.store import faces, images, runs
from curator.store.dataset import Dataset, create_dataset

REAL = Path(__file__).resolve().parents[2] / "shared/data/wider_val/images"
SIZE_WH = (4000, 3000)
WARM_UP = 5
LISTEN = """
window.pressed = [];
window.presented = [];
addEventListener("keydown", (event) => event.key === " " && pressed.push(event.timeStamp), true);
new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
  if (entry.name === "keydown") presented.push([entry.startTime, entry.duration]);
})).observe({type: "event", durationThreshold: 16});
"""
PAINTED = "performance.getEntriesByName('curator:painted')"

# A page of the other component: three images in turn, one box each.
OTHER = """
import sys
import streamlit as st
from streamlit_image_annotation import detection
paths = sys.argv[1:]
at = st.session_state.setdefault("at", 0)
detection(paths[at % len(paths)], label_list=["face"], bboxes=[[10, 10, 50, 60]], labels=[0],
          height=700, width=1000, key=f"image-{at}")
if st.button("next"):
    st.session_state["at"] += 1
    st.rerun()
"""
# Asks in every frame until the large canvas shows another colour in its middle.
OTHER_PAINTED = """
(before) => new Promise((resolve) => {
  const look = () => {
    for (const frame of document.querySelectorAll("iframe")) {
      const canvas = frame.contentDocument?.querySelector("canvas");
      if (!canvas?.width) continue;
      const x = canvas.width >> 1, y = canvas.height >> 1;
      const now = canvas.getContext("2d").getImageData(x, y, 1, 1).data.join();
      if (now !== before && !now.endsWith(",0")) return resolve([performance.now(), now]);
    }
    requestAnimationFrame(look);
  };
  look();
})
"""


def main() -> None:
    """Measure, print lines or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--presses", type=int, default=50)
    parser.add_argument("--look", type=float, default=0.6, help="seconds spent on an image")
    parser.add_argument("--photos", type=Path, help="a folder of photos to take as they are")
    parser.add_argument("--other", default=sys.executable, help="a Python with the other component")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        files = photos_in(options.photos) if options.photos else large_photos(Path(name))
        folder = Path(name) / "dataset"
        needed = options.presses + WARM_UP + 8
        with create_dataset(folder) as dataset:
            fill(dataset, files, options.rows, needed)
        figures: dict[str, Any] = {"rows": options.rows, "load": os.getloadavg()[0]}
        figures |= ours(folder, options.presses, options.look)
        figures |= theirs(options.other, files[:3], options.look)
    if options.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:36} {value:10.1f}" for name, value in figures.items()))


def photos_in(folder: Path) -> list[Path]:
    """The JPEGs of a folder."""
    return sorted(folder.rglob("*.jpg"))[:200]


def large_photos(folder: Path) -> list[Path]:
    """Four photos of 12 megapixels, real ones enlarged where there are any."""
    found = sorted(REAL.rglob("*.jpg"))[:40:10]
    pictures = [Pillow.open(file).convert("RGB") for file in found] or [
        Pillow.fromarray(np.random.default_rng(n).integers(0, 256, (60, 80, 3), np.uint8))
        for n in range(4)
    ]
    files = []
    for number, picture in enumerate(pictures):
        file = folder / f"{number}.jpg"
        picture.resize(SIZE_WH, Pillow.Resampling.BICUBIC).save(file, quality=92)
        files.append(file)
    return files


def fill(dataset: Dataset, files: Sequence[Path], rows: int, linked: int) -> None:
    """So many rows; behind the first of them are links to the files."""
    sizes = [decode(file.read_bytes()).shape[1::-1] for file in files[:linked]]
    with dataset.write() as connection:
        run = runs.begin(connection, kind="detect", method="benchmark", params={}, licence=None)
        records = [row(number, sizes[number % len(sizes)]) for number in range(rows)]
        ids = [image_id for image_id, _ in images.add(connection, records)]
        machine = {"origin": Origin.DETECTOR, "status": FaceStatus.PROPOSED, "run_id": run.id}
        box = (100.0, 80.0, 300.0, 330.0)
        faces.add(connection, [Face(box=box, score=0.9, image_id=i, **machine) for i in ids])
        images.propose(connection, ids, run.id)
        runs.finish(connection, run.id)
    for number in range(linked):
        place = dataset.blobs.path(records[number]["sha256"], "image/jpeg")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(files[number % len(files)], place)


def row(number: int, size_wh: tuple[int, int]) -> dict[str, Any]:
    """One image row."""
    return {
        "sha256": hashlib.sha256(str(number).encode()).hexdigest(),
        "phash": None,
        "width": size_wh[0],
        "height": size_wh[1],
        "mime": "image/jpeg",
        "name": f"{number:06}.jpg",
        "source": "folder",
        "url": f"file:///{number:06}.jpg",
        "fetched_at": datetime.now(UTC),
    }


def ours(folder: Path, presses: int, look: float) -> dict[str, float]:
    """The annotator."""
    program = [sys.executable, "-m", "curator", "app", "--no-browser", "--dataset", str(folder)]
    with serving([*program, "--port"]) as address, window() as page:
        page.add_init_script(LISTEN)
        page.goto(f"{address}/label")
        page.locator(".stage .world img").wait_for(timeout=60_000)
        for number in range(presses + WARM_UP):
            time.sleep(look)
            page.keyboard.press("Space")
            page.wait_for_function(f"() => {PAINTED}.length > {number + 1}", timeout=60_000)
        time.sleep(1)
        pressed = page.evaluate("pressed")[WARM_UP:]
        painted = page.evaluate(f"{PAINTED}.map((mark) => mark.startTime)")[WARM_UP + 1 :]
        presented = dict(page.evaluate("presented"))
    handed = [end - start for start, end in zip(pressed, painted, strict=True)]
    # The browser tells of the first frame after the key, which a late image is not in.
    screen = [
        max(there, presented.get(start, 16.0)) for start, there in zip(pressed, handed, strict=True)
    ]
    return summary("painted", handed) | summary("on screen", screen)


def theirs(python: str, files: Sequence[Path], look: float) -> dict[str, float]:
    """The usual component for Streamlit, where it is installed."""
    code = "import streamlit_image_annotation"
    if subprocess.run([python, "-c", code], check=False, capture_output=True).returncode:
        return {}
    with TemporaryDirectory() as name:
        script = Path(name) / "other.py"
        script.write_text(OTHER)
        program = [python, "-m", "streamlit", "run", str(script), "--server.headless", "true"]
        quiet = ["--browser.gatherUsageStats", "false", "--server.address", ADDRESS]
        quiet.append("--server.port")
        words = ["--", *map(str, files)]
        with serving([*program, *quiet], words) as address, window() as page:
            page.goto(address)
            page.get_by_role("button", name="next").wait_for(timeout=60_000)
            _, shown = page.evaluate(OTHER_PAINTED, "")
            taken = []
            for _ in range(12):
                time.sleep(look)
                start = page.evaluate("performance.now()")
                page.get_by_role("button", name="next").click()
                end, shown = page.evaluate(OTHER_PAINTED, shown)
                taken.append(end - start)
    return summary("streamlit-image-annotation", taken[2:])


def summary(name: str, taken: Sequence[float]) -> dict[str, float]:
    """Median and the 95th percentile."""
    return {
        f"{name}, median ms": statistics.median(taken),
        f"{name}, p95 ms": float(np.percentile(taken, 95)),
    }


@contextmanager
def serving(program: Sequence[str], words: Sequence[str] = ()) -> Iterator[str]:
    """Run a server at a free port, whose number ends the program; give its address."""
    with listen(0) as listener:
        port = listener.getsockname()[1]
    process = subprocess.Popen(
        [*program, str(port), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://{ADDRESS}:{port}"
    try:
        while process.poll() is None:
            with suppress(OSError), urlopen(f"{address}/_stcore/health", timeout=5):
                break
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait()


@contextmanager
def window() -> Iterator[Any]:
    """A browser window, 1440 x 900."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser.new_page(viewport={"width": 1440, "height": 900})
        browser.close()


if __name__ == "__main__":
    main()
