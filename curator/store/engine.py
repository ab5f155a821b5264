"""How to talk to the database, and which version of the tables it holds."""

from __future__ import annotations

import json
import sqlite3

import orjson
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text

from curator.errors import SchemaMismatch

# The newest file of migrations/versions.
HEAD = "0005"
# All of them, oldest first: a version outside this list was written by a newer program.
KNOWN = ("0001", "0002", "0003", "0004", "0005")


def connect(url: str) -> Engine:
    """An engine for this URL; SQLite gets WAL, foreign keys and immediate write transactions."""
    # As many connections as people who label at once: a new one costs four pragmas.
    engine = create_engine(
        url, json_serializer=_dumps, json_deserializer=orjson.loads, pool_size=20
    )
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    return engine


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest version.

    Raises:
        SchemaMismatch: if the database is newer than this program.
    """
    with engine.begin() as connection:
        version = _version(connection)
    if version == HEAD:
        return
    if version is not None and version not in KNOWN:
        raise SchemaMismatch(
            f"the dataset has schema {version}, this program knows up to {HEAD}: update curator"
        )
    # Costs a quarter of a second to import, so only when there is work.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "curator:store/migrations")
    with engine.execution_options(curator_writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def scrub(engine: Engine) -> bool:
    """Overwrite what deleted rows left behind; False if someone who reads kept us from it.

    Deleted rows stay in free pages and in the write-ahead log until both are written anew.
    """
    if engine.dialect.name != "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM FULL")
        return True
    raw = engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("VACUUM")
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        cursor.close()
    finally:
        raw.close()
    return not busy


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(version) if version is not None else None


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own transaction handling is off: _begin says when one starts.
    connection.isolation_level = None
    for pragma in (
        "busy_timeout=30000",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        # Deleted rows may be about people: their bytes are overwritten.
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    # A writer that starts as a reader can fail when it turns into one; this one queues at once.
    writes = connection.get_execution_options().get("curator_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


# One for all: json.dumps makes a new one each time.
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
