"""One server and one browser for all tests of the annotator; each test labels images of its own.

The images of a test have faces of an identity that no other test has, which the page's address
asks for. Nothing here knows the editor from inside: it is driven by keys and the pointer, and what
came of it is read from the database.
"""

from __future__ import annotations

import hashlib
import io
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image as Pillow
from playwright.sync_api import Page
from sqlalchemy import select

from curator.drawing import Pixels
from curator.records import Face, FaceStatus, Op, Origin, Step
from curator.store import faces, images, runs, schema, steps
from curator.store.dataset import Dataset, create_dataset

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SLOW = 120_000
# When an image has been painted that was shown before this was asked: after the next frame, and
# what follows it.
FRAME = "() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)))"
# Where the photo lies on the screen and its scale, once nothing moves any more: Streamlit draws
# what is above little by little, letters come late, and a sharper image takes the place of another.
RESTING = """
async (desk) => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
  const measure = () => {
    const image = desk.querySelector(".stage .world img");
    if (!image) return null;
    const box = image.getBoundingClientRect();
    return [box.x, box.y, box.width / image.offsetWidth];
  };
  const app = document.querySelector("[data-test-script-state]");
  let now = null, before = null, same = 0;
  while (same < 4) {
    await frame();
    now = measure();
    const calm = app.dataset.testScriptState === "notRunning" && document.fonts.status === "loaded";
    same = calm && now && String(now) === before ? same + 1 : 0;
    before = String(now);
  }
  return now;
}
"""
# Once the wheel has turned: the scale is another.
TURNED = """
async (world, scale) => {
  const now = () => world.firstElementChild.getBoundingClientRect().width /
    world.firstElementChild.offsetWidth;
  while (Math.abs(now() - scale) < 1e-9) await new Promise((done) => setTimeout(done, 5));
}
"""


def noise(name: str) -> Pixels:
    """400 x 300, dull colours."""
    seed = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)
    coarse = np.random.default_rng(seed).integers(80, 160, (12, 16, 1), np.uint8).repeat(3, axis=2)
    return np.asarray(Pillow.fromarray(coarse).resize((400, 300)))


def jpeg(shown: Pixels, turn: int) -> bytes:
    """A file that is displayed like this, its pixels stored another way up."""
    # EXIF 2.32, tag 0x0112: what has to be done to the stored pixels, here undone.
    stored = np.rot90(shown, {1: 0, 3: 2, 6: 1, 8: 3}[turn])
    exif = Pillow.Exif()
    exif[0x0112] = turn
    out = io.BytesIO()
    picture = Pillow.fromarray(np.ascontiguousarray(stored))
    picture.save(out, "JPEG", quality=95, subsampling=0, exif=exif)
    return out.getvalue()


