"""What people do to faces, what they are to look at next, and who they are."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from curator.store.schema.base import Instant, metadata

# One row a thing that a person did: what undo takes back, and how fast work goes.
step = Table(
    "step",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("user", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("kind", String(8), nullable=False),
    # The step that this one took back or did again.
    Column("target", String(36), index=True),
    Column("undone", Boolean, nullable=False),
    # Images finished and faces on them.
    Column("images", Integer, nullable=False),
    Column("faces", Integer, nullable=False),
    Column("seconds", Float(53)),
    Column("actions", Integer),
    Index("ix_step_user_kind_number", "user", "kind", "number"),
    Index("ix_step_user_at", "user", "at"),
)

# Append-only: no row is ever changed or removed.
edit = Table(
    "edit",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("image_id", Integer, ForeignKey("image.id"), nullable=False),
    # None for what was said about the image as a whole.
    Column("face_id", Integer, ForeignKey("face.id")),
    # What the browser called the face: its number, or the name of one that had none yet.
    Column("subject", String(48)),
    # The second opinion that this belongs to, None for the labels of the dataset.
    Column("opinion_id", Integer, ForeignKey("opinion.id"), index=True),
    Column("user", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("op", String(16), nullable=False),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    Column("step", String(36), nullable=False, index=True),
    # Of the image, or of the opinion, after the step.
    Column("version", Integer, nullable=False),
    Index("ix_edit_image_id_number", "image_id", "number"),
    Index("ix_edit_face_id_number", "face_id", "number"),
)

# What to look at next, and why.
labelling = Table(
    "labelling",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("image_id", Integer, ForeignKey("image.id"), nullable=False),
    Column("face_id", Integer, ForeignKey("face.id"), index=True),
    # The face or 0: unlike None, one 0 equals another.
    Column("subject", Integer, nullable=False),
    Column("reason", String(64), nullable=False),
    Column("priority", Float(53), nullable=False),
    Column("detail", Text, nullable=False),
    # Who must not be given it: a second opinion is another person's.
    Column("except_user", String(64)),
    Column("created_at", Instant, nullable=False),
    Column("done_at", Instant),
    Column("done_by", String(64)),
    Index("ix_labelling_image_id_done_at", "image_id", "done_at"),
    Index("ix_labelling_done_at_priority_id", "done_at", "priority", "id"),
    Index(
        "uq_labelling_open",
        "image_id",
        "subject",
        "reason",
        unique=True,
        sqlite_where=text("done_at IS NULL"),
        postgresql_where=text("done_at IS NULL"),
    ),
)

lease = Table(
    "lease",
    metadata,
    Column("image_id", Integer, ForeignKey("image.id"), primary_key=True),
    Column("user", String(64), nullable=False, index=True),
    Column("until", Instant, nullable=False),
)

# What one person said of an image that two were asked about; ``faces`` as they left them.
opinion = Table(
    "opinion",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("image_id", Integer, ForeignKey("image.id"), nullable=False),
    Column("user", String(64), nullable=False),
    Column("faces", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("done_at", Instant, index=True),
    UniqueConstraint("image_id", "user"),
)

user = Table(
    "user",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("role", String(16), nullable=False),
    # None for somebody who never logs in: the one at this machine.
    Column("password", Text),
    # Grows when sessions that are open must end.
    Column("epoch", Integer, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("created_at", Instant, nullable=False),
)
