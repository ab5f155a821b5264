"""The pages in a real browser: a newcomer walks the loop, and nothing leaves this machine."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image as Pillow
from playwright.sync_api import expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from curator.collect import SOURCES
from curator.drawing import POINTS
from curator.records import Face
from curator.store import images, labelling

pytestmark = pytest.mark.browser

HOSTILE = "z <img src=x onerror=alert(1)> **b**.jpg"
# The names under the pictures of a grid, which stands in a shadow root.
NAMES = """
() => [...document.querySelectorAll("*")].filter((e) => e.shadowRoot)
  .flatMap((e) => [...e.shadowRoot.querySelectorAll("li .name")].map((n) => n.textContent))
"""
# The title of the tile that has the keyboard.
FOCUSED = """
() => {
  let at = document.activeElement;
  while (at && at.shadowRoot) at = at.shadowRoot.activeElement;
  return at ? at.title : null;
}
"""
PICTURES = """
[document, ...[...document.querySelectorAll("*")].map((e) => e.shadowRoot)]
  .filter(Boolean).flatMap((root) => [...root.querySelectorAll("img")])
  .filter((image) => image.src && image.checkVisibility())
"""
# A picture far below is fetched once somebody scrolls there.
THERE = f"""
() => {PICTURES}.every((image) =>
  image.complete || (image.loading === "lazy" && image.getBoundingClientRect().top > innerHeight))
"""
BROKEN = f"""
() => {PICTURES}.filter((image) => image.complete && image.naturalWidth === 0)
  .map((image) => image.src)
"""
# The camera has begun: before its first picture all is black.
FILMED = """
() => {
  const video = document.querySelector("video");
  if (!video?.videoWidth) return false;
  const context = new OffscreenCanvas(32, 32).getContext("2d");
  context.drawImage(video, 0, 0, 32, 32);
  const pixels = new Uint32Array(context.getImageData(0, 0, 32, 32).data.buffer);
  return new Set(pixels).size > 1;
}
"""
STILL = "() => document.getAnimations().every((one) => one.playState !== 'running')"
FITS = "() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"
SLOW = 120


class Window:
    """A page with everything that went wrong in it."""

    def __init__(self, page: Any, port: int) -> None:
        self.page = page
        self.port = port
        self.wrong: list[str] = []
        self.asked = self.answered = 0
        page.set_default_timeout(1000 * SLOW)
        page.on("websocket", self._connected)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("dialog", lambda dialog: self.wrong.append(f"dialog: {dialog.message}"))
        page.on("request", self._asked)

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.wrong.append(f"console: {message.text}")

    def _asked(self, request: Any) -> None:
        url = urlsplit(request.url)
        inside = url.scheme in ("data", "blob") or url.netloc == f"127.0.0.1:{self.port}"
        if not inside:
            self.wrong.append(f"request: {request.url}")

    def _connected(self, socket: Any) -> None:
        """How often the page asked to be drawn anew as a whole, and how often it was."""
        socket.on("framesent", self._sent)
        socket.on("framereceived", self._received)

    def _sent(self, frame: bytes) -> None:
        said = BackMsg.FromString(frame)
        if said.HasField("rerun_script") and not said.rerun_script.fragment_id:
            self.asked += 1

    def _received(self, frame: bytes) -> None:
        said = ForwardMsg.FromString(frame)
        done = said.HasField("script_finished")
        if done and said.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            self.answered = self.asked

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until this holds, which is looked at again and again."""
        deadline = time.monotonic() + SLOW
        while not holds():
            assert time.monotonic() < deadline
            self.page.wait_for_timeout(50)

    @contextmanager
    def redrawn(self) -> Iterator[None]:
        """What is done here has the page drawn anew, which closes whatever has just been opened."""
        before = self.asked
        yield
        self.until(lambda: self.answered == self.asked > before)
        self.page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()

    def check(self) -> None:
        """Nothing went wrong, every picture is there, nothing is wider than the window."""
        self.page.wait_for_function(THERE)
        assert self.page.evaluate(BROKEN) == []
        self.page.wait_for_function(FITS)
        assert self.wrong == []

    def see_dot(self, x: float, y: float, colour: tuple[int, int, int]) -> None:
        """Wait until a dot of this colour is at this part, 0..1, of the large photo, in view."""

        def there() -> bool:
            # In one go: the page may put another element in its place at any time.
            stage = self.page.locator(".stage").evaluate("e => e.getBoundingClientRect().toJSON()")
            shot = Pillow.open(io.BytesIO(self.page.screenshot())).convert("RGB")
            left, top = stage["x"] + x * stage["width"], stage["y"] + y * stage["height"]
            around = np.asarray(shot.crop((left - 4, top - 4, left + 5, top + 5)), int)
            return bool((np.abs(around - colour).max(axis=2) < 24).sum() >= 8)

        self.until(there)

    def go(self, name: str) -> None:
        """By the navigation at the top."""
        with self.redrawn():
            self.page.get_by_role("link", name=name, exact=True).first.click()

    def unfold(self, text: str) -> None:
        """Open what is folded, and wait until it lies still: what moves closes its lists."""
        self.page.get_by_text(text).click()
        self.page.wait_for_function(STILL)

    def choose(self, label: str, option: str) -> None:
        """One of the options of a list."""
        self.page.get_by_label(label, exact=True).click()
        self.page.get_by_role("option", name=option, exact=True).click()

    def fill(self, label: str, text: str) -> None:
        """Write into a field, and go on to the next."""
        field = self.page.get_by_label(label, exact=True).last
        field.fill(text)
        field.press("Tab")

    def press(self, name: str) -> None:
        """A button by its name."""
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def see(self, text: str) -> None:
        """Wait until this is on the page."""
        self.page.get_by_text(text).first.wait_for()

    def see_focused(self, title: str) -> None:
        """Wait until the tile of this title has the keyboard."""
        # A function: of an expression each further look is an eval, which the page forbids.
        self.page.wait_for_function(f"(title) => ({FOCUSED})() === title", arg=title)

    def see_names(self, *names: str) -> None:
        """Wait until the grid shows exactly these."""
        self.page.wait_for_function(
            f"(names) => JSON.stringify(({NAMES})()) === JSON.stringify(names)",
            arg=list(names),
        )


