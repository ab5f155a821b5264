"""A step is stored once, whole, on the version it was made on, and can be taken back."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from curator.records import Face, FaceStatus, ImageStatus, Origin
from curator.store import edits, images

FIVE = ((30.0, 40.0), (60.0, 40.0), (45.0, 55.0), (33.0, 70.0), (57.0, 70.0))
FACE = Face(
    box=(20.0, 20.0, 70.0, 85.0), score=0.9, landmarks=FIVE, visibility=(2,) * 5, scheme="5"
)


def uuid() -> str:
    return str(uuid4())


def first(browser: Any) -> Any:
    (item,) = browser.get("/label/next?count=1")["items"]
    return item


def test_an_item_says_everything_that_the_editor_draws(desk: Any, browser: Any) -> None:
    (image_id,) = desk.fill(1, FACE, licence="CC0")
    answer = browser.get("/label/next")
    (item,) = answer["items"]
    assert (answer["left"], answer["done_today"]) == (1, 0)
    about = {"id": image_id, "name": "000.jpg", "width": 200, "height": 150, "version": 2}
    assert item["image"].items() >= about.items()
    assert item["image"]["licence"] == "CC0"
    assert item["why"] == [{"reason": "new", "detail": "", "face": None}]
    assert item["lease_until"] > "2026"
    (face,) = item["faces"]
    assert face["box"] == list(FACE.box)
    assert face["points"] == [list(point) for point in FIVE]
    assert (face["status"], face["origin"], face["score"]) == ("proposed", "detector", 0.9)
    assert browser.get(f"/label/image/{image_id}")["faces"] == [face]


def test_a_face_becomes_what_was_drawn_to_the_last_digit(desk: Any, browser: Any) -> None:
    desk.fill(1, FACE)
    item = first(browser)
    image_id, face_id = item["image"]["id"], item["faces"][0]["id"]
    box, points = [10.1, 20.2, 70.3, 85.4], [[x + 1 / 3, y] for x, y in FIVE]
    status, said = browser.save(
        item,
        (face_id, "box", {"box": box}),
        (face_id, "points", {"points": points, "visibility": [2, 1, 2, 2, 0], "scheme": "5"}),
        (face_id, "attributes", {"attributes": {"blur": 2, "hat": "straw"}}),
        (face_id, "identity", {"identity": "Ada"}),
        (face_id, "tags", {"tags": ["check", "<b>bold</b>"]}),
    )
    assert status == 200, said
    assert said["version"] == item["image"]["version"] + 1
    (face,) = desk.stored(image_id)
    assert (face.id, face.box) == (face_id, tuple(box))
    assert face.landmarks == tuple((x, y) for x, y in points)
    assert face.visibility == (2, 1, 2, 2, 0)
    assert face.attributes == {"blur": 2, "hat": "straw"}
    assert (face.identity, face.tags) == ("Ada", ("check", "<b>bold</b>"))
    assert (face.status, face.origin, face.score) == (FaceStatus.CORRECTED, Origin.DETECTOR, 0.9)
    assert face.version == 6
    history = browser.get(f"/label/history?face={face_id}")
    assert [line["op"] for line in history] == ["box", "points", "attributes", "identity", "tags"]
    assert history[0]["before"] == {"box": list(FACE.box), "status": "proposed"}
    assert history[0]["after"] == {"box": box, "status": "corrected"}


def test_done_accepts_what_is_left_and_closes_the_image(desk: Any, browser: Any) -> None:
    ids = desk.fill(2, FACE, FACE, FACE)
    item = first(browser)
    one, two, three = (face["id"] for face in item["faces"])
    status, said = browser.save(
        item,
        (one, "reject", {}),
        (two, "box", {"box": [1, 2, 3, 4]}),
        done=True,
        spent={"seconds": 3.5, "actions": 2},
    )
    assert status == 200
    assert [face["id"] for face in said["faces"]] == [two, three]
    assert [face.status for face in desk.stored(ids[0])] == [
        FaceStatus.CORRECTED,
        FaceStatus.ACCEPTED,
    ]
    with desk.dataset.read() as connection:
        assert images.get(connection, ids[0]).status is ImageStatus.LABELLED
    answer = browser.get("/label/next")
    assert [item["image"]["id"] for item in answer["items"]] == [ids[1]]
    assert answer["done_today"] == 1


def test_a_new_face_gets_a_number_by_which_later_steps_know_it(desk: Any, browser: Any) -> None:
    (image_id,) = desk.fill(1)
    item = first(browser)
    name = f"new-{uuid()}"
    step = {"step": uuid(), "edits": [{"id": uuid(), "face": name, "op": "create"}]}
    step["edits"][0]["after"] = {"box": [1, 2, 30, 40], "attributes": {"pose": 1}}
    status, said = browser.save(item, **step)
    assert status == 200
    number = said["ids"][name]
    # A browser that crashed before the answer sends the next step under the old name.
    item["image"]["version"] = said["version"]
    status, said = browser.save(item, (name, "box", {"box": [1, 2, 30, 41]}))
    assert status == 200, said
    (face,) = desk.stored(image_id)
    assert (face.id, face.box, face.origin) == (number, (1, 2, 30, 41), Origin.HUMAN)
    assert face.attributes == {"pose": 1}
    status, again = browser.save(item, **step)
    assert (status, again["ids"]) == (200, {name: number})
    assert len(desk.stored(image_id)) == 1


def test_a_step_that_is_sent_again_is_stored_once(desk: Any, browser: Any) -> None:
    desk.fill(1, FACE)
    item = first(browser)
    face = item["faces"][0]["id"]
    same = {
        "step": uuid(),
        "edits": [{"id": uuid(), "face": face, "op": "box", "after": {"box": [1, 2, 3, 4]}}],
        "done": True,
    }
    answers = [browser.save(item, **same) for _ in range(4)]
    assert all(answer == answers[0] for answer in answers)
    with desk.dataset.read() as connection:
        assert [edit.op for edit in edits.of_face(connection, face)] == ["box"]


def test_who_comes_late_gets_the_choice_and_loses_nothing(desk: Any, browser: Any) -> None:
    (image_id,) = desk.fill(1, FACE)
    item = first(browser)
    face = item["faces"][0]["id"]
    assert browser.save(item, (face, "box", {"box": [1, 2, 30, 40]}))[0] == 200
    status, said = browser.save(item, (face, "box", {"box": [5, 6, 70, 80]}))
    assert status == 409
    assert (said["image"], said["version"]) == (image_id, item["image"]["version"] + 1)
    assert said["faces"][0]["box"] == [1, 2, 30, 40]
    assert said["by"]
    assert said["at"]
    assert desk.stored(image_id)[0].box == (1, 2, 30, 40)
    item["image"]["version"] = said["version"]
    assert browser.save(item, (face, "box", {"box": [5, 6, 70, 80]}))[0] == 200
    assert desk.stored(image_id)[0].box == (5, 6, 70, 80)


def test_a_detector_never_takes_over_what_a_person_touched(desk: Any, browser: Any) -> None:
    touched, untouched = desk.fill(2, FACE)
    item = first(browser)
    assert browser.save(item, (item["faces"][0]["id"], "identity", {"identity": "Ada"}))[0] == 200
    assert browser.post("/label/undo", {})[0] == 200
    other = Face(box=(1, 1, 9, 9), score=0.8)
    desk.propose({touched: [other], untouched: [other]}, method="another")
    assert desk.stored(touched)[0].box == FACE.box
    assert desk.stored(untouched)[0].box == other.box


def test_an_image_that_a_detector_took_over_meanwhile_is_a_choice(desk: Any, browser: Any) -> None:
    (image_id,) = desk.fill(1, FACE)
    item = first(browser)
    desk.propose({image_id: [Face(box=(1, 1, 9, 9), score=0.8)]}, method="another")
    status, said = browser.save(item, (item["faces"][0]["id"], "accept", {}), done=True)
    assert status == 409
    assert said["by"] is None
    assert said["faces"][0]["box"] == [1, 1, 9, 9]


def test_undo_and_redo_go_back_and_forth_over_images(desk: Any, browser: Any) -> None:
    one, two = desk.fill(2, FACE)
    for image_id in (one, two):
        item = browser.get(f"/label/image/{image_id}")
        box = {"box": [1, 2, 30 + image_id, 40]}
        assert browser.save(item, (item["faces"][0]["id"], "box", box), done=True)[0] == 200
    after = {image_id: desk.stored(image_id)[0].box for image_id in (one, two)}

    def statuses() -> list[ImageStatus]:
        with desk.dataset.read() as connection:
            return [images.get(connection, image_id).status for image_id in (one, two)]

    undone = [browser.post("/label/undo", {})[1]["item"]["image"]["id"] for _ in range(2)]
    assert undone == [two, one]
    assert browser.post("/label/undo", {}) == (200, {"nothing": True})
    assert [desk.stored(i)[0].box for i in (one, two)] == [FACE.box, FACE.box]
    assert [desk.stored(i)[0].status for i in (one, two)] == [FaceStatus.PROPOSED] * 2
    assert statuses() == [ImageStatus.PROPOSED] * 2
    redone = [browser.post("/label/redo", {})[1]["item"]["image"]["id"] for _ in range(2)]
    assert redone == [one, two]
    assert browser.post("/label/redo", {}) == (200, {"nothing": True})
    assert {i: desk.stored(i)[0].box for i in (one, two)} == after
    assert statuses() == [ImageStatus.LABELLED] * 2


def test_an_undo_that_is_sent_again_takes_back_one_step(desk: Any, browser: Any) -> None:
    (image_id,) = desk.fill(1, FACE)
    for width in (31, 32):
        item = browser.get(f"/label/image/{image_id}")
        face = item["faces"][0]["id"]
        assert browser.save(item, (face, "box", {"box": [1, 2, width, 40]}))[0] == 200
    step = uuid()
    answers = [browser.post("/label/undo", {"step": step}) for _ in range(3)]
    assert [status for status, _ in answers] == [200] * 3
    assert desk.stored(image_id)[0].box == (1, 2, 31, 40)


def test_what_was_done_after_an_undo_ends_the_redo(desk: Any, browser: Any) -> None:
    (image_id,) = desk.fill(1, FACE)

    def draw(width: int) -> None:
        item = browser.get(f"/label/image/{image_id}")
        box = {"box": [1, 2, width, 40]}
        assert browser.save(item, (item["faces"][0]["id"], "box", box))[0] == 200

    draw(31)
    draw(32)
    browser.post("/label/undo", {})
    draw(33)
    assert browser.post("/label/redo", {}) == (200, {"nothing": True})
    browser.post("/label/undo", {})
    assert desk.stored(image_id)[0].box == (1, 2, 31, 40)
    browser.post("/label/undo", {})
    assert desk.stored(image_id)[0].box == FACE.box


def test_a_face_whose_making_is_undone_is_gone_and_comes_back_with_redo(
    desk: Any, browser: Any
) -> None:
    (image_id,) = desk.fill(1, FACE)
    item = first(browser)
    new = (f"new-{uuid()}", "create", {"box": [1, 2, 30, 40], "tags": ["late"]})
    assert browser.save(item, new)[0] == 200
    made = desk.stored(image_id)[1]
    browser.post("/label/undo", {})
    assert [face.box for face in desk.stored(image_id)] == [FACE.box]
    browser.post("/label/redo", {})
    again = desk.stored(image_id)[1]
    assert (again.id, again.box, again.tags, again.status) == (
        made.id,
        made.box,
        made.tags,
        made.status,
    )


@pytest.mark.parametrize("before", ["proposed", "corrected"])
def test_restore_gives_back_what_was_rejected(desk: Any, browser: Any, before: str) -> None:
    (image_id,) = desk.fill(1, FACE)
    item = first(browser)
    face = item["faces"][0]["id"]
    drawn = [(face, "box", {"box": [1, 2, 3, 4]})] if before == "corrected" else []
    status, said = browser.save(item, *drawn, (face, "reject", {}))
    assert (status, said["faces"], desk.stored(image_id)) == (200, [], [])
    item["image"]["version"] = said["version"]
    status, said = browser.save(item, (face, "box", {"box": [1, 2, 3, 5]}))
    assert (status, "rejected" in said["error"]) == (400, True)
    status, said = browser.save(item, (face, "restore", {}))
    assert said["faces"][0]["status"] == before
