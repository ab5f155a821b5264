"""Attributes that measures propose for faces: a machine's, until a person says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from curator.store.rows import batches
from curator.store.schema import face, proposed_attribute


@dataclass(frozen=True, slots=True)
class Proposal:
    """The attributes proposed for one version of a face."""

    face_id: int
    version: int
    attributes: Mapping[str, int]


def replace_all(
    connection: Connection, found: Sequence[Proposal], limits: Mapping[str, float]
) -> None:
    """These proposals in place of all earlier ones; ``limits`` are the thresholds they come of."""
    connection.execute(delete(proposed_attribute))
    for batch in batches(found):
        rows = [
            {
                "face_id": item.face_id,
                "version": item.version,
                "attributes": dict(item.attributes),
                "limits": dict(limits),
            }
            for item in batch
        ]
        connection.execute(insert(proposed_attribute), rows)


def of(connection: Connection, face_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """What is proposed for these faces as they are now, but for what people or files said."""
    found: dict[int, dict[str, int]] = {}
    for batch in batches(face_ids):
        query = (
            select(face.c.id, proposed_attribute.c.attributes, face.c.attributes)
            .join(face, face.c.id == proposed_attribute.c.face_id)
            .where(face.c.id.in_(batch), face.c.version == proposed_attribute.c.version)
        )
        for face_id, proposed, said in connection.execute(query):
            found[face_id] = {name: value for name, value in proposed.items() if name not in said}
    return found
