"""The tables, as SQLAlchemy Core; portable between SQLite and PostgreSQL.

A change here needs a migration of the same meaning in ``migrations/versions`` and a frozen
database of the old version among the tests.
"""

from __future__ import annotations

from curator.store.schema.base import Instant, metadata
from curator.store.schema.images import candidate, face, frontier, image, opt_out, run, run_image
from curator.store.schema.labelling import edit, labelling, lease, opinion, step, user
from curator.store.schema.quality import appearance, measure, pair, proposed_attribute, verdict
from curator.store.schema.releases import job, match, release, release_sample, review_tag

__all__ = [
    "Instant",
    "appearance",
    "candidate",
    "edit",
    "face",
    "frontier",
    "image",
    "job",
    "labelling",
    "lease",
    "match",
    "measure",
    "metadata",
    "opinion",
    "opt_out",
    "pair",
    "proposed_attribute",
    "release",
    "release_sample",
    "review_tag",
    "run",
    "run_image",
    "step",
    "user",
    "verdict",
]
