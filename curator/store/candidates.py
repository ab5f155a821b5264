"""Candidates: everything a source ever named, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, select
from sqlalchemy.dialects import postgresql, sqlite

from curator.records import Candidate, ImageStatus, Outcome
from curator.store.images import is_current
from curator.store.schema import candidate, face, image

_FIELDS = (
    "url",
    "source",
    "name",
    "page_url",
    "title",
    "licence",
    "author",
    "query",
    "engine",
    "validator",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A candidate with its outcome.

    Attributes:
        reason: The short word of a refusal, None for what was kept.
        image_id: The image with its content, None where there is none.
    """

    candidate: Candidate
    outcome: Outcome
    reason: str | None
    detail: str | None
    image_id: int | None
    at: datetime


def record(connection: Connection, run_id: int, seen: Sequence[Seen]) -> None:
    """Write down outcomes; a candidate tried again keeps its newest one."""
    rows = [
        {
            **{name: getattr(item.candidate, name) for name in _FIELDS},
            "outcome": item.outcome,
            "reason": item.reason,
            "detail": item.detail,
            "image_id": item.image_id,
            "run_id": run_id,
            "at": item.at,
        }
        for item in seen
    ]
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(candidate)
    newest = {
        c.name: statement.excluded[c.name]
        for c in candidate.c
        if c.name not in ("id", "url", "attempts")
    }
    newest["attempts"] = candidate.c.attempts + 1
    connection.execute(
        statement.on_conflict_do_update(index_elements=[candidate.c.url], set_=newest), rows
    )


def urls(connection: Connection) -> Iterator[str]:
    """The address of every candidate that needs no second visit, a few in memory at a time."""
    query = select(candidate.c.url).where(candidate.c.outcome != Outcome.FAILED)
    yield from connection.execution_options(yield_per=5000).execute(query).scalars()


def find(connection: Connection, url: str) -> tuple[Outcome, str | None] | None:
    """Outcome and validator of a candidate, None if it is not known."""
    query = select(candidate.c.outcome, candidate.c.validator).where(candidate.c.url == url)
    row = connection.execute(query).one_or_none()
    return None if row is None else (Outcome(row.outcome), row.validator)


def content(connection: Connection, url: str) -> str | None:
    """The SHA-256 of the image that a candidate became, None if it became none."""
    query = select(image.c.sha256).join(candidate, candidate.c.image_id == image.c.id)
    return connection.execute(query.where(candidate.c.url == url)).scalar_one_or_none()


def at(connection: Connection, url: str) -> datetime | None:
    """When a candidate was met last, None if it is not known."""
    query = select(candidate.c.at).where(candidate.c.url == url)
    return connection.execute(query).scalar_one_or_none()


def yields(connection: Connection) -> dict[int, dict[str, int]]:
    """Run id -> ``met``, ``kept``, of those ``seen`` by a detector or person, ``with_face``."""
    has_face = (
        select(face.c.id)
        .where(face.c.image_id == image.c.id, is_current())
        .correlate(image)
        .exists()
    )
    known = image.c.status.in_([ImageStatus.PROPOSED, ImageStatus.LABELLED])
    kept = candidate.c.outcome == Outcome.KEPT
    query = (
        select(
            candidate.c.run_id,
            func.count().label("met"),
            func.sum(case((kept, 1), else_=0)).label("kept"),
            func.sum(case((kept & known, 1), else_=0)).label("seen"),
            func.sum(case((kept & known & has_face, 1), else_=0)).label("with_face"),
        )
        .join(image, image.c.id == candidate.c.image_id, isouter=True)
        .group_by(candidate.c.run_id)
        .order_by(candidate.c.run_id.desc())
    )
    return {
        row.run_id: {name: int(row._mapping[name]) for name in ("met", "kept", "seen", "with_face")}
        for row in connection.execute(query)
    }


def newest_urls(connection: Connection, *, limit: int) -> list[str]:
    """The addresses met last."""
    query = select(candidate.c.url).order_by(candidate.c.id.desc()).limit(limit)
    return list(connection.execute(query).scalars())


def settled(connection: Connection) -> dict[str, str | None]:
    """Url -> validator of every candidate that needs no second visit (failed ones do)."""
    query = select(candidate.c.url, candidate.c.validator).where(
        candidate.c.outcome != Outcome.FAILED
    )
    return dict(connection.execute(query).all())


def outcomes(connection: Connection, *, run_id: int | None = None) -> dict[str, int]:
    """How many candidates came to each outcome; refusals and failures by ``outcome: reason``."""
    query = select(candidate.c.outcome, candidate.c.reason, func.count()).group_by(
        candidate.c.outcome, candidate.c.reason
    )
    if run_id is not None:
        query = query.where(candidate.c.run_id == run_id)
    return {
        outcome if reason is None else f"{outcome}: {reason}": count
        for outcome, reason, count in connection.execute(query)
    }


def refused(
    connection: Connection, *, run_id: int | None = None, limit: int | None = None
) -> list[Mapping[str, Any]]:
    """What was not kept, newest first: url, reason, detail, page and time."""
    query = (
        select(
            candidate.c.url,
            candidate.c.outcome,
            candidate.c.reason,
            candidate.c.detail,
            candidate.c.page_url,
            candidate.c.at,
        )
        .where(candidate.c.outcome.in_([Outcome.REFUSED, Outcome.FAILED]))
        .order_by(candidate.c.id.desc())
        .limit(limit)
    )
    if run_id is not None:
        query = query.where(candidate.c.run_id == run_id)
    return [dict(row._mapping) for row in connection.execute(query)]
