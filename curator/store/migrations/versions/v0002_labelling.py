"""Edits, the queue, leases, second opinions, and who takes part."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the tables of labelling, versions of images, tags of faces."""
    with op.batch_alter_table("image") as batch:
        batch.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        batch.create_index("ix_image_status_name", ["status", "name"])
    with op.batch_alter_table("face") as batch:
        batch.add_column(sa.Column("tags", sa.JSON(), nullable=False, server_default="[]"))
        batch.create_index("ix_face_status_score", ["status", "score"])
    _people()
    _edits()
    _queue()


def _people() -> None:
    op.create_table(
        "user",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_user")),
    )
    op.create_table(
        "opinion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("user", sa.String(length=64), nullable=False),
        sa.Column("faces", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_opinion_image_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinion")),
        sa.UniqueConstraint("image_id", "user", name=op.f("uq_opinion_image_id_user")),
    )
    op.create_index(op.f("ix_opinion_done_at"), "opinion", ["done_at"], unique=False)


def _edits() -> None:
    op.create_table(
        "step",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("target", sa.String(length=36), nullable=True),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.Column("images", sa.Integer(), nullable=False),
        sa.Column("faces", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(precision=53), nullable=True),
        sa.Column("actions", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_step")),
        sa.UniqueConstraint("id", name=op.f("uq_step_id")),
    )
    op.create_index("ix_step_user_kind_number", "step", ["user", "kind", "number"], unique=False)
    op.create_index(op.f("ix_step_target"), "step", ["target"], unique=False)
    op.create_index("ix_step_user_at", "step", ["user", "at"], unique=False)
    op.create_table(
        "edit",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("face_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=48), nullable=True),
        sa.Column("opinion_id", sa.Integer(), nullable=True),
        sa.Column("user", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("op", sa.String(length=16), nullable=False),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("after", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("step", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["face_id"], ["face.id"], name=op.f("fk_edit_face_id")),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_edit_image_id")),
        sa.ForeignKeyConstraint(["opinion_id"], ["opinion.id"], name=op.f("fk_edit_opinion_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_edit")),
        sa.UniqueConstraint("id", name=op.f("uq_edit_id")),
    )
    op.create_index("ix_edit_face_id_number", "edit", ["face_id", "number"], unique=False)
    op.create_index("ix_edit_image_id_number", "edit", ["image_id", "number"], unique=False)
    op.create_index(op.f("ix_edit_opinion_id"), "edit", ["opinion_id"], unique=False)
    op.create_index(op.f("ix_edit_step"), "edit", ["step"], unique=False)


def _queue() -> None:
    op.create_table(
        "labelling",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("face_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("priority", sa.Float(precision=53), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("except_user", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["face_id"], ["face.id"], name=op.f("fk_labelling_face_id")),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_labelling_image_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labelling")),
    )
    op.create_index(op.f("ix_labelling_face_id"), "labelling", ["face_id"], unique=False)
    op.create_index(
        "ix_labelling_image_id_done_at", "labelling", ["image_id", "done_at"], unique=False
    )
    op.create_index(
        "ix_labelling_done_at_priority_id",
        "labelling",
        ["done_at", "priority", "id"],
        unique=False,
    )
    op.create_index(
        "uq_labelling_open",
        "labelling",
        ["image_id", "subject", "reason"],
        unique=True,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "lease",
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("user", sa.String(length=64), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_lease_image_id")),
        sa.PrimaryKeyConstraint("image_id", name=op.f("pk_lease")),
    )
    op.create_index(op.f("ix_lease_user"), "lease", ["user"], unique=False)
