"""The frontier of a crawl: pages and pictures met, and those of them still to be asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from curator.store.rows import batches
from curator.store.schema import frontier

PAGE, PICTURE = "page", "picture"
WAITING, DONE = "waiting", "done"


def add(connection: Connection, run_id: int, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Remember addresses that are not known yet; return which were new.

    Args:
        connection: A writing one.
        run_id: Of the crawl.
        rows: ``url kind depth parent title``.
    """
    new: set[str] = set()
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    for batch in batches(rows):
        values = [{**row, "run_id": run_id, "state": WAITING} for row in batch]
        statement = dialect.insert(frontier).values(values).on_conflict_do_nothing()
        new.update(connection.execute(statement.returning(frontier.c.url)).scalars())
    return new


def next_page(connection: Connection, run_id: int, after: tuple[int, int]) -> Row[Any] | None:
    """The first waiting page, breadth first, after this depth and id."""
    order = (frontier.c.depth, frontier.c.id)
    query = (
        select(frontier)
        .where(_of(run_id, PAGE), frontier.c.state == WAITING, tuple_(*order) > after)
        .order_by(*order)
        .limit(1)
    )
    return connection.execute(query).one_or_none()


def pictures(connection: Connection, run_id: int, after: int, limit: int) -> list[Row[Any]]:
    """Pictures that wait, in the order they were met."""
    query = (
        select(frontier)
        .where(_of(run_id, PICTURE), frontier.c.state == WAITING, frontier.c.id > after)
        .order_by(frontier.c.id)
        .limit(limit)
    )
    return list(connection.execute(query))


def get(connection: Connection, run_id: int, url: str) -> Row[Any] | None:
    """What is known of an address."""
    query = select(frontier).where(frontier.c.run_id == run_id, frontier.c.url == url)
    return connection.execute(query).one_or_none()


def known(connection: Connection, run_id: int, urls: Iterable[str]) -> set[str]:
    """Those of the addresses that are known."""
    found: set[str] = set()
    for batch in batches(urls):
        query = select(frontier.c.url).where(frontier.c.run_id == run_id, frontier.c.url.in_(batch))
        found.update(connection.execute(query).scalars())
    return found


def pages(connection: Connection, run_id: int) -> int:
    """How many pages are known."""
    query = select(func.count()).select_from(frontier).where(_of(run_id, PAGE))
    return int(connection.execute(query).scalar_one())


def done(connection: Connection, run_id: int, urls: Iterable[str]) -> None:
    """These need not be asked for again in this crawl."""
    for batch in batches(urls):
        connection.execute(
            update(frontier)
            .where(frontier.c.run_id == run_id, frontier.c.url.in_(batch))
            .values(state=DONE)
        )


def moved(connection: Connection, run_id: int, url: str, to: str) -> None:
    """Remember where the first page really was."""
    connection.execute(
        update(frontier).where(frontier.c.run_id == run_id, frontier.c.url == url).values(parent=to)
    )


def clear_if_done(connection: Connection, run_id: int) -> None:
    """A crawl with nothing left to ask for is over: the next start begins anew."""
    waiting = select(frontier.c.id).where(frontier.c.run_id == run_id, frontier.c.state == WAITING)
    if connection.execute(waiting.limit(1)).scalar() is None:
        connection.execute(delete(frontier).where(frontier.c.run_id == run_id))


def _of(run_id: int, kind: str) -> Any:
    return (frontier.c.run_id == run_id) & (frontier.c.kind == kind)
