"""Datasets with proposed faces, people who label them, and the routes behind a real server."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import uvicorn
from msgspec.structs import replace
from starlette.applications import Starlette

from curator.app import guard
from curator.app.grid_api import GridApi
from curator.app.label_api import LabelApi
from curator.app.people_api import PeopleApi
from curator.app.serve import listen
from curator.records import Face, FaceStatus, Image, Origin
from curator.store import faces, images, runs
from curator.store.dataset import Dataset, create_dataset

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FIVE = ((30.0, 40.0), (60.0, 40.0), (45.0, 55.0), (33.0, 70.0), (57.0, 70.0))
FACE = Face(
    box=(20.0, 20.0, 70.0, 85.0), score=0.9, landmarks=FIVE, visibility=(2,) * 5, scheme="5"
)


def uuid() -> str:
    return str(uuid4())


@dataclass(frozen=True)
class Desk:
    """A dataset as people who label find it.

    Attributes:
        face: What the detector proposes.
    """

    dataset: Dataset
    face: Face = FACE

    def fill(self, count: int, *found: Face, **more: Any) -> list[int]:
        """Images with these proposed faces, by name ``000.jpg`` and on."""
        rows = [
            {
                "sha256": hashlib.sha256(f"{number}{more}".encode()).hexdigest(),
                "phash": None,
                "width": 200,
                "height": 150,
                "mime": "image/jpeg",
                "name": f"{more.get('source', '')}{number:03}.jpg",
                "source": "folder",
                "url": f"file:///{number}",
                "fetched_at": AT,
            }
            | more
            for number in range(count)
        ]
        with self.dataset.write() as connection:
            ids = [image_id for image_id, _ in images.add(connection, rows)]
        self.propose(dict.fromkeys(ids, found))
        return ids

    def propose(self, found: Mapping[int, Sequence[Face]], method: str = "d") -> int:
        """A finished detector run."""
        by_machine = {"origin": Origin.DETECTOR, "status": FaceStatus.PROPOSED}
        with self.dataset.write() as connection:
            run = runs.begin(connection, kind="detect", method=method, params={})
            rows = [
                replace(face, image_id=image_id, run_id=run.id, **by_machine)
                for image_id, each in found.items()
                for face in each
            ]
            faces.add(connection, rows)
            images.propose(connection, found, run.id)
            runs.mark(connection, run.id, dict.fromkeys(found))
            runs.finish(connection, run.id)
        return run.id

    def stored(self, image_id: int) -> list[Face]:
        """The faces of an image that count, as the next reader has them."""
        with self.dataset.read() as connection:
            return list(faces.current(connection, [image_id])[image_id])

    def image(self, image_id: int) -> Image:
        """One image."""
        with self.dataset.read() as connection:
            return images.get(connection, image_id)

    @contextmanager
    def served(self, *middleware: Any) -> Iterator[int]:
        """The routes behind the guard, on a port of this machine."""
        apis = (LabelApi, GridApi, PeopleApi)
        routes = [route for api in apis for route in api(self.dataset).routes()]
        app = Starlette(routes=routes, middleware=list(middleware) or guard.middleware())
        with listen(0) as listener:
            server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            try:
                yield listener.getsockname()[1]
            finally:
                server.should_exit = True
                thread.join()


@pytest.fixture
def dataset(tmp_path: Path) -> Iterator[Dataset]:
    with create_dataset(tmp_path / "faces") as made:
        yield made


@dataclass
class Browser:
    """One person's browser: it keeps cookies, and says the token with each write."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def send(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Status and parsed JSON; ``_`` in the name of a header stands for ``-``."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            said["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body, said)
            response = connection.getresponse()
            for line in response.headers.get_all("Set-Cookie") or []:
                name, _, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value
            data = response.read()
        finally:
            connection.close()
        is_json = "json" in (response.headers["Content-Type"] or "")
        return response.status, json.loads(data) if is_json and data else data.decode()

    def get(self, path: str) -> Any:
        status, said = self.send("GET", path)
        assert status == 200, said
        return said

    def post(self, path: str, said: Any, method: str = "POST") -> tuple[int, Any]:
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        if "curator_xsrf" not in self.cookies:
            self.send("GET", "/label/next?count=1&reason=none")
        token = self.cookies["curator_xsrf"]
        return self.send(method, path, body, X_XSRF_Token=token)

    def save(self, item: Mapping[str, Any], *edits: Any, **more: Any) -> tuple[int, Any]:
        """Send a step about an item: pairs of face and what is to be done with it."""
        said = {
            "image": item["image"]["id"],
            "version": item["image"]["version"],
            "step": uuid(),
            "edits": [
                {"id": uuid(), "face": face, "op": op, "after": after} for face, op, after in edits
            ],
        }
        return self.post("/label/save", said | more)


@pytest.fixture
def desk(dataset: Dataset) -> Desk:
    return Desk(dataset)


@pytest.fixture
def port(desk: Desk) -> Iterator[int]:
    with desk.served() as port:
        yield port


@pytest.fixture
def browser(port: int) -> Browser:
    return Browser(port)
