"""Faces: what runs proposed, what people imported or corrected, and which of them count."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, insert, or_, select, update

from curator.records import Face, FaceStatus, Image, Origin
from curator.store import images
from curator.store.rows import batches
from curator.store.schema import face, image

# Every save asks these: built once, they cost half as much.
_ADD = insert(face)
_PUT = update(face).where(face.c.id == bindparam("face_id"))
_OF_IMAGES = (
    select(face)
    .join(image, image.c.id == face.c.image_id)
    .where(
        face.c.image_id.in_(bindparam("ids", expanding=True)),
        or_(face.c.run_id == image.c.run_id, face.c.origin == Origin.HUMAN),
    )
    .order_by(face.c.id)
)


def add(connection: Connection, faces: Sequence[Face]) -> None:
    """Store faces; each needs an ``image_id``."""
    if faces:
        connection.execute(insert(face), [_row(item) for item in faces])


def current(connection: Connection, image_ids: Iterable[int]) -> dict[int, tuple[Face, ...]]:
    """The faces that count, by image, in the order they were stored; () where there are none."""
    found: dict[int, list[Face]] = {}
    for batch in batches(image_ids):
        found.update((image_id, []) for image_id in batch)
        query = (
            select(face)
            .join(image, image.c.id == face.c.image_id)
            .where(face.c.image_id.in_(batch), images.is_current())
            .order_by(face.c.id)
        )
        for row in connection.execute(query):
            found[row.image_id].append(record_of(row))
    return {image_id: tuple(faces) for image_id, faces in found.items()}


def of_image(connection: Connection, image_id: int) -> dict[int, Face]:
    """The faces that count and those that people rejected, by id, in the order they came."""
    return of_images(connection, [image_id])[image_id]


def of_images(connection: Connection, image_ids: Sequence[int]) -> dict[int, dict[int, Face]]:
    """Likewise, of a few images at once."""
    found: dict[int, dict[int, Face]] = {image_id: {} for image_id in image_ids}
    for row in connection.execute(_OF_IMAGES, {"ids": list(image_ids)}):
        found[row.image_id][row.id] = record_of(row)
    return found


def put(connection: Connection, item: Face) -> int:
    """Store one face, new or changed; return its id."""
    if item.id is None:
        key = connection.execute(_ADD, _row(item)).inserted_primary_key
        assert key is not None  # noqa: S101 - the database always answers an insert
        return int(key[0])
    connection.execute(_PUT, _row(item) | {"face_id": item.id})
    return item.id


def identities(connection: Connection, prefix: str, *, limit: int) -> list[str]:
    """The names of people that begin like this, whatever their letters' size."""
    query = (
        select(face.c.identity)
        .where(face.c.identity.istartswith(prefix, autoescape=True))
        .distinct()
        .order_by(face.c.identity)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def touched(connection: Connection, image_ids: Iterable[int]) -> set[int]:
    """Which of these images hold work that a person did here, not merely imported."""
    by_hand = or_(
        face.c.origin == Origin.HUMAN,
        face.c.status.in_([FaceStatus.CORRECTED, FaceStatus.REJECTED]),
        and_(face.c.origin == Origin.DETECTOR, face.c.status == FaceStatus.ACCEPTED),
    )
    found: set[int] = set()
    for batch in batches(image_ids):
        query = select(face.c.image_id).where(face.c.image_id.in_(batch), by_hand).distinct()
        found.update(connection.execute(query).scalars())
        edited = select(image.c.id).where(image.c.id.in_(batch), images.is_edited())
        found.update(connection.execute(edited).scalars())
    return found


def of_run(connection: Connection, run_id: int) -> list[Face]:
    """Everything one run proposed or imported, whatever became of it."""
    query = select(face).where(face.c.run_id == run_id).order_by(face.c.id)
    return [record_of(row) for row in connection.execute(query)]


def proposed_by(
    connection: Connection, run_id: int, image_ids: Iterable[int]
) -> dict[int, list[Face]]:
    """What one run found on these images, whatever became of it; [] where it found nothing."""
    found: dict[int, list[Face]] = {}
    for batch in batches(image_ids):
        found.update((image_id, []) for image_id in batch)
        query = select(face).where(face.c.image_id.in_(batch), face.c.run_id == run_id)
        for row in connection.execute(query.order_by(face.c.id)):
            found[row.image_id].append(record_of(row))
    return found


def outlines(connection: Connection) -> dict[int, list[tuple[float, str | None]]]:
    """Height in pixels and identity of every current face, by image."""
    query = (
        select(face.c.image_id, face.c.y_max - face.c.y_min, face.c.identity)
        .join(image, image.c.id == face.c.image_id)
        .where(images.is_current())
    )
    found: dict[int, list[tuple[float, str | None]]] = {}
    for image_id, height, identity in connection.execute(query):
        found.setdefault(image_id, []).append((height, identity))
    return found


def count(connection: Connection) -> int:
    """How many faces count."""
    query = (
        select(func.count())
        .select_from(face)
        .join(image, image.c.id == face.c.image_id)
        .where(images.is_current())
    )
    return int(connection.execute(query).scalar_one())


def labelled(
    connection: Connection, wanted: images.ImageFilter
) -> Iterator[tuple[Image, tuple[Face, ...]]]:
    """Images that pass the filter with their current faces, by name of the image."""
    page: list[Image] = []
    for record in images.find(connection, wanted):
        page.append(record)
        if len(page) == 500:
            yield from _with_faces(connection, page)
            page = []
    yield from _with_faces(connection, page)


def _with_faces(
    connection: Connection, page: Sequence[Image]
) -> Iterator[tuple[Image, tuple[Face, ...]]]:
    faces = current(connection, [record.id for record in page])
    for record in page:
        yield record, faces[record.id]


def _row(item: Face) -> dict[str, Any]:
    x_min, y_min, x_max, y_max = item.box
    return {
        "image_id": item.image_id,
        "run_id": item.run_id,
        "x_min": x_min,
        "y_min": y_min,
        "x_max": x_max,
        "y_max": y_max,
        "landmarks": item.landmarks,
        "visibility": item.visibility,
        "scheme": item.scheme,
        "attributes": dict(item.attributes),
        "score": item.score,
        "origin": item.origin,
        "status": item.status,
        "identity": item.identity,
        "version": item.version,
        "tags": list(item.tags),
    }


def record_of(row: Row[Any]) -> Face:
    """The frozen record of a face row."""
    points = row.landmarks
    return Face(
        id=row.id,
        image_id=row.image_id,
        run_id=row.run_id,
        box=(row.x_min, row.y_min, row.x_max, row.y_max),
        landmarks=None if points is None else tuple((x, y) for x, y in points),
        visibility=None if row.visibility is None else tuple(row.visibility),
        scheme=row.scheme,
        attributes=row.attributes,
        score=row.score,
        origin=Origin(row.origin),
        status=FaceStatus(row.status),
        identity=row.identity,
        version=row.version,
        tags=tuple(row.tags),
    )
