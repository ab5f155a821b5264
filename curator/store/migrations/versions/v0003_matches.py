"""What became of each detection of an evaluation, and of each face it should have found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table of matches."""
    op.create_table(
        "match",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("face_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("mistake", sa.String(length=32), nullable=True),
        sa.Column("x_min", sa.Float(precision=53), nullable=False),
        sa.Column("y_min", sa.Float(precision=53), nullable=False),
        sa.Column("x_max", sa.Float(precision=53), nullable=False),
        sa.Column("y_max", sa.Float(precision=53), nullable=False),
        sa.Column("score", sa.Float(precision=53), nullable=True),
        sa.Column("iou", sa.Float(precision=53), nullable=False),
        sa.Column("landmarks", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("point_error", sa.Float(precision=53), nullable=True),
        sa.Column("identity", sa.Text(), nullable=True),
        sa.Column("expected", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_match_image_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_match_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match")),
    )
    op.create_index(op.f("ix_match_image_id"), "match", ["image_id"], unique=False)
    op.create_index(op.f("ix_match_run_id"), "match", ["run_id"], unique=False)
