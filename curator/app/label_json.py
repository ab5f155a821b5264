"""What the annotator sends and gets, as JSON: checked on the way in, plain on the way out."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import orjson
from starlette.datastructures import QueryParams

from curator.app.pictures import SHOWN_BY_BROWSERS, display_url, original_url, thumbnail_url
from curator.errors import InputError
from curator.pipeline import editing
from curator.pipeline.correct import Overtaken, Save, Saved
from curator.pipeline.editing import Change
from curator.pipeline.queue import Item
from curator.records import Edit, Face, ImageStatus, Op, Task
from curator.store.labelling import QueueFilter

T = TypeVar("T")
Json = dict[str, Any]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LARGEST = 2**31 - 1
MOST_EDITS = 2000
# What a browser may ask for; the others are made here.
_OPS = tuple(op for op in Op if op not in {Op.CHOOSE, Op.DONE})


def parsed(body: bytes) -> Json:
    """A JSON object; NaN and infinity are no JSON.

    Raises:
        InputError: if it is none.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as cause:
        raise InputError("the request is not JSON") from cause
    if not isinstance(value, dict):
        raise InputError("the request is not a JSON object")
    return value


def save_of(said: Json) -> Save:
    """What a person did to one image.

    Raises:
        InputError: if it is not of that form.
    """
    changes = listed(said, "edits", most=MOST_EDITS)
    seconds, actions = spent_of(said)
    done = said.get("done", False)
    if not isinstance(done, bool):
        raise InputError("done is true or false")
    save = Save(
        image_id=number(said, "image"),
        version=number(said, "version"),
        step=uuid(said, "step"),
        changes=tuple(_change(change) for change in changes),
        done=done,
        seconds=seconds,
        actions=actions,
    )
    ids = [change.id for change in save.changes]
    if len(set(ids)) < len(ids):
        raise InputError("two edits of one step have the same id")
    return save


def spent_of(said: Json) -> tuple[float | None, int | None]:
    """The seconds and the actions that a step took, where they were measured.

    Raises:
        InputError: if they are no numbers.
    """
    spent = said.get("spent") or {}
    if not isinstance(spent, dict):
        raise InputError("spent is an object with seconds and actions")
    actions = _measured(spent.get("actions"), "actions")
    seconds = _measured(spent.get("seconds"), "seconds")
    return seconds, None if actions is None else round(actions)


def filter_of(query: QueryParams) -> QueueFilter:
    """Which part of the queue an address asks for.

    Raises:
        InputError: if a value is of the wrong kind.
    """
    status = query.get("status") or None
    if status is not None and status not in set(ImageStatus):
        raise InputError(f"a status is one of {', '.join(ImageStatus)}")
    return QueueFilter(
        source=_word(query, "source"),
        identity=_word(query, "identity"),
        split=_word(query, "split"),
        reason=_word(query, "reason"),
        status=None if status is None else ImageStatus(status),
        image=ids_of(query, "image")[0] if query.get("image") else None,
        face_min=_pixels(query.get("face_min")),
    )


def ids_of(query: QueryParams, name: str) -> list[int]:
    """Numbers with commas between them; none where nothing is said.

    Raises:
        InputError: if there is something else.
    """
    words = [word for word in query.get(name, "").split(",") if word]
    if not all(re.fullmatch("[0-9]{1,10}", word) for word in words) or len(words) > 200:
        raise InputError(f"{name} is at most 200 numbers with commas between them")
    return [min(int(word), _LARGEST) for word in words]


def count_of(query: QueryParams, usual: int) -> int:
    """How many are asked for, at least one."""
    return max(1, next(iter(ids_of(query, "count")), usual))


def number(said: Mapping[str, Any], name: str) -> int:
    """A whole number of an object.

    Raises:
        InputError: if it is none, or one that no row can have.
    """
    value = said.get(name)
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise InputError(f"{name} is a whole number from 0 to {_LARGEST}")
    return value


def numbers(said: Mapping[str, Any], name: str) -> list[int]:
    """A list of whole numbers of an object.

    Raises:
        InputError: if it is none.
    """
    values = listed(said, name, most=200)
    return [number({name: value}, name) for value in values]


def uuid(said: Mapping[str, Any], name: str) -> str:
    """A UUID of an object.

    Raises:
        InputError: if it is none.
    """
    value = said.get(name)
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise InputError(f"{name} is a UUID in small letters")
    return value


