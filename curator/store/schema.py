"""The tables, as SQLAlchemy Core; portable between SQLite and PostgreSQL.

A change here needs a migration of the same meaning in ``migrations/versions`` and a frozen
database of the old version among the tests.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware UTC time; SQLite forgets the zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times, store the rest as UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


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