@pytest.fixture
def window(
    studio: Any, apps: Any, tmp_path: Path, playwright: Any, chromium: str
) -> Iterator[Window]:
    folder = studio.dataset.folder
    with apps.running(folder) as running:
        browser = playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=chromium,
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                # A camera that shows a moving picture, and that nobody is asked about.
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
            ],
            viewport={"width": 1440, "height": 900},
        )
        yield Window(browser.pages[0], running.port)
        browser.close()
    assert running.said.count("\n") == 1, running.said


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (800, "dark")])
def test_every_page_is_whole_and_asks_nobody_else(
    filled: Any, window: Window, width: int, scheme: Any
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    image_id = filled.add(HOSTILE, noise)
    points = ((30.0, 30.0), (60.0, 30.0), (45.0, 45.0), (35.0, 60.0), (55.0, 60.0))
    face = {"landmarks": points, "visibility": (2, 2, 2, 1, 2), "scheme": "5"}
    filled.propose({image_id: [Face(box=(20, 20, 70, 80), score=0.9, identity=HOSTILE, **face)]})
    page = window.page
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"http://127.0.0.1:{window.port}/")
    window.see("Newest images")
    window.check()
    page.get_by_role("button", name="e.jpg").click()
    window.see("https://example.org/page")
    window.go("Collect")
    window.see("Bring images in")
    window.see("refused: truncated")
    window.check()
    window.go("Release")
    window.see("Make a release")
    window.check()
    window.go("Browse")
    window.see_names("a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", HOSTILE)
    window.check()
    # The keyboard alone: into the grid, to the last picture, look, choose its face, and back.
    page.get_by_role("button", name="a.jpg").focus()
    page.keyboard.press("End")
    window.see_focused(HOSTILE)
    page.keyboard.press("Enter")
    window.see("Where it came from")
    window.check()
    for place, (x, y) in zip(
        (0, 1, 2, 4), (points[0], points[1], points[2], points[4]), strict=True
    ):
        window.see_dot(x / 400, y / 300, POINTS[place])
    page.get_by_role("button", name="face 1").focus()
    page.keyboard.press("Enter")
    about = f"face 1 · proposed · score 0.90 · 50 x 60 px · identity {HOSTILE}"
    page.locator(".said", has_text=about).wait_for()
    window.check()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowLeft")
    window.see("https://example.org/page")
    page.keyboard.press("Escape")
    window.see_names("a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", HOSTILE)
    window.see_focused("e.jpg")
    page.get_by_label("Name").fill("img src")
    page.get_by_label("Name").press("Enter")
    window.see_names(HOSTILE)
    window.check()