@dataclass
class Server:
    """The app in a process of its own, at one port, which can be killed and started again."""

    dataset: Dataset
    command: Sequence[str]
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 120
        while not self.answers():
            assert self.process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def answers(self) -> bool:
        with suppress(OSError), urlopen(f"{self.address}/_stcore/health", timeout=5):
            return True
        return False

    def kill(self) -> None:
        """At once, as by a power cut."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    @staticmethod
    def face(*box: float, **more: Any) -> Face:
        """What a detector says of one face: five points about where a face has them."""
        x, y, right, bottom = box
        shares = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))
        points = tuple((x + a * (right - x), y + b * (bottom - y)) for a, b in shares)
        said = {"landmarks": points, "visibility": (2,) * 5, "scheme": "5", "score": 0.9}
        return Face(box=(x, y, right, bottom), **(said | more))

    def add(self, name: str, *found: Face, picture: Pixels | None = None, turn: int = 1) -> int:
        """An image with these proposals.

        Args:
            picture: As it is to be displayed; without one a small one that differs by its name.
            turn: The EXIF orientation of the file: 1, 3, 6 or 8.
        """
        shown = noise(name) if picture is None else picture
        data = jpeg(shown, turn) + name.encode()
        sha256 = hashlib.sha256(data).hexdigest()
        self.dataset.blobs.put(data, sha256, "image/jpeg")
        row = {
            "sha256": sha256,
            "phash": None,
            "width": shown.shape[1],
            "height": shown.shape[0],
            "mime": "image/jpeg",
            "name": name,
            "source": "folder",
            "url": f"file:///{name}",
            "fetched_at": AT,
        }
        with self.dataset.write() as connection:
            image_id = images.add(connection, [row])[0][0]
            run = runs.begin(connection, kind="detect", method=name, params={}, licence=None)
            machine = {"origin": Origin.DETECTOR, "status": FaceStatus.PROPOSED}
            whose = {"image_id": image_id, "run_id": run.id}
            faces.add(connection, [replace(face, **whose, **machine) for face in found])
            images.propose(connection, [image_id], run.id)
            runs.mark(connection, run.id, {image_id: None})
            runs.finish(connection, run.id)
        return image_id

    def faces(self, image_id: int) -> list[Face]:
        """What is stored."""
        with self.dataset.read() as connection:
            return list(faces.current(connection, [image_id])[image_id])

    def edits(self, *image_ids: int) -> list[tuple[int, str, Any]]:
        """Image, operation and new values of everything done to these, in the order stored."""
        edit = schema.edit.c
        query = select(edit.image_id, edit.op, edit.after).where(edit.image_id.in_(image_ids))
        with self.dataset.read() as connection:
            return [tuple(row) for row in connection.execute(query.order_by(edit.number))]

    def steps(self, image_id: int) -> list[Step]:
        """What was done to this image, in the order stored."""
        query = select(schema.edit.c.step).where(schema.edit.c.image_id == image_id)
        with self.dataset.read() as connection:
            ids = connection.execute(query.order_by(schema.edit.c.number)).scalars()
            found = [steps.get(connection, step_id) for step_id in dict.fromkeys(ids)]
        return [step for step in found if step is not None]

    def finished(self, *image_ids: int) -> list[int]:
        """Those of the images that were accepted, in the order in which that was stored."""
        return [image_id for image_id, op, _ in self.edits(*image_ids) if op == Op.DONE]


@dataclass
class Bench:
    """A window with the annotator in it."""

    page: Page
    server: Server
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))

    def open(self, view: str = "Images", **filters: str) -> None:
        self.page.goto(f"{self.server.address}/label?{urlencode({'view': view, **filters})}")
        self.page.locator(".desk").wait_for(timeout=SLOW)
        self.painted(since=0)
        self.page.locator("[data-test-script-state=notRunning]").wait_for(timeout=SLOW)

    def painted(self, since: int) -> int:
        """Wait until more than so many images were painted; how many there are now."""
        count = "performance.getEntriesByName('curator:painted').length"
        self.page.wait_for_function(f"(n) => {count} > n", arg=since, timeout=SLOW)
        return int(self.page.evaluate(count))

    def images_painted(self) -> int:
        return int(self.page.evaluate("performance.getEntriesByName('curator:painted').length"))

    def shown(self) -> str:
        """The name of the image in view."""
        return str(self.page.locator(".title").text_content())

    def see(self, name: str) -> None:
        """Wait until this image is in view, and can be worked on."""
        self.page.locator(".title", has_text=name).wait_for(timeout=SLOW)
        self.page.evaluate(FRAME)

    def keys(self, *names: str) -> None:
        for name in names:
            self.page.keyboard.press(name)

    def saved(self) -> None:
        """Wait until everything is stored."""
        self.page.locator('.mark[data-unsaved="0"]').wait_for(timeout=SLOW)

    def state(self, state: str) -> None:
        self.page.locator(f".mark[data-state={state}]").wait_for(timeout=SLOW)

    def told(self, text: str) -> None:
        """Wait until this was said below the image."""
        self.page.locator(".said", has_text=text).wait_for(timeout=SLOW)

    def view(self) -> tuple[float, float, float]:
        """Where the photo comes to lie on the screen: left, top, and the scale."""
        left, top, scale = self.page.locator(".desk").evaluate(RESTING)
        return left, top, scale

    def zoom(self, to: float) -> None:
        """Turn the wheel until a pixel of the photo has so many of the screen, CSS pixels."""
        for _ in range(20):
            scale = self.view()[2]
            if abs(to / scale - 1) < 1e-3:
                return
            self.page.mouse.wheel(0, -np.log(to / scale) / 0.0018)
            self.page.locator(".stage .world").evaluate(TURNED, scale)
        raise AssertionError(f"zoom is {self.view()[2]}, not {to}")

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """With the left button, between two places of the photo."""
        left, top, scale = self.view()
        self.page.mouse.move(left + start[0] * scale, top + start[1] * scale)
        self.page.mouse.down()
        self.page.mouse.move(left + end[0] * scale, top + end[1] * scale, steps=4)
        self.page.mouse.up()

    def find(self, colour: tuple[int, int, int]) -> tuple[float, float]:
        """Where the middle of a spot of this colour is in the image on the screen, CSS pixels."""
        self.view()
        ratio = self.page.evaluate("devicePixelRatio")
        stage = self.page.locator(".stage")
        box = stage.bounding_box()
        shot = np.asarray(Pillow.open(io.BytesIO(stage.screenshot())).convert("RGB"), int)
        rows, columns = np.nonzero(np.abs(shot - colour).max(axis=2) < 60)
        assert len(rows), f"nothing of colour {colour} is in view"
        x, y = (columns.mean() + 0.5) / ratio, (rows.mean() + 0.5) / ratio
        return box["x"] + x, box["y"] + y

    def point(self, x: float, y: float) -> None:
        """Move the pointer to a place of the photo."""
        left, top, scale = self.view()
        self.page.mouse.move(left + x * scale, top + y * scale)


@pytest.fixture(scope="session")
def server(apps: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("annotator") / "faces"
    with create_dataset(folder) as dataset:
        port = apps.free_port()
        server = Server(dataset, apps.command(folder, port), port)
        server.start()
        yield server
        server.kill()


@pytest.fixture(scope="session")
def browser(playwright: Any, chromium: str) -> Iterator[Any]:
    args = ["--no-sandbox", "--disable-background-networking"]
    browser = playwright.chromium.launch(executable_path=chromium, args=args)
    yield browser
    browser.close()


@pytest.fixture
def windows(browser: Any, server: Server) -> Callable[..., AbstractContextManager[Bench]]:
    """Opens windows of people who know nothing of each other."""

    @contextmanager
    def window(**more: Any) -> Iterator[Bench]:
        context = browser.new_context(**({"viewport": {"width": 1440, "height": 900}} | more))
        context.set_default_timeout(SLOW)
        try:
            bench = Bench(context.new_page(), server)
            yield bench
            assert bench.wrong == []
        finally:
            context.close()

    return window


@pytest.fixture
def bench(windows: Callable[..., AbstractContextManager[Bench]]) -> Iterator[Bench]:
    """One window."""
    with windows() as bench:
        yield bench
