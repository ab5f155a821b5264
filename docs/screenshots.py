"""Photograph the running app for the documents: ``python docs/screenshots.py``.

Makes a small dataset of those photos of the demo that anyone may show, and writes
``docs/images/app-*.jpg``. Needs the ``test`` extra, Debian's chromium, and a detector.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from playwright.sync_api import sync_playwright

from curator.app.serve import ADDRESS, listen
from curator.cli.demo_site import build
from curator.pipeline.annotate import DetectRequest, detect
from curator.pipeline.ingest import CollectRequest, collect
from curator.pipeline.release import Selection, SplitOptions, release
from curator.progress import Silent
from curator.store.dataset import create_dataset

IMAGES = Path(__file__).parent / "images"
WIDTH = 1440
# Name of the file -> page, height of the window, colour scheme.
PAGES = {
    "overview": ("", 900, "light"),
    "collect": ("collect", 940, "light"),
    "browse": ("browse", 1000, "light"),
    "image": ("browse?name=astronaut.png", 900, "dark"),
    "release": ("release", 1080, "light"),
}


def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(photographs(Path(folder))) as address,
        tempfile.TemporaryDirectory() as profile,
        browser(profile) as window,
    ):
        for name, (page, height, scheme) in PAGES.items():
            window.set_viewport_size({"width": WIDTH, "height": height})
            window.emulate_media(color_scheme=scheme)
            window.goto(f"{address}/{page}")
            if name == "image":
                window.get_by_role("button", name="astronaut.png").click()
                window.get_by_text("Where it came from").wait_for()
            settle(window)
            window.screenshot(path=IMAGES / f"app-{name}.jpg", type="jpeg", quality=82)


def photographs(folder: Path) -> Path:
    """A dataset of what scikit-image brings, which its owners gave to everyone."""
    site = build(folder / "site")
    for other in ("t1.jpg", "t1-again.jpg", "Tom_Hanks_54745.png"):
        (site / "people" / other).unlink()
    with create_dataset(folder / "photographs") as dataset:
        listener = Silent()
        freely = "CC0 or public domain"
        collect(
            dataset, CollectRequest(source="folder", target=str(site), licence=freely), listener
        )
        detect(dataset, DetectRequest(), listener)
        release(dataset, "v1", Selection(), SplitOptions(), listener)
    return folder / "photographs"


def settle(window: Any) -> None:
    """Wait until everything is loaded and drawn."""
    window.wait_for_load_state("networkidle")
    window.wait_for_timeout(2500)


@contextmanager
def serving(dataset: Path) -> Iterator[str]:
    """Run the app in a process of its own; give its address."""
    with listen(0) as listener:
        port = listener.getsockname()[1]
    program = [sys.executable, "-c", "import curator.cli as c; c.main()"]
    options = ["app", "--no-browser", "--dataset", str(dataset), "--port", str(port)]
    process = subprocess.Popen([*program, *options])
    address = f"http://{ADDRESS}:{port}"
    try:
        while not answers(address) and process.poll() is None:
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait()


def answers(address: str) -> bool:
    """Whether the app is there."""
    try:
        with urlopen(f"{address}/_stcore/health"):  # noqa: S310 - our own address
            return True
    except OSError:
        return False


@contextmanager
def browser(profile: str) -> Iterator[Any]:
    """A window without a frame, in a profile of its own."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-background-networking"],
        )
        yield chromium.pages[0]
        chromium.close()


if __name__ == "__main__":
    main()
