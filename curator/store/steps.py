"""Steps: what each person did, what of it is taken back, and how fast it went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from curator.records import Step, StepKind
from curator.store.rows import columns
from curator.store.schema import step

# Every save asks these: built once, they cost half as much.
_ADD = insert(step)
_GET = select(step).where(step.c.id == bindparam("step_id"))


def add(connection: Connection, item: Step) -> None:
    """Store a step; its id may not be known."""
    connection.execute(_ADD, columns(item))


def get(connection: Connection, step_id: str) -> Step | None:
    """One step, None where it is not known."""
    row = connection.execute(_GET, {"step_id": step_id}).one_or_none()
    return None if row is None else _record(row)


def standing(connection: Connection, user: str) -> Step | None:
    """What this person did last and has not taken back."""
    query = _saves(user).where(step.c.undone.is_(False)).order_by(step.c.number.desc())
    row = connection.execute(query.limit(1)).one_or_none()
    return None if row is None else _record(row)


def taken_back(connection: Connection, user: str) -> Step | None:
    """What this person took back last; None where something was done after it."""
    last = (
        select(func.coalesce(func.max(step.c.number), 0))
        .where(step.c.user == user, step.c.kind == StepKind.SAVE, step.c.undone.is_(False))
        .scalar_subquery()
    )
    query = _saves(user).where(step.c.undone, step.c.number > last).order_by(step.c.number)
    row = connection.execute(query.limit(1)).one_or_none()
    return None if row is None else _record(row)


def undoing(connection: Connection, step_id: str) -> Step | None:
    """The newest step that took this one back."""
    query = select(step).where(step.c.target == step_id, step.c.kind == StepKind.UNDO)
    row = connection.execute(query.order_by(step.c.number.desc()).limit(1)).one_or_none()
    return None if row is None else _record(row)


def set_undone(connection: Connection, step_id: str, undone: bool) -> None:
    """Say whether a step is taken back."""
    connection.execute(update(step).where(step.c.id == step_id).values(undone=undone))


def finished_since(connection: Connection, user: str, since: datetime) -> int:
    """How many images this person finished from a moment on."""
    query = select(func.coalesce(func.sum(step.c.images), 0)).where(
        step.c.user == user, step.c.at >= since, step.c.undone.is_(False)
    )
    return int(connection.execute(query).scalar_one())


def totals(connection: Connection) -> dict[str, tuple[int, int]]:
    """How many images and faces each person has finished."""
    query = (
        select(step.c.user, func.sum(step.c.images), func.sum(step.c.faces))
        .where(step.c.kind == StepKind.SAVE, step.c.undone.is_(False))
        .group_by(step.c.user)
        .order_by(func.sum(step.c.images).desc(), step.c.user)
    )
    return {name: (images, faces) for name, images, faces in connection.execute(query)}


def measured(connection: Connection, user: str, *, limit: int) -> Sequence[Step]:
    """The last steps of a person that finished faces and whose time is known, newest first."""
    query = (
        _saves(user)
        .where(step.c.undone.is_(False), step.c.faces > 0, step.c.seconds.is_not(None))
        .order_by(step.c.number.desc())
        .limit(limit)
    )
    return [_record(row) for row in connection.execute(query)]


def _saves(user: str) -> Any:
    return select(step).where(step.c.user == user, step.c.kind == StepKind.SAVE)


def _record(row: Row[Any]) -> Step:
    return Step(
        id=row.id,
        user=row.user,
        at=row.at,
        kind=StepKind(row.kind),
        target=row.target,
        undone=row.undone,
        images=row.images,
        faces=row.faces,
        seconds=row.seconds,
        actions=row.actions,
    )
