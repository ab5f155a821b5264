"""What comes next, why, and that no two people get the same."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, update

from curator.pipeline import queue
from curator.pipeline.correct import Save, save
from curator.records import Face, ImageStatus, NewTask, Role, User
from curator.store import labelling
from curator.store.labelling import QueueFilter
from curator.store.rows import now
from curator.store.schema import lease

ADA, BEN = User(name="Ada", role=Role.LABELLER), User(name="Ben", role=Role.LABELLER)


def ask(desk: Any, user: User, count: int = 1, **wanted: Any) -> list[int]:
    items = queue.next_items(desk.dataset, user, QueueFilter(**wanted), count=count)
    return [item.image.id for item in items]


def enqueue(desk: Any, *tasks: NewTask) -> int:
    with desk.dataset.write() as connection:
        return labelling.enqueue(connection, tasks)


def finish(desk: Any, user: User, image_id: int) -> None:
    item = queue.item(desk.dataset, user, image_id)
    step = f"{image_id:08}-0000-0000-0000-000000000000"
    wanted = Save(image_id=image_id, version=item.version, step=step, done=True)
    save(desk.dataset, user, wanted)


def test_the_most_urgent_comes_first_and_says_why(desk: Any, browser: Any) -> None:
    ids = desk.fill(4, desk.face)
    assert enqueue(
        desk,
        NewTask(image_id=ids[2], reason="low-score", priority=0.3, detail="score 0.31"),
        NewTask(image_id=ids[3], reason="shape", priority=0.9, detail="shape 0.4", face_id=4),
        NewTask(image_id=ids[2], reason="audit", priority=0.2),
    ) == 3  # fmt: skip
    items = browser.get("/label/next")["items"]
    assert [item["image"]["id"] for item in items] == [ids[3], ids[2], ids[0], ids[1]]
    assert items[0]["why"] == [{"reason": "shape", "detail": "shape 0.4", "face": 4}]
    assert [why["reason"] for why in items[1]["why"]] == ["low-score", "audit"]


def test_asking_again_is_harmless_until_it_was_done(desk: Any) -> None:
    (image_id,) = desk.fill(1, desk.face)
    task = NewTask(image_id=image_id, reason="audit", priority=0.1)
    assert enqueue(desk, task) == 1
    again = NewTask(image_id=image_id, reason="audit", priority=0.7, detail="again")
    assert enqueue(desk, again) == 0
    with desk.dataset.read() as connection:
        (waiting,) = labelling.open_of(connection, [image_id])[image_id]
    assert (waiting.priority, waiting.detail) == (0.7, "again")
    finish(desk, ADA, image_id)
    assert enqueue(desk, task) == 1


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"source": "web"}, {1}),
        ({"split": "val"}, {0}),
        ({"status": ImageStatus.NEW}, set()),
        ({"identity": "Ada"}, {1}),
        ({"face_min": 50}, {0, 2}),
        ({"reason": "shape"}, {2}),
        ({"reason": "review:"}, {0}),
        ({"reason": "review:other"}, set()),
        ({"image": 2}, {1}),
    ],
)
def test_filters_let_through_what_they_say(
    desk: Any, wanted: dict[str, Any], expected: set[int]
) -> None:
    ids = desk.fill(1, desk.face, split="val")
    ids += desk.fill(1, Face(box=(0, 0, 9, 9), identity="Ada"), source="web")
    ids += desk.fill(1, desk.face, name="third", source="folder", url="x")
    enqueue(
        desk,
        NewTask(image_id=ids[2], reason="shape", priority=1),
        NewTask(image_id=ids[0], reason="review:v1", priority=1),
    )
    assert set(ask(desk, ADA, 9, **wanted)) == {ids[i] for i in expected}
    assert queue.left(desk.dataset, BEN, QueueFilter(**wanted)) == len(expected)


def test_a_lease_runs_out_and_can_be_renewed(desk: Any) -> None:
    one, two = desk.fill(2, desk.face)
    assert ask(desk, ADA) == [one]
    assert ask(desk, BEN) == [two]
    assert ask(desk, User(name="Cem", role=Role.LABELLER)) == []
    # What one has oneself is given again: after a reload it is there.
    assert ask(desk, ADA) == [one]
    with desk.dataset.write() as connection:
        connection.execute(update(lease).values(until=now() - timedelta(seconds=1)))
    assert ask(desk, BEN, 2) == [one, two]
    assert queue.item(desk.dataset, ADA, one).lease_until is None


def test_renewing_takes_nothing_from_others(desk: Any, browser: Any) -> None:
    one, two = desk.fill(2, desk.face)
    assert ask(desk, BEN) == [one]
    status, said = browser.post("/label/renew", {"images": [one, two, 4711]})
    assert (status, list(said["leases"])) == (200, [str(two)])
    assert browser.post("/label/release", {"images": [one, two]})[0] == 200
    assert ask(desk, BEN, 2) == [one, two]


def test_two_people_never_get_the_same_image(desk: Any) -> None:
    ids = desk.fill(60, desk.face)
    enqueue(desk, *(NewTask(image_id=i, reason="audit", priority=0.5) for i in ids[:30]))
    given: Counter[int] = Counter()

    def work(name: str) -> None:
        user = User(name=name, role=Role.LABELLER)
        while found := ask(desk, user, 3):
            for image_id in found:
                finish(desk, user, image_id)
                given[image_id] += 1

    threads = [threading.Thread(target=work, args=(f"user {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert given == dict.fromkeys(ids, 1)


def test_the_grid_shows_the_most_doubtful_first_and_accepts_the_rest_at_once(
    desk: Any, browser: Any
) -> None:
    found = [Face(box=(10, 10, 60, 70), score=score) for score in (0.9, 0.4, 0.7)]
    ids = [desk.fill(1, face, name=f"{face.score}")[0] for face in found]
    enqueue(desk, NewTask(image_id=ids[0], face_id=1, reason="shape", priority=0.5, detail="odd"))
    page = browser.get("/label/grid")
    assert [face["image"] for face in page["faces"]] == [ids[0], ids[1], ids[2]]
    assert page["faces"][0]["why"] == {"reason": "shape", "detail": "odd"}
    assert page["left"] == 3
    left, top, right, bottom = page["faces"][0]["window"]
    assert (left <= 10, right >= 60, top <= 10, bottom >= 70) == (True,) * 4
    accepted = [
        {
            "image": face["image"],
            "version": face["version"],
            "face": face["face"]["id"],
            "face_version": face["face"]["version"],
        }
        for face in page["faces"]
    ]
    accepted[1]["face_version"] += 1
    flag = [{"image": ids[2], "face": accepted.pop(2)["face"], "reason": "two faces"}]
    said = {"step": "0" * 8 + "-0000" * 3 + "-" + "0" * 12, "accept": accepted, "flag": flag}
    for _ in range(2):
        status, answer = browser.post("/label/grid", said)
        assert (status, answer) == (200, {"faces": {"1": "ok", "2": "stale", "3": "flagged"}})
    assert [desk.image(i).status for i in ids] == ["labelled", "proposed", "proposed"]
    (item,) = browser.get(f"/label/next?image={ids[2]}")["items"]
    assert item["why"] == [{"reason": "flagged", "detail": "two faces", "face": 3}]
    assert browser.post("/label/undo", {})[0] == 200
    assert desk.stored(ids[0])[0].status == "proposed"
    (item,) = browser.get(f"/label/next?image={ids[0]}")["items"]
    assert item["why"] == [{"reason": "shape", "detail": "odd", "face": 1}]
    assert [f["face"]["id"] for f in browser.get("/label/grid?except=1,2")["faces"]] == [3]


def test_pace_is_the_median_of_what_was_measured(desk: Any, browser: Any) -> None:
    desk.fill(3, desk.face, desk.face)
    for seconds, actions in ((2, 2), (4, 6), (100, 4)):
        (item,) = browser.get("/label/next?count=1")["items"]
        spent = {"seconds": seconds, "actions": actions}
        assert browser.save(item, done=True, spent=spent)[0] == 200
    found = browser.get("/label/progress")
    assert (found["left"], found["done"]) == (0, 3)
    (mine,) = found["by_user"]
    assert (mine["images"], mine["faces"]) == (3, 6)
    assert (mine["seconds_per_face"], mine["actions_per_face"]) == (2.0, 2.0)


def test_settings_are_kept_for_each_person(browser: Any) -> None:
    assert browser.get("/label/settings") == {}
    wanted = {"keys": {"accept": "Space"}, "frame": 0.6}
    assert browser.post("/label/settings", wanted, "PUT") == (200, wanted)
    assert browser.get("/label/settings") == wanted
    status, said = browser.post("/label/settings", {"x": "y" * 20_000}, "PUT")
    assert (status, "16000" in said["error"]) == (400, True)
    assert browser.get("/label/settings") == wanted


def test_the_question_for_the_next_image_reads_no_more_than_it_gives(desk: Any) -> None:
    desk.fill(1, desk.face)
    plans: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.startswith("SELECT") and "ORDER BY" in statement:
            rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
            plans.append("\n".join(str(row[3]) for row in rows))

    with desk.dataset.read() as connection:
        event.listen(connection, "after_cursor_execute", explain)
        asker = queue.asker_of(ADA)
        assert labelling.next_images(connection, QueueFilter(), asker, 4)
    # In the order of an index, row by row until there are enough: of a hundred, or a million.
    tasks, *by_name = plans
    assert "ix_labelling_done_at_priority_id" in tasks
    assert len(by_name) == 2
    assert all("ix_image_status_name" in plan for plan in by_name)
    for plan in plans:
        assert "TEMP B-TREE" not in plan
        assert "SCAN image" not in plan
        assert "SCAN labelling" not in plan
        assert "SCAN lease" not in plan
