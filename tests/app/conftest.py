"""Datasets made of plain pictures, pages run without a browser, routes behind a real server."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import uvicorn
from msgspec.structs import replace
from PIL import Image as Pillow
from starlette.applications import Starlette
from streamlit.testing.v1 import AppTest

from curator.app import guard, navigation, opened
from curator.app.canvas import scripts
from curator.app.downloads import Downloads
from curator.app.pictures import Pictures
from curator.app.serve import SCRIPT, listen
from curator.evaluate.predictions import text
from curator.jobs import start as workers
from curator.pipeline.evaluate import EvaluateRequest, evaluate
from curator.pipeline.release import Selection, SplitOptions, release
from curator.progress import Silent
from curator.records import Candidate, Face, FaceStatus, Origin, Outcome, Run, RunStatus
from curator.store import candidates, faces, images, jobs, runs
from curator.store.dataset import Dataset, create_dataset

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SHOWN = (Face(box=(8, 8, 40, 48)), Face(box=(60, 10, 80, 36), attributes={"blur": 2}))


@dataclass(frozen=True)
class Studio:
    """Fills a dataset by hand."""

    dataset: Dataset

    def add(self, name: str, pixels: np.ndarray | None = None, **more: Any) -> int:
        """One image; without pixels a grey one, 96 x 64, that differs by its name."""
        if pixels is None:
            grey = int(hashlib.sha256(name.encode()).hexdigest()[:2], 16)
            pixels = np.full((64, 96, 3), grey, np.uint8)
        out = io.BytesIO()
        Pillow.fromarray(pixels).save(out, "JPEG", quality=95, subsampling=0)
        data = out.getvalue() + name.encode("utf-8", "replace")
        sha256 = hashlib.sha256(data).hexdigest()
        self.dataset.blobs.put(data, sha256, "image/jpeg")
        row = {
            "sha256": sha256,
            "phash": None,
            "width": pixels.shape[1],
            "height": pixels.shape[0],
            "mime": "image/jpeg",
            "name": name,
            "source": "folder",
            "url": f"file:///photos/{name}",
            "fetched_at": AT,
        }
        with self.dataset.write() as connection:
            return images.add(connection, [row | more])[0][0]

    def propose(self, found: Mapping[int, Sequence[Face]], method: str = "d@640") -> None:
        """A finished detector run that speaks for these images."""
        with self.dataset.write() as connection:
            run = runs.begin(
                connection, kind="detect", method=method, params={}, licence="research only"
            )
            by_machine = {"origin": Origin.DETECTOR, "status": FaceStatus.PROPOSED}
            rows = [
                replace(face, image_id=image_id, run_id=run.id, **by_machine)
                for image_id, each in found.items()
                for face in each
            ]
            faces.add(connection, rows)
            images.propose(connection, found, run.id)
            runs.mark(connection, run.id, dict.fromkeys(found))
            runs.finish(connection, run.id)

    def vouch(self, image_id: int, *found: Face) -> None:
        """An import of these faces."""
        with self.dataset.write() as connection:
            run = runs.begin(connection, kind="import", method="wider", params={"of": image_id})
            faces.add(connection, [replace(f, image_id=image_id, run_id=run.id) for f in found])
            images.vouch(connection, [image_id], run.id)

    def refuse(self, url: str, reason: str, detail: str) -> None:
        """A candidate that was not kept."""
        seen = candidates.Seen(
            candidate=Candidate(url=url, source="web", name="x"),
            outcome=Outcome.REFUSED,
            reason=reason,
            detail=detail,
            image_id=None,
            at=AT,
        )
        with self.dataset.write() as connection:
            run = runs.begin(connection, kind="collect", method="web", params={})
            candidates.record(connection, run.id, [seen])

    def job(self, task: str, status: RunStatus, message: str, **params: Any) -> int:
        """A job a quarter of the way, or one that is over."""
        with self.dataset.write() as connection:
            job_id = jobs.add(connection, task, params)
            jobs.claim(connection, job_id, 1)
            jobs.beat(connection, job_id, 0.25, message)
            if status is not RunStatus.RUNNING:
                jobs.finish(connection, job_id, status, message)
        return job_id


@dataclass(frozen=True)
class Page:
    """A page as a visitor without a browser has it."""

    app: AppTest

    def component(self, name: str) -> dict[str, Any]:
        """The data that a component of our own was given; empty where there is none."""
        for element in self.app.get("bidi_component"):
            if element.proto.component_name == f"curator.{name}":
                found: dict[str, Any] = json.loads(element.proto.json)
                return found
        return {}

    @property
    def shown(self) -> list[str]:
        """The names of the images in the grid."""
        return [item["name"] for item in self.component("gallery").get("items", [])]

    @property
    def markdown(self) -> str:
        """Everything on the page that Streamlit reads as Markdown, in one piece."""
        return "\n".join(self.texts)

    @property
    def texts(self) -> list[str]:
        """Everything on the page that Streamlit reads as Markdown, piece by piece."""
        app = self.app
        values = (app.title, app.subheader, app.markdown, app.caption, app.metric)
        told = (app.error, app.info, app.warning, app.success)
        texts = [str(element.value) for kind in (*values, *told) for element in kind]
        labelled = (app.button, app.expander, app.text_input, app.selectbox, app.metric)
        texts += [element.label for kind in labelled for element in kind]
        return texts + [element.proto.text for element in app.get("progress")]

    @property
    def html(self) -> str:
        """Everything on the page that is HTML, but for the rules of style."""
        bodies = [element.proto.body for element in self.app.html]
        return "\n".join(body for body in bodies if not body.startswith("<style>"))

    def button(self, label: str) -> Any:
        """The button of this name, be it in a form or not."""
        return next(button for button in self.app.button if button.label == label)

    def field(self, label: str) -> Any:
        """The input of this name."""
        app = self.app
        kinds = (
            app.text_input,
            app.selectbox,
            app.number_input,
            app.slider,
            app.select_slider,
            app.toggle,
            app.radio,
        )
        return next(field for kind in kinds for field in kind if field.label == label)


@dataclass(frozen=True)
class Client:
    """Sends paths exactly as they are given, which no well-behaved client would."""

    port: int

    def get(self, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
        """The answer and its body; ``_`` in the name of a header stands for ``-``."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.putrequest("GET", path, skip_host="Host" in headers)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()


