"""What the Label and People pages hand to the browser, without one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from curator.app.canvas import scripts
from curator.pipeline.correct import Save, save
from curator.records import Face, Role, User
from curator.schemes import SCHEMES
from curator.store import images


def test_the_editor_is_told_whose_work_it_is_and_what_is_asked_for(
    filled: Any, visit: Callable[..., Any]
) -> None:
    data = visit("label", view="Faces", identity="Ada").component("canvas")
    assert (data["mode"], data["filters"]) == ("grid", {"identity": "Ada"})
    assert data["user"]
    assert filled.dataset.folder.name not in str(data)
    assert set(data["scheme"]) == set(SCHEMES)
    for name, drawn in data["scheme"].items():
        assert len(drawn["names"]) == len(drawn["tones"]) == len(SCHEMES[name])
        assert {index for link in drawn["links"] for index in link} <= set(range(int(name)))


def test_filters_are_chosen_and_cleared(filled: Any, visit: Callable[..., Any]) -> None:
    page = visit("label")
    page.field("Source").set_value("web")
    page.field("Some face has a height of at least").set_value(32)
    page.app.run()
    assert page.component("canvas")["filters"] == {"source": "web", "face_min": 32}
    page.button("Clear the filters").click()
    page.app.run()
    assert page.component("canvas")["filters"] == {}


@pytest.mark.parametrize("reason", ["conflict", "review:"])
def test_links_from_other_pages_ask_for_a_reason(
    filled: Any, visit: Callable[..., Any], reason: str
) -> None:
    page = visit("label", reason=reason)
    assert page.component("canvas")["filters"] == {"reason": reason}
    page.field("Why it is shown").set_value(None)
    page.app.run()
    assert page.component("canvas")["filters"] == {}


def test_without_any_faces_the_way_to_proposals_is_shown(
    studio: Any, visit: Callable[..., Any]
) -> None:
    studio.add("a.jpg")
    page = visit("label")
    assert page.button("Detect faces")
    assert page.component("canvas")["mode"] == "image"


@pytest.mark.parametrize("name", ["mount.js", "nothing.js", "..%2f..%2fguard.py", "scripts.py"])
def test_only_the_modules_of_the_editor_are_given_out(client: Any, name: str) -> None:
    response, body = client.get(scripts.address(name))
    if name == "mount.js":
        assert response.headers["Content-Type"].startswith("text/javascript")
        assert "immutable" in response.headers["Cache-Control"]
        assert b"export function mount" in body
        old, same = client.get("/canvas/0123456789abcdef/mount.js")
        assert (old.headers["Cache-Control"], same) == ("private, no-cache", body)
    else:
        assert response.status == 404


def test_people_are_shown_with_what_they_did(studio: Any, visit: Callable[..., Any]) -> None:
    image_id = studio.add("a.jpg")
    studio.propose({image_id: [Face(box=(1, 1, 9, 9), score=0.9)]})
    ada = User(name="Ada", role=Role.LABELLER)
    with studio.dataset.read() as connection:
        version = images.get(connection, image_id).version
    done = Save(
        image_id=image_id, version=version, step=str(uuid4()), done=True, seconds=3.0, actions=2
    )
    save(studio.dataset, ada, done)
    page = visit("people")
    (table,) = page.app.dataframe
    (line,) = table.value.to_dict("records")
    assert line["person"] == "Ada"
    assert (line["images"], line["faces"]) == (1, 1)
    assert (line["seconds a face"], line["actions a face"]) == (3.0, 2.0)
