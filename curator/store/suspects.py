"""Suspects: proposed faces one by one, the most doubtful first, for a page of crops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, literal, select

from curator.records import Face, FaceStatus, Image, ImageStatus
from curator.store import faces, images, leases
from curator.store.labelling import Asker, QueueFilter, for_asker, passes
from curator.store.schema import face, image, labelling


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A proposed face, and why it is doubtful: the reason of a task, or its score."""

    image: Image
    face: Face
    reason: str
    detail: str


def suspects(
    connection: Connection,
    wanted: QueueFilter,
    asker: Asker,
    *,
    count: int,
    holds: Sequence[int] = (),
) -> list[Suspect]:
    """The most doubtful proposed faces that nobody else has before them.

    Those that tasks point to come first, then the others by score, the lowest first.

    Args:
        connection: A reading or writing one.
        wanted: Which part of the queue.
        asker: Who asks.
        count: How many faces.
        holds: Faces that this person has before them already.
    """
    found: dict[int, tuple[str, str]] = {}
    queries = [_pointed_out(wanted, asker), _by_score(wanted, asker)]
    for query in queries if wanted.reason is None else queries[:1]:
        rows = connection.execute(query.where(face.c.id.not_in(holds)).limit(2 * count))
        for face_id, reason, detail in rows:
            if len(found) < count:
                found.setdefault(face_id, (reason, detail))
    return _records(connection, found)


def _records(connection: Connection, found: Mapping[int, tuple[str, str]]) -> list[Suspect]:
    rows = connection.execute(select(face).where(face.c.id.in_(found)))
    by_id = {row.id: faces.record_of(row) for row in rows}
    shown = images.many(connection, {row.image_id or 0 for row in by_id.values()})
    return [
        Suspect(
            image=shown[by_id[face_id].image_id or 0],
            face=by_id[face_id],
            reason=reason,
            detail=detail,
        )
        for face_id, (reason, detail) in found.items()
    ]


def _pointed_out(wanted: QueueFilter, asker: Asker) -> Select[Any]:
    return (
        select(face.c.id, labelling.c.reason, labelling.c.detail)
        .join(labelling, labelling.c.face_id == face.c.id)
        .join(image, image.c.id == face.c.image_id)
        .where(labelling.c.done_at.is_(None), *for_asker(wanted, asker), *_shown(wanted, asker))
        .order_by(labelling.c.priority.desc(), labelling.c.id.desc())
    )


def _by_score(wanted: QueueFilter, asker: Asker) -> Select[Any]:
    return (
        select(face.c.id, literal("score"), literal(""))
        .join(image, image.c.id == face.c.image_id)
        .where(*_shown(wanted, asker))
        .order_by(face.c.score)
    )


def _shown(wanted: QueueFilter, asker: Asker) -> list[ColumnElement[bool]]:
    conditions = [
        face.c.status == FaceStatus.PROPOSED,
        images.is_current(),
        image.c.status == ImageStatus.PROPOSED,
        leases.is_free(asker.user),
        *passes(wanted),
    ]
    # The face itself, not another one of its image.
    if wanted.identity is not None:
        conditions.append(face.c.identity == wanted.identity)
    if wanted.face_min is not None:
        conditions.append(face.c.y_max - face.c.y_min >= wanted.face_min)
    return conditions
