"""Images, where they come from, and the faces that runs and people found on them."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from curator.store.schema.base import Instant, metadata

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("method", String(255), nullable=False),
    Column("licence", Text),
    Column("params", JSON, nullable=False),
    # Digest of kind, method, params and weights: what makes two runs the same work.
    Column("key", String(64), nullable=False, unique=True),
    Column("weights", String(64)),
    Column("metrics", JSON, nullable=False),
    Column("status", String(16), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
)

image = Table(
    "image",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("phash", String(16)),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("mime", String(32), nullable=False),
    Column("name", Text, nullable=False, unique=True),
    Column("source", String(64), nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("page_url", Text),
    Column("title", Text),
    Column("licence", Text),
    Column("author", Text),
    Column("query", Text),
    Column("licence_id", String(64), index=True),
    Column("engine", String(32)),
    Column("http", JSON(none_as_null=True)),
    Column("fetched_at", Instant, nullable=False),
    Column("status", String(16), nullable=False, index=True),
    Column("run_id", Integer, ForeignKey("run.id"), index=True),
    Column("split", String(16), index=True),
    Column("group_key", Text),
    # Grows with every change of the labels of the image: who read an older one is told.
    Column("version", Integer, nullable=False, server_default="1"),
    Index("ix_image_status_name", "status", "name"),
)

candidate = Table(
    "candidate",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("url", Text, nullable=False, unique=True),
    Column("source", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("page_url", Text),
    Column("title", Text),
    Column("licence", Text),
    Column("author", Text),
    Column("query", Text),
    Column("engine", String(32)),
    Column("validator", Text),
    Column("outcome", String(16), nullable=False),
    Column("reason", String(64)),
    Column("detail", Text),
    Column("image_id", Integer, ForeignKey("image.id"), index=True),
    Column("run_id", Integer, ForeignKey("run.id"), nullable=False),
    Column("at", Instant, nullable=False),
    # How often it was tried, over all runs.
    Column("attempts", Integer, nullable=False, server_default="1"),
    Index("ix_candidate_run_id_outcome", "run_id", "outcome"),
)

# The pages and pictures of a crawl that was not finished: those still to be asked for, and those
# that were. ``parent`` is the page that led there; of the first page, where it really was.
frontier = Table(
    "frontier",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("run.id"), nullable=False),
    Column("url", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("depth", Integer, nullable=False),
    Column("parent", Text),
    Column("title", Text),
    Column("state", String(16), nullable=False),
    UniqueConstraint("run_id", "url"),
    Index("ix_frontier_run_id_kind_state_depth", "run_id", "kind", "state", "depth"),
)

# What must not be collected (again): hosts in clear, contents and addresses as SHA-256, so that
# the list itself tells nothing of what was forgotten.
opt_out = Table(
    "opt_out",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("value", Text, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("kind", "value"),
)

run_image = Table(
    "run_image",
    metadata,
    Column("run_id", Integer, ForeignKey("run.id"), primary_key=True),
    Column("image_id", Integer, ForeignKey("image.id"), primary_key=True, index=True),
    # None where the run finished with this image, else why it could not.
    Column("reason", Text),
)

face = Table(
    "face",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("image_id", Integer, ForeignKey("image.id"), nullable=False, index=True),
    Column("run_id", Integer, ForeignKey("run.id"), index=True),
    Column("x_min", Float(53), nullable=False),
    Column("y_min", Float(53), nullable=False),
    Column("x_max", Float(53), nullable=False),
    Column("y_max", Float(53), nullable=False),
    Column("landmarks", JSON(none_as_null=True)),
    Column("visibility", JSON(none_as_null=True)),
    Column("scheme", String(16)),
    Column("attributes", JSON, nullable=False),
    Column("score", Float(53)),
    Column("origin", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("identity", Text, index=True),
    Column("version", Integer, nullable=False),
    Column("tags", JSON, nullable=False, server_default="[]"),
    Index("ix_face_status_score", "status", "score"),
)
