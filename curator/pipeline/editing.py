"""What one edit does to a face: from what a browser says to a checked, new record.

Nothing here knows the store. A face's fields go by the names of the annotator: ``box``,
``points``, ``visibility``, ``scheme``, ``attributes``, ``identity``, ``tags``, ``status``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import structs

from curator.attributes import attribute_problem
from curator.errors import InputError
from curator.records import Face, FaceStatus, Op, Origin
from curator.schemes import SCHEMES

Fields = dict[str, Any]

# Far outside of any image: a coordinate beyond it is a mistake, not a face at the edge.
_FAR = 1e6
_MOST = 100
_TEXT = 200
FIELDS = ("box", "points", "visibility", "scheme", "attributes", "identity", "tags", "status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One edit as it is asked for.

    Attributes:
        id: UUID of the edit.
        face: The number of a face, or ``new-<uuid>`` for one that is being created.
        after: The fields as they are to be; those of an attribute or tag list as a whole.
    """

    id: str
    face: int | str
    op: Op
    after: Mapping[str, Any]


def said(face: Face) -> Fields:
    """Everything that edits can change about a face, as plain JSON values."""
    return {
        "box": list(face.box),
        "points": None if face.landmarks is None else [list(point) for point in face.landmarks],
        "visibility": None if face.visibility is None else list(face.visibility),
        "scheme": face.scheme,
        "attributes": dict(face.attributes),
        "identity": face.identity,
        "tags": list(face.tags),
        "status": str(face.status),
    }


def difference(old: Face, new: Face) -> tuple[Fields, Fields]:
    """The fields that differ, as they were and as they became."""
    before, after = said(old), said(new)
    changed = [name for name in FIELDS if before[name] != after[name]]
    return {name: before[name] for name in changed}, {name: after[name] for name in changed}


def with_fields(face: Face, fields: Mapping[str, Any]) -> Face:
    """The face with these fields of an edit; the values were checked when they were made."""
    values: Fields = {}
    for name, value in fields.items():
        if name == "points":
            values["landmarks"] = None if value is None else tuple((x, y) for x, y in value)
        elif name == "status":
            values["status"] = FaceStatus(value)
        elif name in {"box", "visibility", "tags"}:
            values[name] = None if value is None else tuple(value)
        else:
            values[name] = value
    return structs.replace(face, **values, version=face.version + 1)


def created(change: Change, image_id: int) -> Face:
    """The face that a person adds.

    Raises:
        InputError: if what is said of it cannot be.
    """
    if "box" not in change.after:
        raise InputError("a new face needs a box")
    status = {"status": FaceStatus.ACCEPTED}
    blank = Face(box=(0, 0, 1, 1), origin=Origin.HUMAN, image_id=image_id, version=0)
    return with_fields(blank, _checked(change.after, blank, FIELDS) | status)


def changed(face: Face, change: Change, before_rejection: FaceStatus | None) -> Face:
    """The face after one edit.

    Args:
        face: As it is.
        change: Any but ``create`` and ``done``.
        before_rejection: What ``restore`` gives back.

    Raises:
        InputError: if what is said cannot be, or the face is rejected and is to be changed.
    """
    rejected = face.status is FaceStatus.REJECTED
    if change.op is Op.RESTORE:
        status = before_rejection or FaceStatus.PROPOSED
        return with_fields(face, {"status": status} if rejected else {})
    if change.op is Op.REJECT:
        return with_fields(face, {"status": FaceStatus.REJECTED})
    if rejected:
        raise InputError(f"face {change.face} is rejected; restore it before changing it")
    if change.op is Op.ACCEPT:
        proposed = face.status is FaceStatus.PROPOSED
        return with_fields(face, {"status": FaceStatus.ACCEPTED} if proposed else {})
    fields = _checked(change.after, face, _SAYS[change.op])
    if not fields:
        raise InputError(f"an edit of {change.op} needs {' or '.join(_SAYS[change.op])}")
    mine = face.origin is Origin.HUMAN
    return with_fields(face, fields | ({} if mine else {"status": FaceStatus.CORRECTED}))


_SAYS: Mapping[Op, tuple[str, ...]] = {
    Op.BOX: ("box",),
    Op.POINTS: ("points", "visibility", "scheme"),
    Op.VISIBILITY: ("visibility",),
    Op.ATTRIBUTES: ("attributes",),
    Op.IDENTITY: ("identity",),
    Op.TAGS: ("tags",),
}


