"""Entry point of alembic; the connection is handed in by :func:`curator.store.engine.migrate`."""

from __future__ import annotations

from alembic import context

from curator.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
