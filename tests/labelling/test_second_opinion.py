"""Two people say what they see without knowing of each other; where they differ a third decides."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from curator.cli.main import command_line
from curator.config import settings
from curator.errors import StaleEdit
from curator.evaluate.agreement import cohen_kappa, compare
from curator.pipeline import correct, queue
from curator.pipeline.agreement import agreement
from curator.pipeline.correct import Save, save
from curator.pipeline.deciding import choose
from curator.pipeline.editing import Change
from curator.pipeline.queue import Item
from curator.records import Face, FaceStatus, Op, Role, User
from curator.store.labelling import QueueFilter

ADA, BEN = User(name="Ada", role=Role.LABELLER), User(name="Ben", role=Role.LABELLER)
REA = User(name="Rea", role=Role.REVIEWER)
BOX = [25.0, 25.0, 75.0, 90.0]
FAR = [120.0, 20.0, 180.0, 90.0]


@pytest.fixture(autouse=True)
def everything_is_asked_twice(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CURATOR_SECOND_OPINION", "1")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def change(face: int | str, op: Op, **after: Any) -> Change:
    return Change(id=str(uuid4()), face=face, op=op, after=after)


def ask(desk: Any, user: User) -> list[Item]:
    return queue.next_items(desk.dataset, user, QueueFilter(), count=4)


def finish(desk: Any, user: User, item: Item, *changes: Change) -> None:
    wanted = Save(
        image_id=item.image.id,
        version=item.version,
        step=str(uuid4()),
        changes=changes,
        done=True,
    )
    save(desk.dataset, user, wanted)


def two_answers(desk: Any, ada: list[Change], ben: list[Change], count: int = 1) -> int:
    """Ada finishes an image, then Ben is asked; the image."""
    (image_id,) = desk.fill(count, desk.face)
    (item,) = ask(desk, ADA)
    finish(desk, ADA, item, *ada)
    (item,) = ask(desk, BEN)
    finish(desk, BEN, item, *ben)
    return image_id


def test_the_second_person_sees_what_the_machine_said_and_nothing_else(desk: Any) -> None:
    (image_id,) = desk.fill(1, desk.face)
    (item,) = ask(desk, ADA)
    new = change(f"new-{uuid4()}", Op.CREATE, box=FAR)
    draw = change(1, Op.BOX, box=BOX)
    finish(desk, ADA, item, draw, change(1, Op.IDENTITY, identity="Grace"), new)
    assert ask(desk, ADA) == []
    (item,) = ask(desk, BEN)
    assert item.blind
    ((key, face),) = item.faces
    assert (key, face.box, face.identity) == (1, desk.face.box, None)
    assert (face.status, face.version) == (FaceStatus.PROPOSED, 1)
    assert [task.reason for task in item.why] == ["second-opinion"]
    finish(desk, BEN, item, change(1, Op.ATTRIBUTES, attributes={"blur": 1}))
    # What Ada said stands, and nobody is asked a third time.
    stored = desk.stored(image_id)
    assert [(f.box, f.identity) for f in stored] == [(tuple(BOX), "Grace"), (tuple(FAR), None)]
    assert stored[0].attributes == {}
    assert ask(desk, BEN) == ask(desk, ADA) == []


def test_equal_answers_need_nobody_else(desk: Any) -> None:
    two_answers(desk, [change(1, Op.BOX, box=BOX)], [change(1, Op.BOX, box=BOX)])
    assert ask(desk, REA) == []


@pytest.mark.parametrize("winner", ["Ada", "Ben"])
def test_a_conflict_is_a_reviewers_to_decide(desk: Any, winner: str) -> None:
    extra = change(f"new-{uuid4()}", Op.CREATE, box=FAR, tags=["second row"])
    image_id = two_answers(desk, [change(1, Op.BOX, box=BOX)], [extra])
    assert ask(desk, ADA) == ask(desk, BEN) == []
    (item,) = ask(desk, REA)
    assert [task.reason for task in item.why] == ["conflict"]
    assert item.why[0].detail == "Ada and Ben: 1 and 2 faces, 1 of them the same"
    assert not item.blind
    said = {user: [face.box for _, face in faces] for user, faces in item.answers.items()}
    assert said == {"Ada": [tuple(BOX)], "Ben": [desk.face.box, tuple(FAR)]}
    step = str(uuid4())
    for _ in range(2):
        choose(desk.dataset, REA, image_id, version=item.version, step=step, author=winner)
    assert [face.box for face in desk.stored(image_id)] == said[winner]
    assert ask(desk, REA) == []
    # The decision is one step that can be taken back: the conflict waits again.
    assert correct.undo(desk.dataset, REA) == image_id
    assert [face.box for face in desk.stored(image_id)] == said["Ada"]
    assert [item.why[0].reason for item in ask(desk, REA)] == ["conflict"]


def test_undo_of_a_second_opinion_asks_again_and_leaves_the_first_alone(desk: Any) -> None:
    extra = change(f"new-{uuid4()}", Op.CREATE, box=FAR)
    image_id = two_answers(desk, [change(1, Op.BOX, box=BOX)], [extra])
    before = desk.stored(image_id)
    assert correct.undo(desk.dataset, BEN) == image_id
    assert desk.stored(image_id) == before
    (item,) = ask(desk, BEN)
    assert item.blind
    assert [face.box for _, face in item.faces] == [desk.face.box]
    assert correct.redo(desk.dataset, BEN) == image_id
    assert ask(desk, BEN) == []
    with pytest.raises(StaleEdit, match="changed by Ada meanwhile"):
        finish(desk, BEN, replace(item, version=1))


def test_agreement_is_what_the_answers_say(desk: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shift = [desk.face.box[0] + 5, *desk.face.box[1:]]
    points = [[x + 3, y] for x, y in desk.face.landmarks]
    two_answers(
        desk,
        [change(1, Op.ATTRIBUTES, attributes={"blur": 1})],
        [
            change(1, Op.BOX, box=shift),
            change(1, Op.POINTS, points=points),
            change(1, Op.ATTRIBUTES, attributes={"blur": 2}),
        ],
    )
    report = agreement(desk.dataset)
    both = report.everybody
    assert [item.user for item in report.by_user] == ["Ada", "Ben"]
    assert (both.images, both.faces, both.face_agreement, both.conflicts) == (1, 1, 1.0, 1)
    # 45 of 50 columns are common; the eyes are 30 pixels apart and each point moved by 3.
    assert both.iou == pytest.approx(45 / 50)
    assert both.nme == pytest.approx(3 / 30)
    assert both.kappa == {"blur": 0.0}
    with pytest.raises(SystemExit) as end:
        command_line()(["agreement", "-d", str(desk.dataset.folder), "--json"])
    assert end.value.code == 0
    assert json.loads(capsys.readouterr().out)["everybody"]["nme"] == pytest.approx(0.1)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60))
def test_kappa_is_that_of_scikit_learn(answers: list[tuple[int, int]]) -> None:
    first, second = zip(*answers, strict=True)
    ours = cohen_kappa(first, second)
    if len(set(first) | set(second)) == 1:
        # There scikit-learn warns and gives NaN as well.
        assert math.isnan(ours)
    else:
        theirs = cohen_kappa_score(first, second)
        assert ours == pytest.approx(theirs, abs=1e-12)


def test_faces_are_paired_so_that_most_overlap() -> None:
    one = [Face(box=(0, 0, 10, 10)), Face(box=(3, 0, 13, 10))]
    other = [Face(box=(2, 0, 12, 10)), Face(box=(5, 0, 15, 10)), Face(box=(50, 0, 60, 10))]
    found = compare(one, other)
    assert found.pairs == ((one[0], other[0]), (one[1], other[1]))
    assert found.ious == pytest.approx([8 / 12, 8 / 12])
    assert found.only == (0, 1)
    assert np.isnan(found.nmes).all()
    nothing = compare([], other)
    assert (nothing.pairs, nothing.only) == ((), (0, 3))
