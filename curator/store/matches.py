"""Matches: what became of each detection of an evaluation, and of each face to be found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from curator.errors import NotFound
from curator.records import Match, MatchKind, Mistake
from curator.store.rows import batches
from curator.store.schema import match


def replace(connection: Connection, run_id: int, matches: Sequence[Match]) -> None:
    """Store the matches of a run in place of those it had."""
    connection.execute(delete(match).where(match.c.run_id == run_id))
    for batch in batches(matches, 5000):
        connection.execute(insert(match), [_row(run_id, one) for one in batch])


def of_run(
    connection: Connection,
    run_id: int,
    *,
    kind: MatchKind | None = None,
    mistake: Mistake | None = None,
    limit: int | None = None,
) -> list[Match]:
    """The matches of a run; the surest detections and the largest missed faces first."""
    query = select(match).where(match.c.run_id == run_id)
    if kind is not None:
        query = query.where(match.c.kind == kind)
    if mistake is not None:
        query = query.where(match.c.mistake == mistake)
    height = match.c.y_max - match.c.y_min
    query = query.order_by(func.coalesce(match.c.score, -1).desc(), height.desc(), match.c.id)
    return [_record(row) for row in connection.execute(query.limit(limit))]


def get(connection: Connection, match_id: int) -> Match:
    """One match.

    Raises:
        NotFound: if there is none with this id.
    """
    row = connection.execute(select(match).where(match.c.id == match_id)).one_or_none()
    if row is None:
        raise NotFound(f"no match {match_id}")
    return _record(row)


def beside(connection: Connection, one: Match) -> list[Match]:
    """All matches of the same run in the same image, this one among them."""
    query = select(match).where(match.c.run_id == one.run_id, match.c.image_id == one.image_id)
    return [_record(row) for row in connection.execute(query.order_by(match.c.id))]


def misplaced(connection: Connection, run_id: int, *, limit: int) -> list[Match]:
    """The found faces whose points are furthest off, the worst first."""
    query = (
        select(match)
        .where(match.c.run_id == run_id, match.c.point_error.is_not(None))
        .order_by(match.c.point_error.desc(), match.c.id)
        .limit(limit)
    )
    return [_record(row) for row in connection.execute(query)]


def _row(run_id: int, one: Match) -> dict[str, Any]:
    x_min, y_min, x_max, y_max = one.box
    return {
        "run_id": run_id,
        "image_id": one.image_id,
        "face_id": one.face_id,
        "kind": one.kind,
        "mistake": one.mistake,
        "x_min": x_min,
        "y_min": y_min,
        "x_max": x_max,
        "y_max": y_max,
        "score": one.score,
        "iou": one.iou,
        "landmarks": one.landmarks,
        "point_error": one.point_error,
        "identity": one.identity,
        "expected": one.expected,
    }


def _record(row: Row[Any]) -> Match:
    points = row.landmarks
    return Match(
        id=row.id,
        run_id=row.run_id,
        image_id=row.image_id,
        face_id=row.face_id,
        kind=MatchKind(row.kind),
        mistake=None if row.mistake is None else Mistake(row.mistake),
        box=(row.x_min, row.y_min, row.x_max, row.y_max),
        score=row.score,
        iou=row.iou,
        landmarks=None if points is None else tuple((x, y) for x, y in points),
        point_error=row.point_error,
        identity=row.identity,
        expected=row.expected,
    )
