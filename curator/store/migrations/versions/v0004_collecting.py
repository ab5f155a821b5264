"""Provenance, pages of a crawl still to be visited, and what must not be collected again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from curator.licences import normalised

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add columns and tables, and name the licences that are known."""
    with op.batch_alter_table("image") as image:
        image.add_column(sa.Column("licence_id", sa.String(length=64), nullable=True))
        image.add_column(sa.Column("engine", sa.String(length=32), nullable=True))
        image.add_column(sa.Column("http", sa.JSON(none_as_null=True), nullable=True))
        image.create_index(op.f("ix_image_licence_id"), ["licence_id"], unique=False)
    with op.batch_alter_table("candidate") as candidate:
        candidate.add_column(sa.Column("engine", sa.String(length=32), nullable=True))
        candidate.add_column(
            sa.Column("attempts", sa.Integer(), nullable=False, server_default="1")
        )
    op.create_table(
        "frontier",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_frontier_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frontier")),
        sa.UniqueConstraint("run_id", "url", name=op.f("uq_frontier_run_id_url")),
    )
    op.create_index(
        "ix_frontier_run_id_kind_state_depth",
        "frontier",
        ["run_id", "kind", "state", "depth"],
        unique=False,
    )
    op.create_table(
        "opt_out",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opt_out")),
        sa.UniqueConstraint("kind", "value", name=op.f("uq_opt_out_kind_value")),
    )
    _name_licences()


def _name_licences() -> None:
    image = sa.table("image", sa.column("licence", sa.Text()), sa.column("licence_id", sa.Text()))
    connection = op.get_bind()
    for stated in connection.execute(sa.select(image.c.licence).distinct()).scalars().all():
        if name := normalised(stated):
            connection.execute(
                image.update().where(image.c.licence == stated).values(licence_id=name)
            )
