"""Twenty people who label at once on 100,000 images: ``python -m benchmarks.labelling [--json]``.

A server process on loopback, and twenty clients in a process of their own. Each asks for its
images, waits as a person does, and saves; the time from the save to its answer is what counts.
``--pause 0`` shows what the server can do at all. Prints the time of the queue's question too,
and that of the bare database for the same transaction, so that figures of two machines compare.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from sqlalchemy import func, insert, select

from curator.app.serve import listen
from curator.records import NewTask
from curator.store import labelling, runs
from curator.store.dataset import create_dataset
from curator.store.rows import batches, now
from curator.store.schema import edit, face, image

SERVER = """
import sys
from pathlib import Path
import uvicorn
from starlette.applications import Starlette
from curator.app import guard, session
from curator.app.label_api import LabelApi
from curator.app.serve import listen
from curator.records import Role, User
from curator.store.dataset import open_dataset
def named(asked):
    return User(name=asked.headers.get("x-person", "nobody"), role=Role.LABELLER)
class Named(guard.Guard):
    def _user(self, asked):
        return named(asked)
dataset = open_dataset(Path(sys.argv[1]))
app = Named(Starlette(routes=LabelApi(dataset).routes()))
config = uvicorn.Config(app, log_level="critical", lifespan="off")
uvicorn.Server(config).run([listen(int(sys.argv[2]))])
"""


def fill(folder: Path, count: int) -> None:
    """A dataset of rows: one proposed face an image, a task on every fourth."""
    with create_dataset(folder) as dataset:
        with dataset.write() as connection:
            run = runs.begin(connection, kind="detect", method="d", params={})
        for batch in batches(range(1, count + 1), 5000):
            with dataset.write() as connection:
                connection.execute(insert(image), [_image(i, run.id) for i in batch])
                connection.execute(insert(face), [_face(i, run.id) for i in batch])
                tasks = [
                    NewTask(image_id=i, reason="low-score", priority=random.random())
                    for i in batch
                    if i % 4 == 0
                ]
                labelling.enqueue(connection, tasks)


def _image(number: int, run_id: int) -> dict[str, object]:
    return {
        "id": number,
        "sha256": f"{number:064x}",
        "width": 4000,
        "height": 3000,
        "mime": "image/jpeg",
        "name": f"{number:06}.jpg",
        "source": "folder",
        "url": f"file:///{number}",
        "fetched_at": now(),
        "status": "proposed",
        "run_id": run_id,
    }


def _face(number: int, run_id: int) -> dict[str, object]:
    return {
        "image_id": number,
        "run_id": run_id,
        "x_min": 100.0,
        "y_min": 100.0,
        "x_max": 300.0,
        "y_max": 340.0,
        "landmarks": [
            [150.0, 180.0],
            [250.0, 180.0],
            [200.0, 230.0],
            [160.0, 280.0],
            [240.0, 280.0],
        ],
        "visibility": [2] * 5,
        "scheme": "5",
        "attributes": {},
        "score": 0.9,
        "origin": "detector",
        "status": "proposed",
        "version": 1,
        "tags": [],
    }


class Person:
    """One labeller with a connection that stays open, as a browser keeps it."""

    def __init__(self, number: int, port: int) -> None:
        self.headers = (
            f"Host: 127.0.0.1:{port}\r\nX-Person: person-{number}\r\n"
            "Cookie: curator_xsrf=token\r\nX-XSRF-Token: token\r\n"
        )
        self.port = port
        self.saves: list[float] = []
        self.asks: list[float] = []
        self.done: list[int] = []

    async def work(self, seconds: float, pause: float) -> None:
        """Ask, wait, save, until the time is over."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        end = time.perf_counter() + seconds
        await asyncio.sleep(random.random() * pause)
        while time.perf_counter() < end:
            started = time.perf_counter()
            items = (await self.send("GET", "/label/next?count=4"))["items"]
            self.asks.append(time.perf_counter() - started)
            for item in items:
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))
                started = time.perf_counter()
                await self.send("POST", "/label/save", self.step(item))
                self.saves.append(time.perf_counter() - started)
                self.done.append(item["image"]["id"])

    def step(self, item: dict[str, object]) -> dict[str, object]:
        """One box drawn, and on."""
        shown, (first, *_) = item["image"], item["faces"]
        after = {"box": [101.0, 102.0, 303.0, 344.0]}
        return {
            "image": shown["id"],
            "version": shown["version"],
            "step": str(uuid4()),
            "edits": [{"id": str(uuid4()), "face": first["id"], "op": "box", "after": after}],
            "done": True,
        }

    async def send(self, method: str, path: str, said: object = None) -> dict[str, object]:
        """One request on the open connection."""
        body = b"" if said is None else json.dumps(said).encode()
        head = f"{method} {path} HTTP/1.1\r\n{self.headers}Content-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        length = next(
            int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length")
        )
        answer = await self.reader.readexactly(length)
        assert lines[0].split()[1] == "200", answer
        return json.loads(answer)


