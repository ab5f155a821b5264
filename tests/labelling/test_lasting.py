"""No edit is lost or doubled: not by a crash, not by a crowd, not by going back and forth."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import func, select

from curator.pipeline import correct, queue
from curator.pipeline.correct import Save, save
from curator.pipeline.editing import Change
from curator.records import Face, Op, Role, User
from curator.store.labelling import QueueFilter
from curator.store.schema import edit, step

number = st.floats(-500, 500, width=32)
boxes = st.tuples(number, number, st.floats(1, 99, width=32), st.floats(1, 99, width=32)).map(
    lambda b: [b[0], b[1], b[0] + b[2], b[1] + b[3]]
)
points = st.lists(st.tuples(number, number).map(list), min_size=5, max_size=5)
words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=9).filter(
    str.strip
)
AFTER: dict[Op, st.SearchStrategy[dict[str, Any]]] = {
    Op.BOX: st.fixed_dictionaries({"box": boxes}),
    Op.POINTS: st.fixed_dictionaries({"points": points}),
    Op.ATTRIBUTES: st.fixed_dictionaries(
        {"attributes": st.dictionaries(st.sampled_from(["blur", "pose"]), st.integers(0, 1))}
    ),
    Op.IDENTITY: st.fixed_dictionaries({"identity": words | st.none()}),
    Op.TAGS: st.fixed_dictionaries({"tags": st.lists(words, max_size=3)}),
    Op.CREATE: st.fixed_dictionaries({"box": boxes}, optional={"points": points}),
    Op.ACCEPT: st.just({}),
    Op.REJECT: st.just({}),
    Op.RESTORE: st.just({}),
}
actions = st.sampled_from(sorted(AFTER)).flatmap(
    lambda op: st.tuples(st.just(op), st.integers(0, 5), AFTER[op])
)
# Steps of one or more edits, on one of two images, each perhaps the last word on it.
steps = st.lists(
    st.tuples(st.integers(0, 1), st.lists(actions, min_size=1, max_size=3), st.booleans()),
    min_size=1,
    max_size=6,
)


def whole(desk: Any, ids: list[int]) -> list[Any]:
    """Everything about these images that undo should bring back."""

    def content(face: Face) -> tuple[Any, ...]:
        said = (face.landmarks, face.visibility, face.scheme, face.attributes, face.tags)
        return (face.id, face.box, *said, face.identity, face.status)

    return [(desk.image(i).status, [content(face) for face in desk.stored(i)]) for i in ids]


def act(desk: Any, user: User, image_id: int, edits: list[Any], done: bool) -> None:
    """One step, of those edits that make sense on the faces that are there."""
    item = queue.item(desk.dataset, user, image_id)
    faces: list[int | str] = [key for key, _ in item.faces]
    rejected: list[int | str] = []
    changes = []
    for op, which, after in edits:
        chosen = rejected if op is Op.RESTORE else faces
        if op is Op.CREATE:
            face: int | str = f"new-{uuid4()}"
            faces.append(face)
        elif chosen:
            face = chosen[which % len(chosen)]
        else:
            continue
        if op in {Op.REJECT, Op.RESTORE}:
            chosen.remove(face)
            (rejected if op is Op.REJECT else faces).append(face)
        changes.append(Change(id=str(uuid4()), face=face, op=op, after=after))
    save(
        desk.dataset,
        user,
        Save(
            image_id=image_id,
            version=item.version,
            step=str(uuid4()),
            changes=tuple(changes),
            done=done,
        ),
    )


@given(steps)
@examples(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_undo_of_all_is_the_start_and_redo_of_all_the_end(desk: Any, wanted: list[Any]) -> None:
    user = User(name=uuid4().hex, role=Role.OWNER)
    ids = desk.fill(2, desk.face, desk.face, source=user.name)
    states = [whole(desk, ids)]
    for which, edits, done in wanted:
        act(desk, user, ids[which], edits, done)
        if whole(desk, ids) != states[-1] or _stands(desk, user) == len(states):
            states.append(whole(desk, ids))
    for state in reversed(states[:-1]):
        assert correct.undo(desk.dataset, user) in ids
        assert whole(desk, ids) == state
    for state in states[1:]:
        assert correct.redo(desk.dataset, user) in ids
        assert whole(desk, ids) == state
    # Nothing is ever taken out: going back and forth adds to the log.
    with desk.dataset.read() as connection:
        mine = select(func.count()).select_from(edit).where(edit.c.user == user.name)
        logged = connection.execute(mine).scalar_one()
        first = connection.execute(mine.where(edit.c.step.in_(_steps(user)))).scalar_one()
    assert logged == 3 * first


def _steps(user: User) -> Any:
    return select(step.c.id).where(step.c.user == user.name, step.c.kind == "save")


def _stands(desk: Any, user: User) -> int:
    """How many steps this person has made."""
    with desk.dataset.read() as connection:
        return len(connection.execute(_steps(user)).all())


class Sender:
    """A browser's queue: it sends its steps in order until each is answered."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie = ""

    def post(self, path: str, said: Any) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            if not self.cookie:
                connection.request("GET", "/label/settings")
                answer = connection.getresponse()
                answer.read()
                self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
            token = self.cookie.partition("=")[2]
            headers = {"Cookie": self.cookie, "X-XSRF-Token": token}
            connection.request("POST", path, json.dumps(said), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


SERVER = """
import sys
from pathlib import Path
import uvicorn
from starlette.applications import Starlette
from curator.app import guard
from curator.app.label_api import LabelApi
from curator.app.people_api import PeopleApi
from curator.app.serve import listen
from curator.store.dataset import open_dataset
dataset = open_dataset(Path(sys.argv[1]))
routes = [*LabelApi(dataset).routes(), *PeopleApi(dataset).routes()]
app = Starlette(routes=routes, middleware=guard.middleware())
config = uvicorn.Config(app, log_level="critical", lifespan="off")
uvicorn.Server(config).run([listen(int(sys.argv[2]))])
"""
STEPS, KILLS = 120, 2


class Tormentor(threading.Thread):
    """Runs a server and kills it, in the middle of whatever it does, after ever more steps."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__()
        self.command = [sys.executable, "-c", SERVER, str(folder), str(port)]
        self.stop = threading.Event()
        self.answered = 0
        self.starts = 0

    def run(self) -> None:
        while not self.stop.is_set():
            server = subprocess.Popen(self.command, env=os.environ)
            self.starts += 1
            goal = STEPS * self.starts // (KILLS + 1) if self.starts <= KILLS else STEPS + 1
            while not self.stop.wait(0.003) and self.answered < goal and server.poll() is None:
                pass
            server.send_signal(signal.SIGKILL)
            server.wait()


def test_a_server_killed_in_the_middle_of_saves_loses_and_doubles_nothing(
    desk: Any, free_port: Callable[[], int]
) -> None:
    image_id, *_ = desk.fill(1, desk.face)
    version = desk.image(image_id).version
    folder = desk.dataset.folder
    desk.dataset.close()
    port = free_port()
    tormentor, sender, ids = Tormentor(folder, port), Sender(port), []
    tormentor.start()
    try:
        for width in range(STEPS):
            ids.append(str(uuid4()))
            after = {"box": [1, 2, 3 + width, 4]}
            said = {
                "image": image_id,
                "version": version,
                "step": str(uuid4()),
                "edits": [{"id": ids[-1], "face": 1, "op": "box", "after": after}],
            }
            status, saved = insist(sender, said)
            assert status == 200, saved
            version = saved["version"]
            tormentor.answered += 1
    finally:
        tormentor.stop.set()
        tormentor.join()
    assert tormentor.starts == KILLS + 1
    stored = sqlite3.connect(folder / "curator.sqlite")
    try:
        assert [row[0] for row in stored.execute("SELECT id FROM edit ORDER BY number")] == ids
        assert stored.execute("SELECT count(*) FROM step").fetchone() == (STEPS,)
        last = (STEPS + 2, STEPS + 1)
        assert stored.execute("SELECT x_max, version FROM face").fetchone() == last
        assert stored.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        stored.close()


def insist(sender: Sender, said: Any) -> tuple[int, Any]:
    """Send a step until it is answered."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with suppress(OSError, HTTPException, json.JSONDecodeError):
            return sender.post("/label/save", said)
        # The server is down: it needs the processor more than we do.
        time.sleep(0.05)
    raise AssertionError("no answer for two minutes")


def test_twenty_people_at_once_lose_and_double_nothing(desk: Any, port: int) -> None:
    count = 120
    ids = desk.fill(count, desk.face)
    seen: list[list[int]] = [[] for _ in range(20)]
    problems: list[Any] = []

    def work(person: int) -> None:
        sender = Sender(port)
        user = User(name=f"person {person}", role=Role.LABELLER)
        try:
            while items := queue.next_items(desk.dataset, user, QueueFilter(), count=2):
                for item in items:
                    problems.extend(finish(sender, item, person))
                    seen[person].append(item.image.id)
        except Exception as error:  # noqa: BLE001 - told by the test
            problems.append(error)

    threads = [threading.Thread(target=work, args=(person,)) for person in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert Counter(i for each in seen for i in each) == dict.fromkeys(ids, 1)
    by_person = {image_id: person for person, each in enumerate(seen) for image_id in each}
    for image_id in ids:
        (face,) = desk.stored(image_id)
        assert face.box == (1, 2, 10 + by_person[image_id], 40)
        assert desk.image(image_id).status == "labelled"
    with desk.dataset.read() as connection:
        ops = Counter(connection.execute(select(edit.c.op)).scalars())
        assert connection.execute(select(func.count()).select_from(step)).scalar_one() == count
    assert ops == {"box": count, "done": count}


def finish(sender: Sender, item: queue.Item, person: int) -> list[Any]:
    """Draw a box and go on; what went wrong."""
    after = {"box": [1, 2, 10 + person, 40]}
    said = {
        "image": item.image.id,
        "version": item.version,
        "step": str(uuid4()),
        "edits": [{"id": str(uuid4()), "face": item.faces[0][0], "op": "box", "after": after}],
        "done": True,
    }
    # Every third is sent twice, as after an answer that was lost.
    answers = [sender.post("/label/save", said) for _ in range(1 + (item.image.id % 3 == 0))]
    return [answer for status, answer in answers if status != 200]
