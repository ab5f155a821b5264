"""Measures, verdicts of people, appearances and pairs of copies, proposed attributes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the tables of quality."""
    op.create_table(
        "measure",
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("suite", sa.String(length=128), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("methods", sa.JSON(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["face_id"], ["face.id"], name=op.f("fk_measure_face_id")),
        sa.PrimaryKeyConstraint("face_id", "kind", name=op.f("pk_measure")),
    )
    op.create_table(
        "verdict",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("face_id", sa.Integer(), nullable=True),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_verdict_image_id")),
        sa.ForeignKeyConstraint(["face_id"], ["face.id"], name=op.f("fk_verdict_face_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict")),
    )
    op.create_index(op.f("ix_verdict_image_id"), "verdict", ["image_id"], unique=False)
    op.create_index(op.f("ix_verdict_face_id"), "verdict", ["face_id"], unique=False)
    op.create_table(
        "appearance",
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(length=32), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.Column("thumbnail", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["image_id"], ["image.id"], name=op.f("fk_appearance_image_id")),
        sa.PrimaryKeyConstraint("image_id", "face_id", name=op.f("pk_appearance")),
    )
    op.create_table(
        "pair",
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("second", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("distance", sa.Integer(), nullable=False),
        sa.Column("correlation", sa.Float(precision=53), nullable=False),
        sa.Column("mirrored", sa.Boolean(), nullable=False),
        sa.Column("user", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["first"], ["image.id"], name=op.f("fk_pair_first")),
        sa.ForeignKeyConstraint(["second"], ["image.id"], name=op.f("fk_pair_second")),
        sa.PrimaryKeyConstraint("first", "second", name=op.f("pk_pair")),
    )
    op.create_index(op.f("ix_pair_second"), "pair", ["second"], unique=False)
    op.create_table(
        "proposed_attribute",
        sa.Column("face_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["face_id"], ["face.id"], name=op.f("fk_proposed_attribute_face_id")
        ),
        sa.PrimaryKeyConstraint("face_id", name=op.f("pk_proposed_attribute")),
    )
