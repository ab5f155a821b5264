"""Users: who takes part, in which role, with which settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from curator.errors import NotFound
from curator.records import Role, User
from curator.store.rows import insert_new, now
from curator.store.schema import user


def put(connection: Connection, name: str, role: Role, password: str | None) -> None:
    """Add somebody, or give them another role and password: their open sessions end."""
    values = {"role": role, "password": password, "epoch": user.c.epoch + 1}
    if connection.execute(update(user).where(user.c.name == name).values(values)).rowcount == 0:
        new = {"role": role, "password": password, "epoch": 0}
        connection.execute(insert(user).values(name=name, settings={}, created_at=now(), **new))


def get(connection: Connection, name: str) -> User:
    """One user.

    Raises:
        NotFound: if there is none of this name.
    """
    row = connection.execute(select(user).where(user.c.name == name)).one_or_none()
    if row is None:
        raise NotFound(f"no user {name!r}")
    return _record(row)


def every(connection: Connection) -> list[User]:
    """All users by name."""
    return [_record(row) for row in connection.execute(select(user).order_by(user.c.name))]


def set_role(connection: Connection, name: str, role: Role) -> None:
    """Give somebody another role.

    Raises:
        NotFound: if there is none of this name.
    """
    changed = update(user).where(user.c.name == name).values(role=role, epoch=user.c.epoch + 1)
    if connection.execute(changed).rowcount == 0:
        raise NotFound(f"no user {name!r}")


def remove(connection: Connection, name: str) -> None:
    """Take somebody's access away; what they did stays theirs.

    Raises:
        NotFound: if there is none of this name.
    """
    if connection.execute(delete(user).where(user.c.name == name)).rowcount == 0:
        raise NotFound(f"no user {name!r}")


def settings_of(connection: Connection, name: str) -> dict[str, Any]:
    """Keys, colours and the like of a person; empty for one without any."""
    found = connection.execute(select(user.c.settings).where(user.c.name == name)).scalar()
    return dict(found or {})


def keep_settings(connection: Connection, who: User, settings: Mapping[str, Any]) -> None:
    """Keep what a person set; somebody who never logged in gets a row of their own."""
    row = {"name": who.name, "role": who.role, "epoch": 0, "settings": {}, "created_at": now()}
    insert_new(connection, user, [row])
    connection.execute(update(user).where(user.c.name == who.name).values(settings=dict(settings)))


def _record(row: Row[Any]) -> User:
    return User(
        name=row.name,
        role=Role(row.role),
        password=row.password,
        epoch=row.epoch,
        settings=row.settings,
        created_at=row.created_at,
    )
