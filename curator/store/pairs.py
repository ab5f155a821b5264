"""How images look, and which pairs of them look alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, delete, insert, select, update

from curator.records import CopyKind, ImageStatus, Pair
from curator.store import images
from curator.store.rows import batches
from curator.store.schema import appearance, face, image, pair

WHOLE = 0


@dataclass(frozen=True, slots=True)
class Look:
    """How an image, or one face of it, looks.

    Attributes:
        face_id: ``WHOLE`` for the image.
        version: Of the face; 1 for an image, whose bytes never change.
        hashes: 64-bit hashes, 8 bytes each.
        thumbnail: Grey levels, row by row.
    """

    image_id: int
    face_id: int
    version: int
    hashes: bytes
    thumbnail: bytes


def images_without_look(connection: Connection, method: str) -> list[int]:
    """Readable images that nobody has looked at so, in the order they came."""
    done = and_(
        appearance.c.image_id == image.c.id,
        appearance.c.face_id == WHOLE,
        appearance.c.method == method,
    )
    query = (
        select(image.c.id)
        .outerjoin(appearance, done)
        .where(appearance.c.image_id.is_(None), image.c.status != ImageStatus.UNREADABLE)
        .order_by(image.c.id)
    )
    return list(connection.execute(query).scalars())


def images_with_new_faces(connection: Connection, method: str) -> list[int]:
    """Images with a current face that has points, and was not looked at as it is now."""
    done = and_(
        appearance.c.image_id == face.c.image_id,
        appearance.c.face_id == face.c.id,
        appearance.c.version == face.c.version,
        appearance.c.method == method,
    )
    query = (
        select(face.c.image_id)
        .join(image, image.c.id == face.c.image_id)
        .outerjoin(appearance, done)
        .where(
            images.is_current(),
            face.c.landmarks.is_not(None),
            image.c.status != ImageStatus.UNREADABLE,
            appearance.c.image_id.is_(None),
        )
        .distinct()
        .order_by(face.c.image_id)
    )
    return list(connection.execute(query).scalars())


def put_looks(connection: Connection, looks: Sequence[Look], method: str) -> None:
    """Store how images and faces look, in place of what was stored before."""
    for batch in batches(looks):
        for item in batch:
            connection.execute(
                delete(appearance).where(
                    appearance.c.image_id == item.image_id, appearance.c.face_id == item.face_id
                )
            )
        rows = [
            {
                "image_id": item.image_id,
                "face_id": item.face_id,
                "version": item.version,
                "method": method,
                "hashes": item.hashes,
                "thumbnail": item.thumbnail,
            }
            for item in batch
        ]
        connection.execute(insert(appearance), rows)


def looks(connection: Connection, method: str, *, faces: bool) -> Iterator[Look]:
    """All looks of images, or of faces that count as they are now."""
    query = select(appearance).where(appearance.c.method == method)
    if faces:
        query = (
            query.join(face, face.c.id == appearance.c.face_id)
            .join(image, image.c.id == face.c.image_id)
            .where(images.is_current(), appearance.c.version == face.c.version)
        )
    else:
        query = query.where(appearance.c.face_id == WHOLE)
    for row in connection.execute(query.order_by(appearance.c.image_id, appearance.c.face_id)):
        yield Look(row.image_id, row.face_id, row.version, row.hashes, row.thumbnail)


def replace_found(connection: Connection, found: Sequence[Pair]) -> None:
    """What the machine found now, in place of what it found before; people's word stays."""
    kept = {
        (row.first, row.second)
        for row in connection.execute(
            select(pair.c.first, pair.c.second).where(pair.c.user.is_not(None))
        )
    }
    connection.execute(delete(pair).where(pair.c.user.is_(None)))
    rows = [_row(item) for item in found if (item.first, item.second) not in kept]
    for batch in batches(rows):
        connection.execute(insert(pair), batch)


def decide(connection: Connection, image_ids: Iterable[int], kind: CopyKind, user: str) -> int:
    """A person says what all pairs among these images are; returns how many pairs."""
    ids = list(image_ids)
    among = and_(pair.c.first.in_(ids), pair.c.second.in_(ids))
    return connection.execute(update(pair).where(among).values(kind=kind, user=user)).rowcount


def every(connection: Connection) -> list[Pair]:
    """All pairs, by their images; also those that a person called different."""
    return [
        Pair(
            first=row.first,
            second=row.second,
            kind=CopyKind(row.kind),
            distance=row.distance,
            correlation=row.correlation,
            mirrored=row.mirrored,
            user=row.user,
        )
        for row in connection.execute(select(pair).order_by(pair.c.first, pair.c.second))
    ]


def _row(item: Pair) -> dict[str, object]:
    return {
        "first": item.first,
        "second": item.second,
        "kind": item.kind,
        "distance": item.distance,
        "correlation": item.correlation,
        "mirrored": item.mirrored,
        "user": item.user,
    }
