"""Photograph the running app for the documents: ``python docs/screenshots.py [DATASET]``.

Takes the dataset of the demo, whose photos may be shown (``curator demo --no-app`` makes it), and
writes ``docs/images/app-*.jpg``. Needs the ``test`` extra and Debian's chromium.
"""

from __future__ import annotations

import argparse
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

IMAGES = Path(__file__).parent / "images"
WIDTH = 1440
# Name of the file -> page, height of the window, colour scheme.
PAGES = {
    "overview": ("", 900, "light"),
    "collect": ("collect", 940, "light"),
    "browse": ("browse", 1000, "light"),
    "image": ("browse?name=t1.jpg", 900, "dark"),
    "release": ("release", 1080, "light"),
}


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", nargs="?", type=Path, default=Path("datasets/demo"))
    dataset = parser.parse_args().dataset
    IMAGES.mkdir(exist_ok=True)
    with (
        serving(dataset) as address,
        tempfile.TemporaryDirectory() as profile,
        browser(profile) as window,
    ):
        for name, (page, height, scheme) in PAGES.items():
            window.set_viewport_size({"width": WIDTH, "height": height})
            window.emulate_media(color_scheme=scheme)
            window.goto(f"{address}/{page}")
            if name == "image":
                window.get_by_role("button", name="t1.jpg").click()
                window.get_by_text("Where it came from").wait_for()
            settle(window)
            window.screenshot(path=IMAGES / f"app-{name}.jpg", type="jpeg", quality=82)


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
