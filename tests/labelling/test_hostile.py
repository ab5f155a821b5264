"""Whatever is sent, the answer is a sentence and nothing of it is stored."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

BOX = {"box": [1, 2, 30, 40]}
DEEP = b"[" * 100_000


def edit(face: Any, op: Any, after: Any, **more: Any) -> dict[str, Any]:
    return {"id": str(uuid4()), "face": face, "op": op, "after": after} | more


EDITS: dict[str, tuple[Any, Any]] = {
    "a box of three numbers": ("box", {"box": [1, 2, 3]}),
    "a box of text": ("box", {"box": ["1", "2", "3", "4"]}),
    "a box of booleans": ("box", {"box": [False, False, True, True]}),
    "a reversed box": ("box", {"box": [30, 2, 1, 40]}),
    "a box without width": ("box", {"box": [1, 2, 1, 40]}),
    "a box in another galaxy": ("box", {"box": [1, 2, 1e300, 40]}),
    "an edit that says nothing": ("box", {}),
    "four points": ("points", {"points": [[1, 2]] * 4}),
    "points of one number": ("points", {"points": [[1]] * 5}),
    "points of an unknown scheme": ("points", {"points": [[1, 2]] * 5, "scheme": "7"}),
    "a visibility of seven": ("visibility", {"visibility": [2, 2, 2, 2, 7]}),
    "a visibility of two points": ("visibility", {"visibility": [2, 2]}),
    "a blur of nine": ("attributes", {"attributes": {"blur": 9}}),
    "a nested attribute": ("attributes", {"attributes": {"a": {"b": 1}}}),
    "an attribute without a name": ("attributes", {"attributes": {"": 1}}),
    "attributes as a list": ("attributes", {"attributes": [1]}),
    "a number for a name": ("identity", {"identity": 7}),
    "a name of a page": ("identity", {"identity": "x" * 1000}),
    "a zero byte": ("identity", {"identity": "a\0b"}),
    "tags as text": ("tags", {"tags": "abc"}),
    "a thousand tags": ("tags", {"tags": [str(i) for i in range(1000)]}),
    "an unknown op": ("delete", {}),
    "an op of ours": ("done", {}),
    "an op that is no text": ([], {}),
    "after as text": ("box", "box"),
}


def test_a_value_that_cannot_be_is_a_sentence(desk: Any, browser: Any) -> None:
    (image_id,) = desk.fill(1, desk.face)
    before = desk.image(image_id), desk.stored(image_id)
    (item,) = browser.get("/label/next")["items"]
    face = item["faces"][0]["id"]
    for what, (op, after) in EDITS.items():
        status, said = browser.save(item, edits=[edit(face, "box", BOX), edit(face, op, after)])
        assert status == 400, what
        assert 10 < len(said["error"]) < 250, what
        assert "\n" not in said["error"], what
        assert (desk.image(image_id), desk.stored(image_id)) == before, what


BODIES = (
    b"",
    b"null",
    b"[]",
    b"\xff\xfe",
    b'{"image": NaN}',
    b'{"image": 1, "version": Infinity}',
    b'{"image": "1", "version": 1}',
    b'{"image": 1.5, "version": 1}',
    b'{"image": true, "version": 1}',
    b'{"image": 99999999999999999999, "version": 1}',
    b'{"image": 1, "version": 1, "step": "../../etc/passwd"}',
    b'{"image": -1, "version": 1}',
    b'{"x": "\\ud800"}',
    DEEP,
    b'{"x": "' + b"x" * 3_000_000 + b'"}',
)


def test_a_body_that_is_no_request_is_a_sentence(browser: Any) -> None:
    for route in ("save", "choose"):
        for body in BODIES:
            status, said = browser.post(f"/label/{route}", body)
            assert (status, len(said["error"]) < 250) == (400, True), body[:40]
    for route in ("undo", "redo", "grid", "renew", "release"):
        for body in (b"", b"null", b"[]", b"\xff", DEEP, b'{"step": NaN}', b'{"step": 7}'):
            status, _ = browser.post(f"/label/{route}", body)
            assert status == 400 or (route in {"renew", "release"} and body == b'{"step": 7}')


def test_a_filter_that_cannot_be_is_a_sentence(browser: Any) -> None:
    for query in ("status=gone", "count=x", "except=1,x", "image=-1", "face_min=wide"):
        for route in ("next", "grid"):
            status, said = browser.send("GET", f"/label/{route}?{query}")
            assert (status, bool(said["error"])) == (400, True), query


def test_faces_of_other_images_cannot_be_reached(desk: Any, browser: Any) -> None:
    one, two = desk.fill(2, desk.face)
    item = browser.get(f"/label/image/{one}")
    other = browser.get(f"/label/image/{two}")["faces"][0]["id"]
    for face in (other, 10**6, f"new-{uuid4()}"):
        status, said = browser.save(item, (face, "box", BOX))
        assert (status, said["error"]) == (400, f"image {one} has no face {face}")
    assert desk.stored(two)[0].box == desk.face.box
    missing = {"image": item["image"] | {"id": 4711}}
    assert browser.save(missing, (other, "box", BOX))[0] == 404
    assert browser.send("GET", "/label/image/4711")[0] == 404
    assert browser.send("GET", "/label/image/99999999999999999999")[0] == 404


def test_a_write_without_the_token_is_refused(desk: Any, browser: Any) -> None:
    (image_id,) = desk.fill(1, desk.face)
    item = browser.get(f"/label/image/{image_id}")
    body = json.dumps(
        {"image": image_id, "version": item["image"]["version"], "step": str(uuid4()), "done": True}
    ).encode()
    for headers in ({}, {"X_XSRF_Token": ""}, {"X_XSRF_Token": "guess"}):
        status, said = browser.send("POST", "/label/save", body, **headers)
        assert (status, "X-XSRF-Token" in said["error"]) == (403, True)
    token = browser.cookies.pop("curator_xsrf")
    assert browser.send("POST", "/label/save", body, X_XSRF_Token=token)[0] == 403
    assert desk.stored(image_id)[0].status == "proposed"


def test_hostile_words_come_back_as_they_went_in(desk: Any, browser: Any) -> None:
    words = ["<img src=x onerror=alert(1)>", "');DROP TABLE face;--", "{{7*7}}", "\u202eevil", "💥"]
    (image_id,) = desk.fill(1, desk.face, name=words[0])
    item = browser.get(f"/label/image/{image_id}")
    assert item["image"]["name"] == words[0]
    face = item["faces"][0]["id"]
    status, said = browser.save(
        item,
        (face, "tags", {"tags": words}),
        (face, "identity", {"identity": words[1]}),
        (face, "attributes", {"attributes": dict.fromkeys(words, words[0])}),
    )
    assert status == 200
    assert said["faces"][0]["tags"] == words
    assert browser.get("/label/identities?prefix=')%3Bdrop") == [words[1]]
    assert browser.get("/label/identities?prefix=%25") == []
    assert desk.stored(image_id)[0].attributes == dict.fromkeys(words, words[0])
