"""Edits: what people changed, added and never altered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select

from curator.records import Edit, Op
from curator.store.rows import batches, columns
from curator.store.schema import edit

# Every save asks these: built once, they cost half as much.
_ADD = insert(edit)
_KNOWN = select(edit.c.id).where(edit.c.id.in_(bindparam("ids", expanding=True)))


def add(connection: Connection, edits: Sequence[Edit]) -> None:
    """Store edits in their order; none of their ids may be known."""
    if edits:
        connection.execute(_ADD, [columns(item) for item in edits])


def known(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Which of these are stored already."""
    found: set[str] = set()
    for batch in batches(ids):
        found.update(connection.execute(_KNOWN, {"ids": batch}).scalars())
    return found


def of_step(connection: Connection, step: str) -> list[Edit]:
    """What one action did, in its order."""
    query = select(edit).where(edit.c.step == step).order_by(edit.c.number)
    return [_record(row) for row in connection.execute(query)]


def of_face(connection: Connection, face_id: int) -> list[Edit]:
    """The history of a face, oldest first; second opinions are no part of it."""
    query = select(edit).where(edit.c.face_id == face_id, edit.c.opinion_id.is_(None))
    return [_record(row) for row in connection.execute(query.order_by(edit.c.number))]


def of_image(connection: Connection, image_id: int) -> list[Edit]:
    """The history of an image, oldest first; second opinions are no part of it."""
    query = select(edit).where(edit.c.image_id == image_id, edit.c.opinion_id.is_(None))
    return [_record(row) for row in connection.execute(query.order_by(edit.c.number))]


def created(connection: Connection, image_id: int, subject: str) -> int | None:
    """The face that a browser called this before it had a number."""
    query = select(edit.c.face_id).where(
        edit.c.image_id == image_id, edit.c.subject == subject, edit.c.face_id.is_not(None)
    )
    return connection.execute(query.limit(1)).scalar()


def last(connection: Connection, image_id: int) -> tuple[str, datetime] | None:
    """Who changed the labels of an image last, and when."""
    query = (
        select(edit.c.user, edit.c.at)
        .where(edit.c.image_id == image_id, edit.c.opinion_id.is_(None))
        .order_by(edit.c.number.desc())
    )
    row = connection.execute(query.limit(1)).one_or_none()
    return None if row is None else (row.user, row.at)


def last_of_face(connection: Connection, face_id: int) -> str | None:
    """Who changed a face last."""
    query = select(edit.c.user).where(edit.c.face_id == face_id, edit.c.opinion_id.is_(None))
    return connection.execute(query.order_by(edit.c.number.desc()).limit(1)).scalar()


def by_others_since(
    connection: Connection, step: str, user: str, face_ids: Iterable[int]
) -> str | None:
    """Who else has changed one of these faces after a step, None where nobody has."""
    end = select(func.max(edit.c.number)).where(edit.c.step == step).scalar_subquery()
    for batch in batches(face_ids):
        query = select(edit.c.user).where(
            edit.c.face_id.in_(batch),
            edit.c.opinion_id.is_(None),
            edit.c.user != user,
            edit.c.number > end,
        )
        other = connection.execute(query.limit(1)).scalar()
        if other is not None:
            return str(other)
    return None


def _record(row: Row[Any]) -> Edit:
    return Edit(
        id=row.id,
        image_id=row.image_id,
        face_id=row.face_id,
        subject=row.subject,
        user=row.user,
        at=row.at,
        op=Op(row.op),
        before=row.before,
        after=row.after,
        step=row.step,
        version=row.version,
        opinion_id=row.opinion_id,
    )
