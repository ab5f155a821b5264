"""Leases: an image is one person's for five minutes, so that no two do the same work."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, select
from sqlalchemy.dialects import postgresql, sqlite

from curator.records import Lease
from curator.store.rows import batches, now
from curator.store.schema import image, lease

FOR = timedelta(minutes=5)
# Every save asks this: built once, it costs half as much.
_RELEASE = delete(lease).where(
    lease.c.image_id.in_(bindparam("ids", expanding=True)), lease.c.user == bindparam("of_user")
)


def is_free(user: str) -> ColumnElement[bool]:
    """Whether this person may be given an image: nobody else has it."""
    other = exists().where(
        lease.c.image_id == image.c.id, lease.c.user != user, lease.c.until > now()
    )
    return ~other.correlate(image)


def take(connection: Connection, image_ids: Iterable[int], user: str) -> dict[int, Lease]:
    """Lease images that are free or one's own already; those of others are absent."""
    moment = now()
    until = moment + FOR
    ids = list(image_ids)
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    if ids:
        taking = dialect.insert(lease)
        taking = taking.on_conflict_do_update(
            index_elements=[lease.c.image_id],
            set_={"user": taking.excluded.user, "until": taking.excluded.until},
            where=(lease.c.user == user) | (lease.c.until <= moment),
        )
        rows = [{"image_id": i, "user": user, "until": until} for i in ids]
        connection.execute(taking, rows)
    return {i: found for i, found in of(connection, ids).items() if found.user == user}


def renew(connection: Connection, image_ids: Iterable[int], user: str) -> dict[int, Lease]:
    """Keep one's images for another five minutes.

    Those that ran out are taken again where nobody else has them; the others are absent.
    """
    known: list[int] = []
    for batch in batches(image_ids):
        known += connection.execute(select(image.c.id).where(image.c.id.in_(batch))).scalars()
    return take(connection, known, user)


def release(connection: Connection, image_ids: Iterable[int], user: str) -> None:
    """Give one's images back."""
    for batch in batches(image_ids):
        connection.execute(_RELEASE, {"ids": batch, "of_user": user})


def of(connection: Connection, image_ids: Iterable[int]) -> dict[int, Lease]:
    """The leases of these images that have not run out."""
    found: dict[int, Lease] = {}
    moment = now()
    for batch in batches(image_ids):
        query = select(lease).where(lease.c.image_id.in_(batch), lease.c.until > moment)
        for row in connection.execute(query):
            found[row.image_id] = Lease(image_id=row.image_id, user=row.user, until=row.until)
    return found
