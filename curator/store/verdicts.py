"""What people decided about faces and images; the rules' own verdicts are never stored."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from curator.records import Decision, Verdict
from curator.store.rows import now
from curator.store.schema import verdict


def decide(connection: Connection, verdicts: Sequence[Verdict]) -> None:
    """Remember what a person decided, in place of what was decided before.

    Raises:
        ValueError: if a verdict has no user.
    """
    for item in verdicts:
        if not item.user:
            raise ValueError("a stored verdict is a person's, with a name")
        withdraw(connection, item.image_id, item.face_id)
        connection.execute(
            insert(verdict).values(
                image_id=item.image_id,
                face_id=item.face_id,
                decision=item.decision,
                reasons=list(item.reasons),
                user=item.user,
                at=item.at or now(),
            )
        )


def withdraw(connection: Connection, image_id: int, face_id: int | None = None) -> None:
    """Leave a face, or an image as a whole, to the rules again."""
    of_face = verdict.c.face_id.is_(None) if face_id is None else verdict.c.face_id == face_id
    connection.execute(delete(verdict).where(verdict.c.image_id == image_id, of_face))


def every(connection: Connection) -> list[Verdict]:
    """All of them, in the order they were made."""
    return [
        Verdict(
            image_id=row.image_id,
            face_id=row.face_id,
            decision=Decision(row.decision),
            reasons=tuple(row.reasons),
            user=row.user,
            at=row.at,
        )
        for row in connection.execute(select(verdict).order_by(verdict.c.id))
    ]
