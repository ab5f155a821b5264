"""Tags of a review that were taken over: each becomes a task or an edit once."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select

from curator.store.rows import insert_new, now
from curator.store.schema import review_tag

Tagged = tuple[int, str, str]
"""Image id; ``image``, ``face:12`` or ``found:`` and corners; the tag."""


def known(connection: Connection, run_id: int) -> set[Tagged]:
    """All that were taken over for a run."""
    query = select(review_tag.c.image_id, review_tag.c.subject, review_tag.c.tag)
    rows = connection.execute(query.where(review_tag.c.run_id == run_id))
    return {(row.image_id, row.subject, row.tag) for row in rows}


def add(connection: Connection, run_id: int, tagged: Iterable[Tagged]) -> None:
    """These are taken over."""
    moment = now()
    rows = [
        {"run_id": run_id, "image_id": image_id, "subject": subject, "tag": tag, "at": moment}
        for image_id, subject, tag in tagged
    ]
    insert_new(connection, review_tag, rows)


def forget(connection: Connection, run_id: int, tagged: Iterable[Tagged]) -> None:
    """These tags were taken away: set again, they count again."""
    for image_id, subject, tag in tagged:
        connection.execute(
            delete(review_tag).where(
                review_tag.c.run_id == run_id,
                review_tag.c.image_id == image_id,
                review_tag.c.subject == subject,
                review_tag.c.tag == tag,
            )
        )