def test_a_newcomer_walks_from_nothing_to_a_download(
    studio: Any, window: Window, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(12):
        colour = (20 * number, 90, 255 - 20 * number)
        Pillow.new("RGB", (64, 48), colour).save(photos / f"{number:02}.png")
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut")
    page = window.page
    page.goto(f"http://127.0.0.1:{window.port}/")
    window.press("Collect images")
    page.get_by_label("Folder or archive on this machine").fill(str(photos))
    window.press("Collect")
    window.see("12 new images, 1 refused")
    window.check()
    # Detecting needs weights; the labels come from elsewhere here.
    with studio.dataset.read() as connection:
        found = images.find(connection, images.ImageFilter())
    studio.propose({image.id: [Face(box=(4, 4, 40, 40), score=0.8)] for image in found})
    window.go("Browse")
    window.see_names(*(f"{number:02}.png" for number in range(12)))
    window.go("Overview")
    window.press("Make a release")
    window.see("12 images in this dataset have been looked at")
    window.press("Make the release")
    window.see("Making release v1: 12 images, 12 faces")
    page.get_by_role("tab", name="Export").click()
    window.press("Export")
    window.see("wider: 12 images, 12 faces")
    page.get_by_text("wider: 12 images, 12 faces").last.click()
    with page.expect_download() as download:
        page.get_by_text("Download as zip").click()
    archive = tmp_path / download.value.suggested_filename
    download.value.save_as(archive)
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        assert sum(name.endswith(".png") for name in opened.namelist()) == 12
    window.check()


@pytest.mark.parametrize("width", [1440, 800])
def test_the_camera_takes_a_picture_into_the_dataset(
    studio: Any, window: Window, width: int
) -> None:
    page = window.page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"http://127.0.0.1:{window.port}/")
    window.go("Collect")
    window.unfold("Take a picture with the camera of this computer")
    with window.redrawn():
        page.get_by_text("Use the camera").click()
    with window.redrawn():
        window.fill("Who takes it", "Ada")
    with window.redrawn():
        window.fill("Licence", "CC0-1.0")
    page.wait_for_function(FILMED)
    # The page moves while the camera begins, and a click beside its button takes nothing.
    for _ in range(10):
        page.get_by_role("button", name="Take Photo").click()
        with suppress(AssertionError):
            expect(page.get_by_role("button", name="Clear photo")).to_be_visible(timeout=10_000)
            break
    window.press("Keep this picture")
    # The camera is ready for the next one.
    page.get_by_role("button", name="Take Photo").wait_for()
    with studio.dataset.read() as connection:
        (taken,) = images.find(connection, images.ImageFilter())
    assert (taken.author, taken.licence_id) == ("Ada", "CC0-1.0")
    pixels = Pillow.open(studio.dataset.blobs.path(taken.sha256, taken.mime))
    assert pixels.size == (taken.width, taken.height)
    # Chromium's picture is green with a figure in it, so not of one colour.
    assert len(pixels.convert("RGB").resize((32, 32)).getcolors(1024) or ()) > 1
    window.check()


@pytest.mark.parametrize("width", [1440, 800])
def test_the_forms_of_videos_and_searches_start_what_they_say(
    studio: Any, window: Window, shared_data: Path, width: int
) -> None:
    page = window.page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"http://127.0.0.1:{window.port}/")
    window.go("Collect")
    # Without its key Flickr is not asked: what the form says comes back in one sentence.
    with window.redrawn():
        window.choose("Source", "flickr")
    window.fill("What to search for", "old portrait")
    window.unfold("Limits, licence and author")
    window.choose("Licence filter", "commercial")
    window.check()
    window.press("Collect")
    window.see("flickr answers only with a key: set CURATOR_FLICKR_KEY")
    window.see("Collecting from flickr: old portrait")

    with window.redrawn():
        window.choose("Source", "video")
    clip = shared_data / "videos" / "short_hamilton_clip.mp4"
    window.fill("Video, or folder of videos, on this machine", str(clip))
    # Another source is another form, closed again.
    window.unfold("Limits, licence and author")
    window.choose("Frames", "one every so often")
    window.fill("Images at most", "3")
    window.check()
    window.press("Collect")
    window.see("3 new images")
    window.see("Detect, measure and filter 3 new images")
    window.check()
    with studio.dataset.read() as connection:
        frames = images.find(connection, images.ImageFilter())
    assert [frame.source for frame in frames] == ["video"] * 3
    assert len({frame.group for frame in frames}) == 1


def test_what_next_leads_to_a_filled_form_and_to_the_queue(
    judged: Any, released: Any, window: Window
) -> None:
    page = window.page
    page.goto(f"http://127.0.0.1:{window.port}/")
    window.go("Evaluate")
    page.get_by_role("tab", name="What next").click()
    # Every face that was missed is blurred; what to search for says so.
    window.press("Collect more: people running motion blur")
    window.see("Bring images in")
    window.see(SOURCES.entries()["bing"].summary)
    expect(page.get_by_label("What to search for")).to_have_value("people running motion blur")
    window.check()
    window.go("Evaluate")
    page.get_by_role("tab", name="What next").click()
    row = page.locator("[data-testid=stLayoutWrapper]", has_text="source: folder").last
    row.get_by_role("button", name="Look at the missed ones again").click()
    window.see("2 filters")
    window.see(f"missed by {judged.method}: source, folder")
    with released.dataset.read() as connection:
        waiting = labelling.open_of(connection, range(1, 7))
    assert {task.reason for each in waiting.values() for task in each} == {f"review:{judged.name}"}
    window.check()