@dataclass
class Running:
    """The app in a process of its own.

    Attributes:
        said: What it wrote to stderr, known once it is over.
    """

    port: int
    said: str = ""


@dataclass(frozen=True)
class Apps:
    """Starts the app as a user does."""

    free_port: Callable[[], int]
    # A machine may be set up for other apps of Streamlit; this one must not care.
    environment: ClassVar[Mapping[str, str]] = os.environ | {
        "STREAMLIT_SERVER_ADDRESS": "0.0.0.0",
        "STREAMLIT_SERVER_PORT": "1",
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "true",
        "STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION": "false",
        "STREAMLIT_SERVER_ENABLE_CORS": "false",
        "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "poll",
        "STREAMLIT_CLIENT_TOOLBAR_MODE": "developer",
    }

    def command(self, folder: Path, port: int) -> list[str]:
        program = [sys.executable, "-c", "import curator.cli as c; c.main()"]
        return [*program, "app", "--no-browser", "--dataset", str(folder), "--port", str(port)]

    @contextmanager
    def running(self, folder: Path) -> Iterator[Running]:
        """Until the block ends; then as by Ctrl+C, which is no failure."""
        port = self.free_port()
        process = subprocess.Popen(
            self.command(folder, port), env=self.environment, stderr=subprocess.PIPE, text=True
        )
        running = Running(port)
        try:
            deadline = time.monotonic() + 120
            while not self._answers(port):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield running
        finally:
            process.send_signal(signal.SIGINT)
            _, running.said = process.communicate(timeout=120)
        assert process.returncode == 0

    def _answers(self, port: int) -> bool:
        try:
            return Client(port).get("/_stcore/health")[0].status == 200
        except OSError:
            return False


