"""How rows are written in batches and read as records, on either database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")

# SQLite takes at most 32,766 variables a statement; 500 ids leave room for other conditions.
ID_BATCH = 500


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; those that meet a unique value already there are left out."""
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(table).on_conflict_do_nothing(), list(rows))


def batches(items: Iterable[T], size: int = ID_BATCH) -> Iterator[list[T]]:
    """Lists of at most ``size`` items, short enough for one statement."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch


def canonical(value: Any) -> str:
    """JSON that is the same for the same content: sorted keys, no spaces, exact floats."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def digest(value: Any) -> str:
    """SHA-256 over the canonical JSON, hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def columns(record: Any) -> dict[str, Any]:
    """The fields of a record as a row, their values as they are."""
    return {item.name: getattr(record, item.name) for item in fields(record)}


def now() -> datetime:
    """This moment, aware, UTC."""
    return datetime.now(UTC)
