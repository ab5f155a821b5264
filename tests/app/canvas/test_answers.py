"""Where two people said different things of an image, a third decides with one key."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from curator.config import settings
from curator.pipeline import queue
from curator.pipeline.correct import Save, save
from curator.pipeline.editing import Change
from curator.records import Op, Role, User
from curator.store.labelling import QueueFilter

pytestmark = pytest.mark.browser


def answer(server: Any, user: str, name: str, box: list[float]) -> None:
    """This person moves the one face of the image, and is done."""
    person = User(name=user, role=Role.LABELLER)
    (item,) = queue.next_items(server.dataset, person, QueueFilter(identity=name), count=4)
    ((face, _),) = item.faces
    moved = Change(id=str(uuid4()), face=face, op=Op.BOX, after={"box": box})
    wanted = {"image_id": item.image.id, "version": item.version, "step": str(uuid4())}
    save(server.dataset, person, Save(**wanted, changes=(moved,), done=True))


def test_a_reviewer_takes_one_of_two_answers(
    server: Any, bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_SECOND_OPINION", "1")
    settings.cache_clear()
    image_id = server.add("answers.jpg", server.face(100, 80, 180, 190, identity="answers"))
    answer(server, "Ada", "answers", [100, 80, 180, 190.5])
    answer(server, "Ben", "answers", [10, 10, 60, 60])
    monkeypatch.undo()
    settings.cache_clear()
    bench.open(identity="answers")
    dialog = bench.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Take Ben's").wait_for()
    shown = dialog.locator(".answer span").all_text_contents()
    # The space bar from the image before decides nothing.
    bench.keys("Space")
    place = next(number for number, text in enumerate(shown, 1) if "Ben" in text)
    bench.keys(str(place))
    dialog.wait_for(state="detached")
    bench.saved()
    (stored,) = server.faces(image_id)
    assert stored.box == (10, 10, 60, 60)
    bench.page.get_by_text("No more images like that").wait_for()
