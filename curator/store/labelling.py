"""The queue: what people should look at, why, and what is left of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from curator.records import ImageStatus, NewTask, Reason, Task
from curator.store import images, leases
from curator.store.rows import batches, now
from curator.store.schema import face, image, labelling

# Every save asks this: built once, it costs half as much.
_OPEN_OF = (
    select(labelling)
    .where(
        labelling.c.image_id.in_(bindparam("ids", expanding=True)), labelling.c.done_at.is_(None)
    )
    .order_by(labelling.c.priority.desc(), labelling.c.id)
)
UNLABELLED = (ImageStatus.NEW, ImageStatus.PROPOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFilter:
    """Which part of the queue; every field left at its default lets all through.

    Attributes:
        reason: A word of :class:`Reason`; ``review:`` means every review.
        face_min: At least one current face of this height or more, pixels.
    """

    source: str | None = None
    identity: str | None = None
    split: str | None = None
    status: ImageStatus | None = None
    reason: str | None = None
    image: int | None = None
    face_min: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks for work.

    Attributes:
        decides: May be given conflicts.
        holds: Images that this person has before them already.
    """

    user: str
    decides: bool
    holds: Sequence[int] = ()


def enqueue(connection: Connection, tasks: Sequence[NewTask]) -> int:
    """Ask people to look at these; what waits already gets the new priority and detail.

    Returns:
        How many wait that did not before.
    """
    if not tasks:
        return 0
    before = _waiting(connection)
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    adding = dialect.insert(labelling)
    adding = adding.on_conflict_do_update(
        index_elements=["image_id", "subject", "reason"],
        index_where=labelling.c.done_at.is_(None),
        set_={
            "priority": adding.excluded.priority,
            "detail": adding.excluded.detail,
            "except_user": adding.excluded.except_user,
        },
    )
    moment = now()
    for batch in batches(tasks, 1000):
        connection.execute(adding, [_row(task) | {"created_at": moment} for task in batch])
    return _waiting(connection) - before


def open_of(connection: Connection, image_ids: Iterable[int]) -> dict[int, list[Task]]:
    """What waits, by image, the most urgent first; absent where nothing does."""
    found: dict[int, list[Task]] = {}
    for batch in batches(image_ids):
        for row in connection.execute(_OPEN_OF, {"ids": batch}):
            found.setdefault(row.image_id, []).append(_record(row))
    return found


def close(connection: Connection, task_ids: Iterable[int], user: str) -> None:
    """These were looked at."""
    for batch in batches(task_ids):
        connection.execute(
            update(labelling)
            .where(labelling.c.id.in_(batch), labelling.c.done_at.is_(None))
            .values(done_at=now(), done_by=user)
        )


def settled(connection: Connection, image_ids: Iterable[int]) -> set[tuple[int, int, str]]:
    """What people have looked at already: image, face or 0, reason."""
    found: set[tuple[int, int, str]] = set()
    for batch in batches(image_ids):
        query = select(labelling.c.image_id, labelling.c.subject, labelling.c.reason).where(
            labelling.c.image_id.in_(batch), labelling.c.done_at.is_not(None)
        )
        found.update((i, subject, reason) for i, subject, reason in connection.execute(query))
    return found


def reopen(connection: Connection, task_ids: Iterable[int]) -> None:
    """These wait again, unless the same was asked for anew meanwhile."""
    for batch in batches(task_ids):
        again = labelling.alias()
        waits = (
            select(again.c.id)
            .where(
                again.c.image_id == labelling.c.image_id,
                again.c.subject == labelling.c.subject,
                again.c.reason == labelling.c.reason,
                again.c.done_at.is_(None),
            )
            .exists()
        )
        connection.execute(
            update(labelling)
            .where(labelling.c.id.in_(batch), ~waits)
            .values(done_at=None, done_by=None)
        )


def next_images(connection: Connection, wanted: QueueFilter, asker: Asker, count: int) -> list[int]:
    """The images to look at next that nobody else has: the queue's, then what nobody labelled."""
    found: dict[int, None] = {}
    # What nobody asked about has no task to look for.
    asked = _queued(connection, wanted, asker) if wanted.reason != Reason.NEW else ()
    for image_id in asked:
        found[image_id] = None
        if len(found) == count:
            return list(found)
    if wanted.reason in (None, Reason.NEW):
        for image_id in _unlabelled(connection, wanted, asker, count):
            found[image_id] = None
    return list(found)[:count]