async def crowd(people: list[Person], seconds: float, pause: float) -> None:
    """All of them at once."""
    await asyncio.gather(*(person.work(seconds, pause) for person in people))


def bare(folder: Path, count: int = 100) -> list[float]:
    """What one synced transaction of the same rows costs here without any of our code."""
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
    times = []
    for _ in range(count):
        started = time.perf_counter()
        connection.execute("BEGIN IMMEDIATE")
        for _ in range(6):
            connection.execute("INSERT INTO t (b) VALUES (?)", ("x" * 200,))
        connection.execute("COMMIT")
        times.append(time.perf_counter() - started)
    connection.close()
    return times


def check(folder: Path, people: list[Person]) -> None:
    """Nothing lost, nothing doubled."""
    given = Counter(i for person in people for i in person.done)
    assert set(given.values()) == {1}, given.most_common(3)
    with create_dataset(folder) as dataset, dataset.read() as connection:
        drawn = select(func.count()).select_from(edit).where(edit.c.op == "box")
        assert connection.execute(drawn).scalar_one() == len(given)


def summary(seconds: list[float]) -> dict[str, float]:
    """How many, median and 95th percentile."""
    ordered = sorted(seconds)
    return {
        "times": len(ordered),
        "median ms": statistics.median(ordered) * 1e3,
        "p95 ms": ordered[int(len(ordered) * 0.95)] * 1e3,
    }


def main() -> None:
    """Measure, print lines or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds a person takes an image")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with TemporaryDirectory() as place, listen(0) as listener:
        folder, port = Path(place) / "faces", listener.getsockname()[1]
        listener.close()
        fill(folder, options.images)
        server = subprocess.Popen([sys.executable, "-c", SERVER, str(folder), str(port)])
        try:
            people = [Person(number, port) for number in range(options.people)]
            _wait(port)
            asyncio.run(crowd(people, options.seconds, options.pause))
        finally:
            server.terminate()
            server.wait()
        check(folder, people)
        figures = {
            "save": summary([s for person in people for s in person.saves]),
            "next four images": summary([s for person in people for s in person.asks]),
            "bare synced transaction": summary(bare(Path(place))),
        }
    load = os.getloadavg()[0]
    if options.json:
        sizes = {"people": options.people, "images": options.images, "load": load}
        print(json.dumps(sizes | figures))
        return
    print(f"{options.people} people, {options.images} images, load {load:.1f}")
    for name, figure in figures.items():
        print(f"{name:26}", *(f"{what} {value:8.4g}" for what, value in figure.items()))


def _wait(port: int) -> None:
    """Until the server answers."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            asyncio.run(Person(99, port).work(0, 0))
        except OSError:
            time.sleep(0.1)
        else:
            return


if __name__ == "__main__":
    main()
