"""What became of each detection of an evaluation, and which tags of a review were taken over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create both tables."""
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
    op.create_table(
        "review_tag",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=96), nullable=False),
        sa.Column("tag", sa.String(length=32), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_review_tag_image_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_review_tag_run_id")),
        sa.PrimaryKeyConstraint("run_id", "image_id", "subject", "tag", name=op.f("pk_review_tag")),
    )
