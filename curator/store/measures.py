"""Measures: what was measured of which version of a face, and which faces still wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from curator.records import ImageStatus, Measures
from curator.store import images
from curator.store.rows import batches
from curator.store.schema import (
    appearance,
    face,
    image,
    measure,
    pair,
    proposed_attribute,
    run,
    run_image,
)

FACE, PAIR = "face", "pair"


@dataclass(frozen=True, slots=True)
class Line:
    """A current face with what is known of it; ``numbers`` is empty where nothing is.

    Attributes:
        numbers: Name -> raw number, of the face as it is now.
    """

    face_id: int
    image_id: int
    numbers: dict[str, float]
    attributes: dict[str, Any]
    source: str
    query: str


def waiting(connection: Connection, kind: str, suite: str) -> list[int]:
    """Images with a current face that was not measured so, in the order they came."""
    done = and_(
        measure.c.face_id == face.c.id,
        measure.c.kind == kind,
        measure.c.suite == suite,
        measure.c.version == face.c.version,
    )
    query = (
        select(face.c.image_id)
        .join(image, image.c.id == face.c.image_id)
        .outerjoin(measure, done)
        .where(
            images.is_current(),
            image.c.status != ImageStatus.UNREADABLE,
            measure.c.face_id.is_(None),
        )
        .distinct()
        .order_by(face.c.image_id)
    )
    return list(connection.execute(query).scalars())


def put(connection: Connection, kind: str, found: Sequence[Measures]) -> int:
    """Store measures in place of older ones of the same faces.

    A face that was edited while it was measured is left out: it waits again.

    Returns:
        How many were stored.
    """
    stored = 0
    for batch in batches(found):
        now = versions(connection, [item.face_id for item in batch])
        good = [item for item in batch if now.get(item.face_id) == item.version]
        if not good:
            continue
        connection.execute(
            delete(measure).where(
                measure.c.kind == kind, measure.c.face_id.in_([item.face_id for item in good])
            )
        )
        connection.execute(insert(measure), [_row(kind, item) for item in good])
        stored += len(good)
    return stored


def of(connection: Connection, face_ids: Iterable[int]) -> dict[int, list[Measures]]:
    """What is known of these faces as they are now, by face."""
    found: dict[int, list[Measures]] = {}
    for batch in batches(face_ids):
        query = (
            select(measure)
            .join(face, face.c.id == measure.c.face_id)
            .where(measure.c.face_id.in_(batch), measure.c.version == face.c.version)
            .order_by(measure.c.kind)
        )
        for row in connection.execute(query):
            found.setdefault(row.face_id, []).append(
                Measures(
                    face_id=row.face_id,
                    version=row.version,
                    suite=row.suite,
                    values=row.numbers,
                    methods=row.methods,
                    problems=row.problems,
                )
            )
    return found


def versions(connection: Connection, face_ids: Iterable[int]) -> dict[int, int]:
    """The version that each of these faces has now."""
    found: dict[int, int] = {}
    for batch in batches(face_ids):
        rows = connection.execute(select(face.c.id, face.c.version).where(face.c.id.in_(batch)))
        found.update(rows.all())
    return found


def carry(connection: Connection, since: Mapping[int, int]) -> None:
    """What was found of these faces holds on for them as they are now.

    Args:
        connection: A writing one.
        since: Number of a face -> the version it had; nothing has moved since.
    """
    now = versions(connection, since)
    moves = [{"_face": i, "_old": since[i], "_new": new} for i, new in now.items()]
    for table in (measure, proposed_attribute, appearance):
        known = (table.c.face_id == bindparam("_face")) & (table.c.version == bindparam("_old"))
        if moves:
            connection.execute(update(table).where(known).values(version=bindparam("_new")), moves)


def lines(connection: Connection) -> Iterator[Line]:
    """Every current face with its measures, by id; those of an older version do not count."""
    now = and_(measure.c.face_id == face.c.id, measure.c.version == face.c.version)
    query = (
        select(
            face.c.id,
            face.c.image_id,
            measure.c.numbers,
            face.c.attributes,
            image.c.source,
            image.c.query,
        )
        .join(image, image.c.id == face.c.image_id)
        .outerjoin(measure, now)
        .where(images.is_current())
        .order_by(face.c.id, measure.c.kind)
    )
    last: Line | None = None
    for face_id, image_id, numbers, attributes, source, searched in connection.execute(query):
        if last is not None and last.face_id == face_id:
            last.numbers.update(numbers or {})
            continue
        if last is not None:
            yield last
        last = Line(face_id, image_id, numbers or {}, attributes, source, searched or "")
    if last is not None:
        yield last


def other_detector(connection: Connection) -> dict[int, int]:
    """Image id -> the newest detector run that visited it beside the run that speaks for it."""
    query = (
        select(run_image.c.image_id, func.max(run_image.c.run_id))
        .join(run, run.c.id == run_image.c.run_id)
        .join(image, image.c.id == run_image.c.image_id)
        .where(run.c.kind == "detect", run_image.c.reason.is_(None), image.c.run_id != run.c.id)
        .group_by(run_image.c.image_id)
    )
    return dict(connection.execute(query).all())


def count(connection: Connection) -> tuple[int, int]:
    """How many faces count, and how many of them are measured as they are now."""
    measured = select(measure.c.face_id).where(
        measure.c.face_id == face.c.id,
        measure.c.kind == FACE,
        measure.c.version == face.c.version,
    )
    query = (
        select(func.count(), func.count().filter(measured.exists()))
        .select_from(face)
        .join(image, image.c.id == face.c.image_id)
        .where(images.is_current())
    )
    total, done = connection.execute(query).one()
    return int(total), int(done)


def stamp(connection: Connection) -> tuple[int, ...]:
    """Numbers that change when :func:`lines` would give something else."""
    of_faces = select(func.count(), func.coalesce(func.sum(face.c.version), 0)).select_from(face)
    of_measures = select(func.count(), func.coalesce(func.sum(measure.c.version), 0)).select_from(
        measure
    )
    of_pairs = select(
        func.count(), func.count().filter(pair.c.kind == "copy"), func.count(pair.c.user)
    ).select_from(pair)
    spoken = select(
        func.coalesce(func.sum(image.c.run_id), 0),
        func.count().filter(image.c.status == ImageStatus.LABELLED),
    ).select_from(image)
    return tuple(
        int(value)
        for query in (of_faces, of_measures, of_pairs, spoken)
        for value in connection.execute(query).one()
    )


def _row(kind: str, item: Measures) -> dict[str, Any]:
    return {
        "face_id": item.face_id,
        "kind": kind,
        "version": item.version,
        "suite": item.suite,
        "numbers": dict(item.values),
        "methods": dict(item.methods),
        "problems": dict(item.problems),
    }