def item_json(item: Item) -> Json:
    """An image to be labelled."""
    image = item.image
    shown = [face for _, face in item.faces]
    until = item.lease_until
    return {
        "image": {
            "id": image.id,
            "name": image.name,
            "width": image.width,
            "height": image.height,
            "version": item.version,
            "source": image.source,
            "licence": image.licence,
            "status": image.status,
            "split": image.split,
        },
        "display": display_url(image),
        # Browsers do not show every kind of image; the copy for the screen they all do.
        "original": original_url(image) if image.mime in SHOWN_BY_BROWSERS else None,
        "thumbnail": thumbnail_url(image, [] if item.blind else shown),
        "scheme": next((face.scheme for face in shown if face.scheme), "5"),
        "faces": faces_json(item.faces),
        "why": [task_json(task) for task in item.why]
        or [{"reason": "new", "detail": "", "face": None}],
        "lease_until": None if until is None else until.isoformat(),
        "blind": item.blind,
        "proposed": {str(face): said for face, said in item.proposed.items() if said},
        "answers": [
            {"user": user, "faces": faces_json(faces)} for user, faces in item.answers.items()
        ],
    }


def faces_json(faces: Sequence[tuple[int | str, Face]]) -> list[Json]:
    """Faces as the editor draws them."""
    return [face_json(key, face) for key, face in faces]


def face_json(key: int | str, face: Face) -> Json:
    """One face as the editor draws it."""
    return editing.said(face) | {
        "id": key,
        "score": face.score,
        "origin": face.origin,
        "version": face.version,
    }


def task_json(task: Task) -> Json:
    """Why something is to be looked at."""
    return {"reason": task.reason, "detail": task.detail, "face": task.face_id}


def saved_json(saved: Saved) -> Json:
    """The image after a save."""
    return {
        "image": saved.image_id,
        "version": saved.version,
        "faces": faces_json(saved.faces),
        "ids": dict(saved.ids),
    }


def overtaken_json(error: Overtaken) -> Json:
    """What is there now, for the person to choose."""
    return {
        "error": str(error),
        "image": error.image_id,
        "version": error.version,
        "faces": faces_json(error.faces),
        "by": error.by,
        "at": None if error.at is None else error.at.isoformat(),
    }


def edit_json(edit: Edit) -> Json:
    """A line of the history of a face."""
    return {
        "user": edit.user,
        "at": edit.at.isoformat(),
        "op": edit.op,
        "before": edit.before,
        "after": edit.after,
    }


def _change(said: object) -> Change:
    if not isinstance(said, dict):
        raise InputError("an edit is an object with id, face, op and after")
    op, face, after = said.get("op"), said.get("face"), said.get("after", {})
    if not isinstance(op, str) or op not in _OPS:
        raise InputError(f"an op is one of {', '.join(_OPS)}")
    if not isinstance(after, dict | None):
        raise InputError("after is an object with the fields as they are to be")
    if isinstance(face, str):
        uuid({"face": face.removeprefix("new-")}, "face")
    return Change(
        id=uuid(said, "id"),
        face=face if isinstance(face, str) else number(said, "face"),
        op=Op(op),
        after=after or {},
    )


def listed(said: Mapping[str, Any], name: str, *, most: int) -> list[Any]:
    """A list of an object; none where nothing is said.

    Raises:
        InputError: if it is none, or longer.
    """
    value = said.get(name, [])
    if not isinstance(value, list) or len(value) > most:
        raise InputError(f"{name} is a list of at most {most}")
    return value


def _measured(value: object, what: str) -> float | None:
    if value is None:
        return None
    right = isinstance(value, int | float) and not isinstance(value, bool)
    if not right or not isinstance(value, int | float) or not 0 <= value <= 1e6:
        raise InputError(f"{what} spent is a number from 0 to a million")
    return float(value)


def _word(query: QueryParams, name: str) -> str | None:
    value = query.get(name)
    return editing.text(value, name) if value else None


def _pixels(value: str | None) -> float | None:
    return _converted(float, value, "face_min") if value else None


def _converted(kind: Callable[[str], float], value: str, name: str) -> float:
    try:
        found = kind(value)
    except ValueError:
        found = math.nan
    if not 0 <= found < 1e6:
        raise InputError(f"{name} is a number of pixels")
    return found
