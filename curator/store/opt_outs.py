"""What must not be collected: contents, addresses and hosts, of those who asked for it.

Contents and addresses are kept as SHA-256, so that the list tells nothing about what was
forgotten; an address is digested in its canonical spelling.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import Connection, func, select

from curator.store.rows import insert_new, now
from curator.store.schema import opt_out


class OptOut(StrEnum):
    """What an entry is about."""

    CONTENT = "sha256"
    ADDRESS = "url"
    HOST = "host"


def add(connection: Connection, kind: OptOut, values: Iterable[str]) -> None:
    """Put on the list; what is there stays.

    Args:
        connection: A writing one.
        kind: What the values are.
        values: SHA-256 in hex of contents, addresses in clear, or hosts.
    """
    rows = [{"kind": kind, "value": _value(kind, value), "at": now()} for value in values]
    insert_new(connection, opt_out, rows)


def holds(connection: Connection, kind: OptOut, value: str) -> bool:
    """Whether this content, address or host is on the list; of a host also its parent domains."""
    values = [_value(kind, value)]
    if kind is OptOut.HOST:
        labels = values[0].split(".")
        values = [".".join(labels[start:]) for start in range(len(labels))]
    query = select(opt_out.c.id).where(opt_out.c.kind == kind, opt_out.c.value.in_(values))
    return connection.execute(query.limit(1)).scalar() is not None


def counts(connection: Connection) -> dict[str, int]:
    """How many entries of each kind there are."""
    query = select(opt_out.c.kind, func.count()).group_by(opt_out.c.kind).order_by(opt_out.c.kind)
    return dict(connection.execute(query).all())


def hosts(connection: Connection) -> list[str]:
    """The hosts on the list, in order."""
    query = select(opt_out.c.value).where(opt_out.c.kind == OptOut.HOST)
    return list(connection.execute(query.order_by(opt_out.c.value)).scalars())


def _value(kind: OptOut, value: str) -> str:
    if kind is OptOut.ADDRESS:
        return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    return value.strip().lower().rstrip(".")
