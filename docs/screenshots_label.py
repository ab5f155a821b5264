"""Photograph the annotator at work for the documents: ``python docs/screenshots_label.py``.

Writes ``docs/images/label-*.jpg``, of the one portrait of the demo that is in the public domain
and of a crowd made of it. Needs what ``screenshots.py`` needs.
"""

from __future__ import annotations

import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from PIL import Image, ImageEnhance, ImageOps
from screenshots import IMAGES, browser, serving, settle

from curator.pipeline.annotate import DetectRequest, detect
from curator.pipeline.correct import Save, save
from curator.pipeline.editing import Change
from curator.pipeline.ingest import CollectRequest, collect
from curator.progress import Silent
from curator.records import Op, Role, User
from curator.store import faces, images
from curator.store.dataset import Dataset, create_dataset
from curator.store.images import ImageFilter

SIZE = {"width": 1440, "height": 900}
COLUMNS, ROWS, CELL = 8, 5, 260


def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as profile:
        folder = Path(name)
        create_dataset(folder / "empty").close()
        with people(folder) as dataset, browser(profile) as window:
            window.set_viewport_size(SIZE)
            with serving(folder / "empty") as address:
                window.goto(f"{address}/label")
                window.get_by_text("Nothing to label yet").wait_for()
                take(window, "empty")
            with serving(folder / "people") as address:
                work(window, address, dataset)


def people(folder: Path) -> Dataset:
    """A dataset of the astronaut, as she is and forty times."""
    photos = folder / "photos"
    photos.mkdir()
    portrait = Image.open(package("skimage") / "data/astronaut.png").convert("RGB")
    portrait.save(photos / "astronaut.png")
    crowd(portrait).save(photos / "crowd.jpg", quality=92)
    dataset = create_dataset(folder / "people")
    freely = "public domain (NASA)"
    request = CollectRequest(source="folder", target=str(photos), licence=freely)
    collect(dataset, request, Silent())
    detect(dataset, DetectRequest(), Silent())
    return dataset


def crowd(portrait: Image.Image) -> Image.Image:
    """Forty of her, no two alike."""
    chance = np.random.default_rng(7)
    sheet = Image.new("RGB", (COLUMNS * CELL, ROWS * CELL))
    for place in range(COLUMNS * ROWS):
        side = int(chance.integers(190, 260))
        left, top = int(chance.integers(110, 150)), int(chance.integers(0, 30))
        one = portrait.rotate(float(chance.uniform(-14, 14)), Image.Resampling.BICUBIC)
        one = one.crop((left, top, left + side, top + side)).resize((CELL, CELL))
        one = ImageEnhance.Brightness(one).enhance(float(chance.uniform(0.55, 1.25)))
        one = ImageEnhance.Color(one).enhance(float(chance.uniform(0, 1.3)))
        if chance.random() < 0.5:
            one = ImageOps.mirror(one)
        sheet.paste(one, (place % COLUMNS * CELL, place // COLUMNS * CELL))
    return sheet


def work(window: Any, address: str, dataset: Dataset) -> None:
    """One image after the other, as people meet them."""
    window.goto(f"{address}/label")
    see(window, "astronaut.png")
    window.mouse.move(560, 420)
    window.keyboard.press("b")
    take(window, "one")
    window.emulate_media(color_scheme="dark")
    window.keyboard.press("m")
    take(window, "dark")
    window.emulate_media(color_scheme="light")
    window.keyboard.press("?")
    take(window, "keys")
    window.keyboard.press("Escape")
    disagree(window, dataset)
    window.keyboard.press("Space")
    see(window, "crowd.jpg")
    take(window, "forty")
    window.set_viewport_size({"width": 800, "height": 1000})
    take(window, "narrow")
    window.set_viewport_size(SIZE)
    window.context.set_offline(True)
    for key in ("b", "e", "o", "e", "x"):
        window.keyboard.press(key)
    window.locator(".mark[data-state=waiting]").wait_for()
    window.keyboard.press("f")
    take(window, "offline")
    window.context.set_offline(False)
    window.locator(".mark[data-unsaved='0']").wait_for()
    window.goto(f"{address}/label?view=Faces")
    window.locator(".crops li").first.wait_for()
    settle(window)
    for digit in ("4", "9", "1", "7"):
        window.keyboard.press(digit)
    take(window, "grid")


def disagree(window: Any, dataset: Dataset) -> None:
    """Somebody else moves an edge of the same face meanwhile."""
    with dataset.read() as connection:
        (image,) = images.find(connection, ImageFilter(text="astronaut"))
        (face,) = faces.current(connection, [image.id])[image.id]
    left, top, right, bottom = face.box
    box = [left - 12, top - 30, right + 6, bottom]
    moved = Change(id=str(uuid4()), face=face.id or 0, op=Op.BOX, after={"box": box})
    bo = User(name="Bo", role=Role.LABELLER)
    step = str(uuid4())
    save(dataset, bo, Save(image_id=image.id, version=image.version, step=step, changes=(moved,)))
    window.mouse.move(760, 640)
    window.keyboard.press("s")
    window.get_by_role("dialog").wait_for()
    take(window, "conflict")
    window.keyboard.press("m")
    window.keyboard.press("Enter")
    window.get_by_role("dialog").wait_for(state="detached")


def see(window: Any, name: str) -> None:
    """Wait until this image is in view."""
    window.locator(".title", has_text=name).wait_for()
    settle(window)


def take(window: Any, name: str) -> None:
    """One picture."""
    window.wait_for_timeout(700)
    window.screenshot(path=IMAGES / f"label-{name}.jpg", type="jpeg", quality=82)


def package(name: str) -> Path:
    """The folder of an installed package."""
    return Path(str(import_module(name).__file__)).parent


if __name__ == "__main__":
    main()
