"""Second opinions: what several people say of one image, each without seeing the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from curator.records import Face, Opinion
from curator.records.faces import FaceStatus, Origin
from curator.store.rows import now
from curator.store.schema import opinion

# Every save asks this: built once, it costs half as much.
_OF = select(opinion).where(
    opinion.c.image_id == bindparam("of_image"), opinion.c.user == bindparam("of_user")
)


def begin(
    connection: Connection, image_id: int, user: str, faces: Mapping[str, Face], *, done: bool
) -> Opinion:
    """What a person says of an image, from these faces on; an earlier answer is replaced."""
    moment = now()
    values = {
        "faces": [_document(key, face) for key, face in faces.items()],
        "version": 1,
        "created_at": moment,
        "done_at": moment if done else None,
    }
    mine = (opinion.c.image_id == image_id) & (opinion.c.user == user)
    if connection.execute(update(opinion).where(mine).values(values)).rowcount == 0:
        connection.execute(insert(opinion).values(image_id=image_id, user=user, **values))
    return _record(connection.execute(select(opinion).where(mine)).one())


def put(connection: Connection, item: Opinion) -> None:
    """Store what has become of an opinion."""
    connection.execute(
        update(opinion)
        .where(opinion.c.id == item.id)
        .values(
            faces=[_document(key, face) for key, face in item.faces.items()],
            version=item.version,
            done_at=item.done_at,
        )
    )


def of(connection: Connection, image_id: int, user: str) -> Opinion | None:
    """What this person says of an image, None where nobody asked."""
    row = connection.execute(_OF, {"of_image": image_id, "of_user": user}).one_or_none()
    return None if row is None else _record(row)


def under_way(connection: Connection, image_ids: Sequence[int], user: str) -> dict[int, Opinion]:
    """What this person was asked about a few images and has not answered yet, by image."""
    query = select(opinion).where(
        opinion.c.image_id.in_(image_ids), opinion.c.user == user, opinion.c.done_at.is_(None)
    )
    return {row.image_id: _record(row) for row in connection.execute(query)}


def get(connection: Connection, opinion_id: int) -> Opinion:
    """One opinion that is there."""
    return _record(connection.execute(select(opinion).where(opinion.c.id == opinion_id)).one())


def given(connection: Connection, image_id: int) -> list[Opinion]:
    """The finished opinions on an image, oldest first."""
    query = select(opinion).where(opinion.c.image_id == image_id, opinion.c.done_at.is_not(None))
    return [_record(row) for row in connection.execute(query.order_by(opinion.c.id))]


def every(connection: Connection) -> Iterator[Opinion]:
    """All finished opinions, by image, then oldest first."""
    query = select(opinion).where(opinion.c.done_at.is_not(None))
    rows = connection.execution_options(yield_per=500).execute(
        query.order_by(opinion.c.image_id, opinion.c.id)
    )
    for row in rows:
        yield _record(row)


def _document(key: str, face: Face) -> dict[str, Any]:
    return {
        "key": key,
        "id": face.id,
        "box": face.box,
        "landmarks": face.landmarks,
        "visibility": face.visibility,
        "scheme": face.scheme,
        "attributes": dict(face.attributes),
        "identity": face.identity,
        "tags": list(face.tags),
        "score": face.score,
        "origin": face.origin,
        "status": face.status,
        "version": face.version,
    }


def _face(found: Mapping[str, Any], image_id: int) -> Face:
    points, visibility = found["landmarks"], found["visibility"]
    x_min, y_min, x_max, y_max = found["box"]
    return Face(
        id=found["id"],
        image_id=image_id,
        box=(x_min, y_min, x_max, y_max),
        landmarks=None if points is None else tuple((x, y) for x, y in points),
        visibility=None if visibility is None else tuple(visibility),
        scheme=found["scheme"],
        attributes=found["attributes"],
        identity=found["identity"],
        tags=tuple(found["tags"]),
        score=found["score"],
        origin=Origin(found["origin"]),
        status=FaceStatus(found["status"]),
        version=found["version"],
    )


def _record(row: Row[Any]) -> Opinion:
    return Opinion(
        id=row.id,
        image_id=row.image_id,
        user=row.user,
        faces={found["key"]: _face(found, row.image_id) for found in row.faces},
        version=row.version,
        created_at=row.created_at,
        done_at=row.done_at,
    )