@pytest.fixture(scope="session")
def apps(free_port: Callable[[], int]) -> Apps:
    """Starts the app as a user does."""
    return Apps(free_port)


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """An empty dataset, which the pages show."""
    create_dataset(tmp_path / "faces").close()
    monkeypatch.setenv(opened.VARIABLE, "")
    with opened.choose(tmp_path / "faces") as dataset:
        yield Studio(dataset)


@pytest.fixture
def filled(studio: Studio) -> Studio:
    """``a`` and ``e`` proposed, ``b`` vouched for, ``c`` without faces, ``d`` not looked at."""
    a, b, c, _ = (studio.add(f"{name}.jpg") for name in "abcd")
    e = studio.add(
        "e.jpg",
        source="web",
        url="https://example.org/e.jpg",
        page_url="https://example.org/page",
        licence="CC BY 4.0",
        author="Ada",
    )
    five = Face(
        box=(8, 8, 24, 28),
        score=0.9,
        landmarks=((12, 14), (20, 14), (16, 18), (13, 22), (19, 22)),
        visibility=(2, 2, 2, 1, 0),
        scheme="5",
    )
    large = Face(box=(8, 8, 40, 48), score=0.4)
    small = Face(box=(50, 8, 58, 18), score=0.95)
    studio.propose({a: [five], e: [large, small], c: []})
    studio.vouch(b, Face(box=(1, 1, 31, 51), attributes={"blur": 2}))
    with studio.dataset.write() as connection:
        images.set_split(connection, {a: "train", b: "train", e: "val"})
    studio.refuse("https://example.org/x", "truncated", "the file ends before the image does")
    return studio


@pytest.fixture
def released(studio: Studio) -> Studio:
    """Six photos with two faces each, all in the split val."""
    for number in range(6):
        studio.vouch(studio.add(f"{number}.jpg"), *SHOWN)
    shares = SplitOptions(shares={"train": 0.0, "val": 1.0, "test": 0.0})
    release(studio.dataset, "v1", Selection(), shares, Silent())
    return studio


@pytest.fixture
def judged(released: Studio, tmp_path: Path) -> Run:
    """The large faces found, the small ones missed, and something that is none."""
    boxes = np.array([SHOWN[0].box, (0, 50, 12, 62)], float)
    for number in range(6):
        file = tmp_path / "said" / f"{number}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text(str(number), boxes, np.array([0.9, 0.5])))
    request = EvaluateRequest(release="v1", predictions=tmp_path / "said", confidence=0.1)
    return evaluate(released.dataset, request, Silent())


@pytest.fixture
def visit(studio: Studio) -> Callable[..., Page]:
    """Open a page of the app as a new visitor, with what its address says."""

    def visit(name: str, **query: str) -> Page:
        app = AppTest.from_file(str(SCRIPT), default_timeout=120)
        page = navigation.folder() / f"{name}.py"
        app.switch_page(str(Path("../..") / page.relative_to(SCRIPT.parents[2])))
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception, app.exception
        return Page(app)

    return visit


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Mapping[str, Any]]]:
    """What was asked of the jobs; nothing runs."""
    asked: list[tuple[str, Mapping[str, Any]]] = []

    def start(dataset: Dataset, task: str, params: Mapping[str, Any]) -> int:
        workers.checked(task, params)
        asked.append((task, params))
        return len(asked)

    monkeypatch.setattr(workers, "start", start)
    return asked


@pytest.fixture
def client(filled: Studio) -> Iterator[Client]:
    """Our own routes behind the guard, served for real."""
    ours = (Pictures(filled.dataset), Downloads(filled.dataset), scripts)
    routes = [route for part in ours for route in part.routes()]
    app = Starlette(routes=routes, middleware=guard.middleware())
    with listen(0) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield Client(listener.getsockname()[1])
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Debian's Chromium is."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("needs Debian's chromium")
    return found


@pytest.fixture(scope="session")
def playwright() -> Iterator[Any]:
    """One for all tests: a second one in the same process is refused."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=120_000)
    with sync_playwright() as driver:
        yield driver
