"""Frozen samples, how detectors did on them, and the jobs that work on all this."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    Float,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from curator.store.schema.base import Instant, metadata

release = Table(
    "release",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(128), nullable=False, unique=True),
    Column("filter", JSON, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("images", Integer, nullable=False),
    Column("faces", Integer, nullable=False),
    Column("report", JSON, nullable=False),
)

# One row an image, frozen: ``payload`` is the canonical JSON of the sample as it was.
release_sample = Table(
    "release_sample",
    metadata,
    Column("release_id", Integer, ForeignKey("release.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("image_id", Integer, ForeignKey("image.id"), nullable=False, index=True),
    Column("split", String(16), nullable=False),
    Column("payload", Text, nullable=False),
    UniqueConstraint("release_id", "image_id"),
)

match = Table(
    "match",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("run.id"), nullable=False, index=True),
    Column("image_id", Integer, ForeignKey("image.id"), nullable=False, index=True),
    # No foreign key: the face is that of a frozen release.
    Column("face_id", Integer),
    Column("kind", String(8), nullable=False),
    Column("mistake", String(32)),
    Column("x_min", Float(53), nullable=False),
    Column("y_min", Float(53), nullable=False),
    Column("x_max", Float(53), nullable=False),
    Column("y_max", Float(53), nullable=False),
    Column("score", Float(53)),
    Column("iou", Float(53), nullable=False),
    Column("landmarks", JSON(none_as_null=True)),
    Column("point_error", Float(53)),
    Column("identity", Text),
    Column("expected", Text),
)

# Tags of a review that have become tasks or edits: each does so once.
review_tag = Table(
    "review_tag",
    metadata,
    Column("run_id", Integer, ForeignKey("run.id"), primary_key=True),
    Column("image_id", Integer, ForeignKey("image.id"), primary_key=True),
    # ``image``, ``face:12``, or ``found:`` and the corners of a detection.
    Column("subject", String(96), primary_key=True),
    Column("tag", String(32), primary_key=True),
    Column("at", Instant, nullable=False),
)

job = Table(
    "job",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("task", String(64), nullable=False),
    Column("params", JSON, nullable=False),
    Column("status", String(16), nullable=False, index=True),
    Column("progress", Float(53)),
    Column("message", Text, nullable=False),
    Column("pid", Integer),
    Column("created_at", Instant, nullable=False),
    Column("heartbeat_at", Instant),
    Column("finished_at", Instant),
    Column("result", JSON, nullable=False),
)