def left(connection: Connection, wanted: QueueFilter, asker: Asker) -> int:
    """How many images wait for this person, others' leases included."""
    tasks = _tasks(wanted, asker).with_only_columns(
        func.count(labelling.c.image_id.distinct()), maintain_column_froms=True
    )
    if wanted.reason not in (None, Reason.NEW):
        return int(connection.execute(tasks).scalar_one())
    # All that nobody labelled wait, with a task or without, and an index alone counts them.
    unlabelled = (
        select(func.count())
        .select_from(image)
        .where(image.c.status.in_(UNLABELLED), *passes(wanted))
    )
    again = tasks.where(image.c.status == ImageStatus.LABELLED)
    return sum(int(connection.execute(query).scalar_one()) for query in (unlabelled, again))


def counts(connection: Connection) -> dict[str, int]:
    """How many tasks wait for each reason."""
    query = (
        select(labelling.c.reason, func.count())
        .where(labelling.c.done_at.is_(None))
        .group_by(labelling.c.reason)
        .order_by(func.count().desc())
    )
    return dict(connection.execute(query).all())


def _queued(connection: Connection, wanted: QueueFilter, asker: Asker) -> Iterator[int]:
    query = (
        _tasks(wanted, asker)
        .where(leases.is_free(asker.user), image.c.id.not_in(asker.holds))
        .order_by(labelling.c.priority.desc(), labelling.c.id.desc())
    )
    yield from connection.execution_options(yield_per=64).execute(query).scalars()


def _unlabelled(connection: Connection, wanted: QueueFilter, asker: Asker, count: int) -> list[int]:
    """By name. Each status on its own, so that an index gives them in that order."""
    found: list[tuple[str, int]] = []
    for status in UNLABELLED:
        query = (
            select(image.c.name, image.c.id)
            .where(
                image.c.status == status,
                *passes(wanted),
                leases.is_free(asker.user),
                image.c.id.not_in(asker.holds),
            )
            .order_by(image.c.name)
            .limit(count)
        )
        found += [(row.name, row.id) for row in connection.execute(query)]
    return [image_id for _, image_id in sorted(found)]


def _tasks(wanted: QueueFilter, asker: Asker) -> Select[Any]:
    """The ids of images with tasks for this person, one row a task."""
    return (
        select(labelling.c.image_id)
        .join(image, image.c.id == labelling.c.image_id)
        .where(
            labelling.c.done_at.is_(None),
            image.c.status != ImageStatus.UNREADABLE,
            *for_asker(wanted, asker),
            *passes(wanted),
        )
    )


def for_asker(wanted: QueueFilter, asker: Asker) -> list[ColumnElement[bool]]:
    """Whether a task is of the wanted kind, and for this person."""
    conditions: list[ColumnElement[bool]] = [
        labelling.c.except_user.is_(None) | (labelling.c.except_user != asker.user)
    ]
    if not asker.decides:
        conditions.append(labelling.c.reason != Reason.CONFLICT)
    if wanted.reason == Reason.REVIEW:
        conditions.append(labelling.c.reason.startswith(Reason.REVIEW))
    elif wanted.reason is not None:
        conditions.append(labelling.c.reason == wanted.reason)
    return conditions


def passes(wanted: QueueFilter) -> list[ColumnElement[bool]]:
    """Whether an image is of the wanted part."""
    conditions: list[ColumnElement[bool]] = [
        column == value
        for column, value in (
            (image.c.id, wanted.image),
            (image.c.source, wanted.source),
            (image.c.split, wanted.split),
            (image.c.status, wanted.status),
        )
        if value is not None
    ]
    of_face: list[ColumnElement[bool]] = []
    if wanted.identity is not None:
        of_face.append(face.c.identity == wanted.identity)
    if wanted.face_min is not None:
        of_face.append(face.c.y_max - face.c.y_min >= wanted.face_min)
    if of_face:
        shown = select(face.c.id).where(
            face.c.image_id == image.c.id, images.is_current(), *of_face
        )
        conditions.append(shown.correlate(image).exists())
    return conditions


def _waiting(connection: Connection) -> int:
    query = select(func.count()).select_from(labelling).where(labelling.c.done_at.is_(None))
    return int(connection.execute(query).scalar_one())


def _row(task: NewTask) -> dict[str, Any]:
    return {
        "image_id": task.image_id,
        "face_id": task.face_id,
        "subject": task.face_id or 0,
        "reason": task.reason,
        "priority": task.priority,
        "detail": task.detail,
        "except_user": task.except_user,
    }


def _record(row: Row[Any]) -> Task:
    return Task(
        id=row.id,
        image_id=row.image_id,
        face_id=row.face_id,
        reason=row.reason,
        priority=row.priority,
        detail=row.detail,
        except_user=row.except_user,
        created_at=row.created_at,
        done_at=row.done_at,
        done_by=row.done_by,
    )
