"""Photograph what comes after a release for the documents: ``python docs/screenshots_loop.py``.

Writes ``docs/images/loop-*.jpg``: training, judging, reviewing and the jobs that do it, all of them
real, on crowds made of two portraits in the public domain. Needs what ``screenshots.py`` needs,
the ``train`` extra, and FiftyOne's environment. ``--look FOLDER`` writes every page as PNG into a
folder instead, as it is at 1440 and at 800 pixels, for the one who changes a page.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageEnhance, ImageOps
from playwright.sync_api import expect
from screenshots import IMAGES, browser, serving, settle
from screenshots_label import package

from curator.jobs import start as jobs_start
from curator.pipeline.annotate import DetectRequest, detect
from curator.pipeline.duplicates import DuplicatesRequest, find_duplicates
from curator.pipeline.ingest import CollectRequest, collect
from curator.pipeline.release import Selection, SplitOptions, release
from curator.progress import Silent
from curator.records import Job, RunStatus
from curator.store import jobs
from curator.store.dataset import Dataset, create_dataset, open_dataset

HEIGHT = 1000
# To look at a page as far as it goes: Streamlit scrolls inside of the window.
WHOLE = 2000
CROWDS = 12
WAIT = 300_000
# Name of the file -> page, and the tab to open on it.
PAGES = {
    "train": ("train", None),
    "evaluate": ("evaluate", None),
    "mistakes": ("evaluate", "Mistakes"),
    "slices": ("evaluate", "Slices"),
    "next": ("evaluate", "What next"),
    "jobs": ("jobs", None),
}


def main() -> None:
    """Make the runs, take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--look", type=Path, help="a folder for PNG at two widths")
    look = parser.parse_args().look
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as profile:
        with crowds(Path(name)) as dataset:
            work(dataset)
        with (
            serving(Path(name) / "crowds") as address,
            browser(profile) as window,
            ending(Path(name) / "crowds"),
        ):
            for width in (1440, 800) if look else (1440,):
                window.set_viewport_size({"width": width, "height": WHOLE if look else HEIGHT})
                for shot in shots(window, address):
                    if look:
                        look.mkdir(parents=True, exist_ok=True)
                        window.screenshot(path=look / f"{shot}-{width}.png")
                    else:
                        place = IMAGES / f"loop-{shot}.jpg"
                        window.screenshot(path=place, type="jpeg", quality=82)


def shots(window: Any, address: str) -> Iterator[str]:
    """Each page in turn, as it is to be photographed."""
    for name, (page, tab) in PAGES.items():
        window.goto(f"{address}/{page}")
        if tab is not None:
            window.get_by_role("tab", name=tab).click()
        drawn(window)
        yield name
    window.goto(f"{address}/review")
    start = window.get_by_role("button", name="Show it in FiftyOne")
    start.wait_for()
    # FiftyOne tells its page about changes over a connection that never ends: no waiting for the
    # network to fall silent from here on.
    window.wait_for_timeout(5000)
    shown = window.locator("iframe[src^='http']")
    if not shown.count():
        start.click()
        shown.wait_for(timeout=WAIT)
    shown.content_frame.get_by_text("6 samples").wait_for(timeout=WAIT)
    # Pictures with what is drawn over them, and what its makers offer.
    window.wait_for_timeout(15_000)
    offer = shown.content_frame.get_by_role("button", name="Dismiss")
    if offer.is_visible():
        offer.click()
        offer.wait_for(state="hidden")
    yield "review"


def drawn(window: Any) -> None:
    """Wait until nothing on the page is still to come, also on a busy machine."""
    settle(window)
    coming = window.locator("[data-testid=stSkeleton],[data-testid=stStatusWidget]")
    expect(coming).to_have_count(0, timeout=WAIT)
    settle(window)


def crowds(folder: Path) -> Dataset:
    """Crowds, their faces as our detector finds them at full size."""
    photos = folder / "photos"
    photos.mkdir()
    portraits = [
        Image.open(package("skimage") / "data/astronaut.png").convert("RGB"),
        Image.open(package("matplotlib") / "mpl-data/sample_data/grace_hopper.jpg").convert("RGB"),
    ]
    for number in range(CROWDS):
        crowd(portraits, number).save(photos / f"crowd-{number + 1:02}.jpg", quality=92)
    dataset = create_dataset(folder / "crowds")
    freely = "public domain"
    collect(dataset, CollectRequest(source="folder", target=str(photos), licence=freely), Silent())
    detect(dataset, DetectRequest(), Silent())
    shares = SplitOptions(shares={"train": 0.5, "val": 0.5, "test": 0.0})
    release(dataset, "v1", Selection(), shares, Silent())
    # Looks of faces, for FiftyOne's plot. Before the release it would keep all crowds together.
    find_duplicates(dataset, DuplicatesRequest(), Silent())
    return dataset


def crowd(portraits: list[Image.Image], seed: int) -> Image.Image:
    """Portraits in rows, each another size, another brightness, half of them mirrored."""
    rng = np.random.default_rng(seed)
    columns, rows, cell = (int(rng.integers(*ends)) for ends in ((3, 9), (2, 6), (60, 200)))
    made = Image.new("RGB", (columns * cell, rows * cell), "#777777")
    for row in range(rows):
        for column in range(columns):
            one = portraits[rng.integers(len(portraits))]
            one = ImageOps.mirror(one) if rng.random() < 0.5 else one
            side = int(cell * rng.uniform(0.5, 1.0))
            one = ImageOps.fit(one, (side, side), centering=(0.5, 0.2))
            one = ImageEnhance.Brightness(one).enhance(rng.uniform(0.4, 1.4))
            made.paste(one, (column * cell, row * cell))
    return made


def work(dataset: Dataset) -> None:
    """Train, and judge what was trained beside our own detector, as jobs like those of the app."""
    trained = {"trainer": "retinaface", "release": "v1", "recipe": "modern", "epochs": 120}
    done(dataset, jobs_start.start(dataset, "train", trained))
    for detector, more in (("run:retinaface-v1-modern-0", {}), ("curator", {"size": 320})):
        params = {"release": "v1", "detector": detector, "count_proposals": True, **more}
        done(dataset, jobs_start.start(dataset, "evaluate", params))


@contextmanager
def ending(folder: Path) -> Iterator[None]:
    """Stop FiftyOne and its database before their folder goes."""
    try:
        yield
    finally:
        with open_dataset(folder) as dataset:
            for job in jobs_start.recent(dataset, task="review"):
                if job.status is RunStatus.RUNNING:
                    jobs_start.cancel(dataset, job.id)
                    over(dataset, job.id)


def done(dataset: Dataset, job_id: int) -> None:
    """Wait for a job that has to succeed."""
    job = over(dataset, job_id)
    if job.status is not RunStatus.DONE:
        raise SystemExit(f"{job.task}: {job.message}")


def over(dataset: Dataset, job_id: int) -> Job:
    """Wait for a job, however it ends."""
    while True:
        with dataset.read() as connection:
            job = jobs.get(connection, job_id)
        if job.status not in (RunStatus.QUEUED, RunStatus.RUNNING):
            return job
        time.sleep(1)


if __name__ == "__main__":
    main()
