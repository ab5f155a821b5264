"""Releases: frozen copies of samples, each image one canonical JSON document."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select

from curator.errors import InputError, NotFound
from curator.records import Face, Image, Release, Sample
from curator.store.documents import Place, digest_of, document_of, sample_of
from curator.store.rows import canonical, digest, now
from curator.store.schema import image, release, release_sample

_NAME = re.compile(r"\w[\w .+-]*")
# A release that is still being made has no digest yet, and a name that nobody can give.
COMPLETE = release.c.manifest_sha256 != ""
_FORGOTTEN = timedelta(days=1)


def check_name(connection: Connection, name: str) -> None:
    """Raise what :func:`begin` would, before any long work is done for it.

    Raises:
        InputError: if a release cannot have this name.
    """
    if not name.strip() or len(name) > 128:
        raise InputError("a release needs a name of 1 to 128 characters")
    if not _NAME.fullmatch(name):
        raise InputError(
            f"release {name!r}: a name begins with a letter or digit and has only letters, "
            "digits, spaces and . _ + - after it, because exports are folders named after it"
        )
    if connection.execute(select(release.c.id).where(release.c.name == name)).scalar():
        raise InputError(f"release {name!r} exists already; releases are frozen, use another name")


@dataclass(slots=True)
class Draft:
    """A release under construction: its samples are written bit by bit, and nobody sees it.

    Attributes:
        hidden: Its name until it is complete.
        images: How many have become rows.
        faces: How many have become rows.
        lines: Of the manifest.
    """

    id: int
    hidden: str
    images: int = 0
    faces: int = 0
    lines: list[str] = field(default_factory=list)

    def rows(self, samples: Iterable[tuple[Image, tuple[Face, ...]]]) -> list[dict[str, Any]]:
        """The next samples as rows for :func:`add`; each image needs its split."""
        rows = []
        for shown, shown_faces in samples:
            document = document_of(shown, shown_faces)
            self.lines.append(f"{shown.sha256} {digest_of(document)}\n")
            rows.append(
                {
                    "release_id": self.id,
                    "position": self.images,
                    "image_id": shown.id,
                    "split": shown.split,
                    "payload": canonical(document),
                }
            )
            self.images, self.faces = self.images + 1, self.faces + len(shown_faces)
        return rows


def begin(connection: Connection, *, name: str, filter_: Mapping[str, Any], seed: int) -> Draft:
    """Begin a release, and clear away what was begun under this name and never completed.

    Args:
        connection: A writing one.
        name: Not used by another release.
        filter_: What was selected.
        seed: Of the split.

    Raises:
        InputError: if the name is taken.
    """
    check_name(connection, name)
    ours = f".{digest(name)}."
    forgotten = and_(~COMPLETE, release.c.created_at < now() - _FORGOTTEN)
    stale = select(release.c.id).where(or_(release.c.name.startswith(ours), forgotten))
    for left in connection.execute(stale).scalars().all():
        _remove(connection, left)
    # The database may give the number of a draft that made way to another one, never its name.
    hidden = ours + uuid4().hex
    values = {
        "name": hidden,
        "filter": dict(filter_),
        "seed": seed,
        "manifest_sha256": "",
        "created_at": now(),
        "images": 0,
        "faces": 0,
        "report": {},
    }
    release_id = connection.execute(insert(release).values(values)).inserted_primary_key
    assert release_id is not None  # noqa: S101 - the database always answers an insert
    return Draft(int(release_id[0]), hidden)


def add(connection: Connection, draft: Draft, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what :meth:`Draft.rows` made.

    Raises:
        InputError: if the draft had to make way.
    """
    _check_begun(connection, draft)
    if rows:
        connection.execute(insert(release_sample), list(rows))


def complete(
    connection: Connection, draft: Draft, *, name: str, report: Mapping[str, Any]
) -> Release:
    """Let the release be seen.

    Args:
        connection: A writing one.
        draft: With all its samples written.
        name: It was begun with.
        report: What was measured while it was made.

    Raises:
        InputError: if it holds nothing, had to make way, or the name was taken meanwhile.
    """
    check_name(connection, name)
    _check_begun(connection, draft)
    values = {
        "name": name,
        "manifest_sha256": _manifest(draft.lines),
        "images": draft.images,
        "faces": draft.faces,
        "report": dict(report),
    }
    if draft.images == 0:
        raise InputError("no image passes the filter, so there is nothing to release")
    connection.execute(release.update().where(release.c.id == draft.id).values(values))
    return get(connection, name)


def abandon(connection: Connection, draft: Draft) -> None:
    """Take away what was begun, unless it has made way already."""
    begun = select(release.c.id).where(release.c.name == draft.hidden)
    for release_id in connection.execute(begun).scalars().all():
        _remove(connection, release_id)


def abandon_all(connection: Connection) -> None:
    """Take away all that was begun, because images that it may hold are to be forgotten."""
    for release_id in connection.execute(select(release.c.id).where(~COMPLETE)).scalars().all():
        _remove(connection, release_id)


