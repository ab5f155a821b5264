"""Taking images out of every table, so that nothing of them is left in the database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, or_, select, update
from sqlalchemy.sql.selectable import Select

from curator.records import Image
from curator.store import releases
from curator.store.rows import batches
from curator.store.schema import (
    candidate,
    face,
    frontier,
    image,
    job,
    metadata,
    release,
    release_sample,
    run,
)

# What machines wrote about their work may name an image among its examples.
_NOTES: Sequence[tuple[Table, Sequence[Column[Any]]]] = (
    (job, (job.c.message, job.c.result)),
    (run, (run.c.metrics,)),
    (release, (release.c.report,)),
)
FORGOTTEN = "(forgotten)"


def by_source(connection: Connection, source: str) -> list[int]:
    """The images of a source, of a host, or of an address and all below it."""
    below = source.rstrip("/") + "/"
    from_host = [f"%://{source}/%", f"%://{source}:%"]
    wanted = [image.c.source == source]
    for column in (image.c.url, image.c.page_url):
        wanted += [column == source, column.startswith(below, autoescape=True)]
        if "/" not in source:
            wanted += [column.like(pattern) for pattern in from_host]
    return list(connection.execute(select(image.c.id).where(or_(*wanted))).scalars())


def by_identity(connection: Connection, identity: str) -> list[int]:
    """The images with a face of this person, in any run and any release."""
    query = select(face.c.image_id).where(face.c.identity == identity).distinct()
    return list(connection.execute(query).scalars())


def by_word(connection: Connection, word: str) -> list[int]:
    """The image of this id, sha256, name or address; several only if it is the address of some."""
    wanted = [image.c.sha256 == word, image.c.name == word, image.c.url == word]
    if word.isdecimal() and len(word) < 10:
        wanted.append(image.c.id == int(word))
    return list(connection.execute(select(image.c.id).where(or_(*wanted))).scalars())


def holding(connection: Connection, image_ids: Iterable[int]) -> list[str]:
    """The names of the releases that hold any of these images."""
    found: set[str] = set()
    for batch in batches(image_ids):
        query = select(release.c.name).join(release_sample).where(releases.COMPLETE)
        found.update(
            connection.execute(query.where(release_sample.c.image_id.in_(batch))).scalars()
        )
    return sorted(found)


def addresses(connection: Connection, image_ids: Iterable[int]) -> set[str]:
    """Every address under which one of these images was met."""
    return _values(connection, image_ids, (image.c.url, candidate.c.url))


def names(connection: Connection, image_ids: Iterable[int]) -> set[str]:
    """Every name under which one of these images was met."""
    return _values(connection, image_ids, (image.c.name, candidate.c.name))


def in_use(connection: Connection, wanted: Iterable[str]) -> set[str]:
    """Those of the names and addresses that some image or candidate has."""
    found: set[str] = set()
    for batch in batches(wanted):
        for column in (image.c.name, image.c.url, candidate.c.name, candidate.c.url):
            query = select(column).where(column.in_(batch))
            found.update(connection.execute(query).scalars())
    return found


def _values(
    connection: Connection, image_ids: Iterable[int], columns: tuple[Column[str], Column[str]]
) -> set[str]:
    found: set[str] = set()
    for batch in batches(image_ids):
        for column, key in zip(columns, (image.c.id, candidate.c.image_id), strict=True):
            found.update(connection.execute(select(column).where(key.in_(batch))).scalars())
    return found


def erase(connection: Connection, forgotten: Sequence[Image]) -> None:
    """Delete the images with every row of any table that leads to them.

    Releases lose these samples and get the digest of what remains; those under way must be made
    anew.
    """
    ids = [item.id for item in forgotten]
    releases.abandon_all(connection)
    held = holding(connection, ids)
    urls = addresses(connection, ids)
    for batch in batches(ids):
        _delete(connection, image, image.c.id.in_(batch))
    for places in batches(urls):
        connection.execute(delete(frontier).where(frontier.c.url.in_(places)))
        connection.execute(delete(candidate).where(candidate.c.url.in_(places)))
    for name in held:
        releases.recount(connection, name)
    words = {item.name for item in forgotten} | {item.sha256 for item in forgotten} | urls
    clean = _cleaner(words)
    for table, columns in _NOTES:
        _rewrite(connection, table, columns, clean)


def _delete(connection: Connection, table: Table, which: ColumnElement[bool]) -> None:
    """The rows, after those of other tables that point to them: whichever there may be."""
    for other in metadata.tables.values():
        for column in other.c:
            if other is not table and any(key.column.table is table for key in column.foreign_keys):
                target = next(iter(column.foreign_keys)).column
                keys: Select[Any] = select(target).where(which)
                _delete(connection, other, column.in_(keys))
    connection.execute(delete(table).where(which))


def _cleaner(words: Iterable[str]) -> Callable[[str], str]:
    """Replaces whole words: ``1.jpg`` is no part of ``11.jpg``."""
    longest_first = sorted(words, key=len, reverse=True)
    pattern = re.compile(
        "|".join(rf"(?<![\w.-]){re.escape(word)}(?![\w-])" for word in longest_first)
    )
    return lambda text: pattern.sub(FORGOTTEN, text)


def _rewrite(
    connection: Connection,
    table: Table,
    columns: Sequence[Column[Any]],
    clean: Callable[[str], str],
) -> None:
    for row in connection.execute(select(table.c.id, *columns)).all():
        values = {}
        for column in columns:
            before = getattr(row, column.name)
            after = _cleaned(before, clean)
            if after != before:
                values[column.name] = after
        if values:
            connection.execute(update(table).where(table.c.id == row.id).values(values))


def _cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(item, clean) for item in value]
    if isinstance(value, dict):
        return {clean(key): _cleaned(item, clean) for key, item in value.items()}
    return value