def _checked(after: Mapping[str, Any], face: Face, names: tuple[str, ...]) -> Fields:
    """The fields of these names that are there, each right by itself and with the others."""
    fields = {name: _CHECKS[name](after[name]) for name in names if name in _CHECKS.keys() & after}
    if {"points", "visibility", "scheme"} & fields.keys():
        fields |= _points_that_fit(fields, face)
    return fields


def _points_that_fit(fields: Fields, face: Face) -> Fields:
    """Points, visibility and scheme, of which some are new and the rest are the face's."""
    old = said(face)
    points = fields.get("points", old["points"])
    if points is None:
        if fields.get("visibility") is not None:
            raise InputError("a face without points has no visibility")
        return {"points": None, "visibility": None, "scheme": None}
    scheme = fields.get("scheme", old["scheme"]) or "5"
    count = len(SCHEMES[scheme])
    if len(points) != count:
        raise InputError(f"scheme {scheme} has {count} points, not {len(points)}")
    visibility = fields.get("visibility", old["visibility"]) or [2] * count
    if len(visibility) != count:
        raise InputError(f"visibility has one value a point: {count}, not {len(visibility)}")
    return {"points": points, "visibility": visibility, "scheme": scheme}


def _box(value: object) -> list[float]:
    if not isinstance(value, list) or len(value) != 4:
        raise InputError("a box is four numbers: x_min, y_min, x_max, y_max")
    x_min, y_min, x_max, y_max = (_coordinate(number) for number in value)
    if x_max <= x_min or y_max <= y_min:
        raise InputError("a box needs x_min < x_max and y_min < y_max")
    return [x_min, y_min, x_max, y_max]


def _coordinate(value: object) -> float:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not abs(number) <= _FAR:
        raise InputError(f"a coordinate is a number of pixels, not {_short(value)}")
    return float(number)


def _points(value: object) -> list[list[float]] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > 1000:
        raise InputError("points are a list of [x, y]")
    pairs = [point for point in value if isinstance(point, list) and len(point) == 2]
    if len(pairs) < len(value):
        raise InputError("points are a list of [x, y]")
    return [[_coordinate(x), _coordinate(y)] for x, y in pairs]


def _visibility(value: object) -> list[int] | None:
    if value is None:
        return None
    right = isinstance(value, list) and all(type(v) is int and v in {0, 1, 2} for v in value)
    if not isinstance(value, list) or not right:
        raise InputError("visibility is a list of 0 (not labelled), 1 (hidden), 2 (visible)")
    return value


def _scheme(value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or value not in SCHEMES):
        raise InputError(f"a scheme is one of {', '.join(SCHEMES)}, not {_short(value)}")
    return value


def _attributes(value: object) -> Fields:
    if not isinstance(value, dict) or len(value) > _MOST:
        raise InputError(f"attributes are at most {_MOST} names with a value each")
    for name, said_value in value.items():
        text(name, "the name of an attribute", longest=64)
        if isinstance(said_value, str):
            text(said_value, f"attribute {name}")
        elif not isinstance(said_value, int | float) or not abs(said_value) <= 1e300:
            raise InputError(f"attribute {_short(name)} is a number, a text, true or false")
        problem = attribute_problem(name, said_value)
        if problem is not None:
            raise InputError(_short(problem, 120))
    return value


def _identity(value: object) -> str | None:
    return None if value in (None, "") else text(value, "an identity")


def _tags(value: object) -> list[str]:
    if not isinstance(value, list) or len(value) > _MOST:
        raise InputError(f"tags are a list of at most {_MOST} words")
    return list(dict.fromkeys(text(tag, "a tag", longest=100) for tag in value))


def text(value: object, what: str, *, longest: int = _TEXT) -> str:
    """A text that both databases can hold.

    Raises:
        InputError: if it is none, or is empty, too long, or has characters that cannot be stored.
    """
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise InputError(f"{what} is a text of 1 to {longest} characters, not {_short(value)}")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise InputError(f"{what} has a character that cannot be stored")
    return value


def _short(value: object, length: int = 60) -> str:
    shown = value if isinstance(value, str) and length > 60 else repr(value)
    return shown if len(shown) <= length else f"{shown[:length]}…"


_CHECKS: Mapping[str, Callable[[object], Any]] = {
    "box": _box,
    "points": _points,
    "visibility": _visibility,
    "scheme": _scheme,
    "attributes": _attributes,
    "identity": _identity,
    "tags": _tags,
}