def _remove(connection: Connection, release_id: int) -> None:
    connection.execute(delete(release_sample).where(release_sample.c.release_id == release_id))
    connection.execute(delete(release).where(release.c.id == release_id))


def image_counts(connection: Connection, release_id: int, column: str) -> dict[str, int]:
    """How many images of the release have each value of ``source`` or ``licence``."""
    key = func.coalesce(image.c[column], "not stated")
    query = (
        select(key, func.count())
        .join(release_sample, release_sample.c.image_id == image.c.id)
        .where(release_sample.c.release_id == release_id)
        .group_by(key)
        .order_by(func.count().desc())
    )
    return dict(connection.execute(query).all())


def get(connection: Connection, name: str) -> Release:
    """One release by name.

    Raises:
        NotFound: if there is none (the message lists those that exist).
    """
    row = connection.execute(select(release).where(release.c.name == name, COMPLETE)).one_or_none()
    if row is None:
        known = ", ".join(item.name for item in every(connection)) or "none yet"
        raise NotFound(f"no release {name!r}; there are: {known}")
    return _record(row)


def every(connection: Connection) -> list[Release]:
    """All releases, newest first."""
    rows = connection.execute(select(release).where(COMPLETE).order_by(release.c.id.desc()))
    return [_record(row) for row in rows]


def remove(connection: Connection, name: str) -> None:
    """Take a release away; images and faces stay.

    Raises:
        NotFound: if there is none.
    """
    _remove(connection, get(connection, name).id)


def recount(connection: Connection, name: str) -> None:
    """Bring counts and digest in line with the samples that are left, and say so in the report.

    Raises:
        NotFound: if there is none.
    """
    made = get(connection, name)
    lines, faces, left = [], 0, 0
    query = select(release_sample.c.payload).where(release_sample.c.release_id == made.id)
    for text in connection.execute(query).scalars():
        document = orjson.loads(text)
        lines.append(f"{document['image']['sha256']} {digest_of(document)}\n")
        left, faces = left + 1, faces + len(document["faces"])
    before = made.report.get("forgotten", {"images": 0, "manifest_before": made.manifest_sha256})
    note = before | {"images": before["images"] + made.images - left}
    connection.execute(
        release.update()
        .where(release.c.id == made.id)
        .values(
            images=left,
            faces=faces,
            manifest_sha256=_manifest(lines),
            report={**made.report, "forgotten": note},
        )
    )


def samples(connection: Connection, release_id: int, place: Place) -> Iterator[Sample]:
    """The frozen samples in their order, a few at a time.

    Args:
        connection: Stays in use until the last one.
        release_id: Of the release.
        place: From sha256 and MIME type to the file with the bytes.
    """
    query = (
        select(release_sample.c.payload)
        .where(release_sample.c.release_id == release_id)
        .order_by(release_sample.c.position)
    )
    rows = connection.execution_options(yield_per=500).execute(query).scalars()
    for payload in rows:
        yield sample_of(payload, place)


def splits(connection: Connection, release_id: int) -> dict[str, int]:
    """How many images of the release are in each split."""
    query = (
        select(release_sample.c.split, func.count())
        .where(release_sample.c.release_id == release_id)
        .group_by(release_sample.c.split)
    )
    return dict(connection.execute(query).all())


def pinned(connection: Connection) -> set[int]:
    """The images whose split may not change, because a release holds them."""
    query = select(release_sample.c.image_id).join(release).where(COMPLETE).distinct()
    return set(connection.execute(query).scalars())


def verify(connection: Connection, name: str) -> bool:
    """Whether the stored samples still give the digest the release was made with."""
    record = get(connection, name)
    said = contents(connection, record.id)
    return _manifest(f"{sha} {text}\n" for sha, (_, text) in said.items()) == record.manifest_sha256


def contents(connection: Connection, release_id: int) -> dict[str, tuple[str, str]]:
    """Name and a digest of what the release says of each image, by the image's sha256."""
    query = select(release_sample.c.payload).where(release_sample.c.release_id == release_id)
    found = {}
    for text in connection.execution_options(yield_per=500).execute(query).scalars():
        document = orjson.loads(text)
        described = document["image"]
        found[described["sha256"]] = (described["name"], digest_of(document))
    return found


def _check_begun(connection: Connection, draft: Draft) -> None:
    begun = select(release.c.id).where(release.c.id == draft.id, release.c.name == draft.hidden)
    if connection.execute(begun).scalar() is None:
        raise InputError(
            "this release cannot go on: another process has begun one of the same name since, "
            "or images were forgotten; run it again"
        )


def _manifest(lines: Iterable[str]) -> str:
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def _record(row: Row[Any]) -> Release:
    return Release(
        id=row.id,
        name=row.name,
        filter=row.filter,
        seed=row.seed,
        manifest_sha256=row.manifest_sha256,
        created_at=row.created_at,
        images=row.images,
        faces=row.faces,
        report=row.report,
    )
