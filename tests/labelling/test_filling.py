"""The queue is filled with what is doubtful, each with its reason, and with a stable sample."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from curator.cli.main import command_line
from curator.errors import InputError, NotFound
from curator.pipeline.doubts import Limits
from curator.pipeline.fill import FillRequest, fill_queue
from curator.progress import Silent
from curator.records import Face, Role, Task, User
from curator.store import labelling

ADA = User(name="Ada", role=Role.LABELLER)
NO_AUDIT = Limits(audit=0)


def tasks(desk: Any, image_ids: list[int]) -> dict[int, list[Task]]:
    with desk.dataset.read() as connection:
        return labelling.open_of(connection, image_ids)


def fill(desk: Any, **wanted: Any) -> Any:
    return fill_queue(desk.dataset, FillRequest(**{"limits": NO_AUDIT} | wanted), Silent())


def test_low_scores_and_odd_shapes_are_asked_about(desk: Any) -> None:
    # The eyes stand where the mouth should be, and the mouth where the eyes are.
    points = desk.face.landmarks
    swapped = replace(desk.face, landmarks=(*points[3:], points[2], *points[:2]))
    fine, low, odd = (
        desk.fill(1, face, name=name)[0]
        for name, face in (
            ("fine", desk.face),
            ("low", replace(desk.face, score=0.31)),
            ("odd", swapped),
        )
    )
    report = fill(desk)
    assert (report.images, report.added) == (3, 2)
    found = tasks(desk, [fine, low, odd])
    assert {i: [(t.reason, t.face_id) for t in each] for i, each in found.items()} == {
        low: [("low-score", 2)],
        odd: [("shape", 3)],
    }
    assert found[low][0].detail == "score 0.31"
    assert fill(desk).added == 0


def test_two_detectors_that_disagree_are_asked_about(desk: Any) -> None:
    x_min, y_min, x_max, y_max = desk.face.box
    moved = replace(desk.face, box=(x_min + 16, y_min, x_max + 16, y_max), landmarks=None)
    moved = replace(moved, visibility=None, scheme=None)
    other = Face(box=(120, 20, 180, 90), score=0.8)
    same, shifted, unseen, more = (desk.fill(1, desk.face, name=name)[0] for name in "abcd")
    theirs = {same: [desk.face], shifted: [moved], unseen: [], more: [desk.face, other]}
    desk.propose(theirs, method="yunet@640")
    # The first detector's proposals speak again, as after a run of a better one.
    desk.propose({i: [desk.face] for i in theirs}, method="scrfd@640")
    report = fill(desk, compare_with="yunet")
    assert report.found == {"disagreement": 3}
    found = {i: [t.detail for t in each] for i, each in tasks(desk, list(theirs)).items()}
    assert found == {
        # 34 of 66 columns are common.
        shifted: ["yunet: boxes overlap by 0.52"],
        unseen: ["yunet does not see this face"],
        more: ["yunet sees one more face, such as at (120, 20), score 0.80"],
    }
    with pytest.raises(NotFound, match="detector 'nobody' has not run over this dataset"):
        fill(desk, compare_with="nobody")


def test_the_audit_is_a_stable_share(desk: Any) -> None:
    ids = desk.fill(400, desk.face)

    def drawn(**limits: Any) -> set[int]:
        fill(desk, limits=Limits(**limits))
        return set(tasks(desk, ids))

    first = drawn(audit=0.05, seed=1)
    # Binomial: 400 times 5 % is 20, and 4 standard deviations are 17.
    assert 3 <= len(first) <= 37
    assert drawn(audit=0.05, seed=1) == first
    assert drawn(audit=0.2, seed=1) > first
    (task, *_) = tasks(desk, [min(first)])[min(first)]
    assert (task.reason, task.priority) == ("audit", 0.1)


def test_what_people_have_looked_at_is_not_asked_again(desk: Any, browser: Any) -> None:
    (image_id,) = desk.fill(1, replace(desk.face, score=0.2), replace(desk.face, score=0.3))
    assert fill(desk).added == 2
    (item,) = browser.get("/label/grid?count=1")["faces"]
    accepted = {
        "image": image_id,
        "version": item["version"],
        "face": item["face"]["id"],
        "face_version": item["face"]["version"],
    }
    step = "00000000-0000-0000-0000-000000000000"
    assert browser.post("/label/grid", {"step": step, "accept": [accepted]})[0] == 200
    assert fill(desk).added == 0
    (left,) = tasks(desk, [image_id])[image_id]
    assert left.face_id != item["face"]["id"]


def test_the_command_says_what_waits(desk: Any, capsys: pytest.CaptureFixture[str]) -> None:
    desk.fill(2, replace(desk.face, score=0.2))
    words = ["queue", "-d", str(desk.dataset.folder), "--audit", "100", "--json"]
    with pytest.raises(SystemExit) as end:
        command_line()(words)
    assert end.value.code == 0
    report = json.loads(capsys.readouterr().out)
    assert report["added"] == 4
    assert report["waiting"] == {"audit": 2, "low-score": 2}
    with pytest.raises(InputError, match="audit lies between 0 and 1"):
        fill(desk, limits=Limits(audit=7))
