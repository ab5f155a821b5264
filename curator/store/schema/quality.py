"""What was measured, which images look alike, and what people decided."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from curator.store.schema.base import Instant, metadata

# Raw numbers of a face, all that one pass over it gave. ``kind`` names what was looked at
# (``face``, ``pair``), ``suite`` how: with the version of the face it makes the work done once.
measure = Table(
    "measure",
    metadata,
    Column("face_id", Integer, ForeignKey("face.id"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("suite", String(128), nullable=False),
    Column("numbers", JSON, nullable=False),
    Column("methods", JSON, nullable=False),
    Column("problems", JSON, nullable=False),
)

# What people decided; what rules decide is computed from measures and never stored.
verdict = Table(
    "verdict",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("image_id", Integer, ForeignKey("image.id"), nullable=False, index=True),
    Column("face_id", Integer, ForeignKey("face.id"), index=True),
    Column("decision", String(16), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("user", Text, nullable=False),
    Column("at", Instant, nullable=False),
)

# How an image or one of its faces looks, to find copies by. ``face_id`` is 0 for the whole image.
appearance = Table(
    "appearance",
    metadata,
    Column("image_id", Integer, ForeignKey("image.id"), primary_key=True),
    Column("face_id", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("method", String(32), nullable=False),
    # Hashes of 64 bits one after another, then the grey thumbnail.
    Column("hashes", LargeBinary, nullable=False),
    Column("thumbnail", LargeBinary, nullable=False),
)

# Pairs of images that look alike. A row with a user is a person's word and outlives every search.
pair = Table(
    "pair",
    metadata,
    Column("first", Integer, ForeignKey("image.id"), primary_key=True),
    Column("second", Integer, ForeignKey("image.id"), primary_key=True, index=True),
    Column("kind", String(16), nullable=False),
    Column("distance", Integer, nullable=False),
    Column("correlation", Float(53), nullable=False),
    Column("mirrored", Boolean, nullable=False),
    Column("user", Text),
)

# Attributes that measures propose for a face; what people or files say is in ``face``.
proposed_attribute = Table(
    "proposed_attribute",
    metadata,
    Column("face_id", Integer, ForeignKey("face.id"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("attributes", JSON, nullable=False),
    Column("limits", JSON, nullable=False),
)
