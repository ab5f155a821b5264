"""Releases: frozen copies of samples, each image one canonical JSON document."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, Row, delete, func, insert, select

from curator.errors import InputError, NotFound
from curator.records import Face, Image, Release, Sample
from curator.store.documents import Place, digest_of, document_of, sample_of
from curator.store.rows import batches, canonical, now
from curator.store.schema import image, release, release_sample

_NAME = re.compile(r"\w[\w .+-]*")


def check_name(connection: Connection, name: str) -> None:
    """Raise what :func:`freeze` would, before any long work is done for it.

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


def freeze(
    connection: Connection,
    *,
    name: str,
    filter_: Mapping[str, Any],
    seed: int,
    samples: Iterable[tuple[Image, tuple[Face, ...]]],
) -> Release:
    """Copy samples into a new release; each image needs its split.

    Args:
        connection: A writing one.
        name: Not used by another release.
        filter_: What was selected.
        seed: Of the split.
        samples: In the order the release will have.

    Raises:
        InputError: if the name is taken, or nothing was selected.
    """
    check_name(connection, name)
    values = {
        "name": name,
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
    key = int(release_id[0])
    images, faces, lines = 0, 0, []
    for batch in batches(enumerate(samples), 1000):
        rows = []
        for position, (shown, shown_faces) in batch:
            document = document_of(shown, shown_faces)
            lines.append(f"{shown.sha256} {digest_of(document)}\n")
            rows.append(
                {
                    "release_id": key,
                    "position": position,
                    "image_id": shown.id,
                    "split": shown.split,
                    "payload": canonical(document),
                }
            )
            images, faces = images + 1, faces + len(shown_faces)
        connection.execute(insert(release_sample), rows)
    if images == 0:
        raise InputError("no image passes the filter, so there is nothing to release")
    connection.execute(
        release.update()
        .where(release.c.id == key)
        .values(manifest_sha256=_manifest(lines), images=images, faces=faces)
    )
    return get(connection, name)


def describe(connection: Connection, made: Release, report: Mapping[str, Any]) -> Release:
    """Keep what was measured while the release was made."""
    connection.execute(release.update().where(release.c.id == made.id).values(report=dict(report)))
    return get(connection, made.name)


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
    row = connection.execute(select(release).where(release.c.name == name)).one_or_none()
    if row is None:
        known = ", ".join(item.name for item in every(connection)) or "none yet"
        raise NotFound(f"no release {name!r}; there are: {known}")
    return _record(row)


def every(connection: Connection) -> list[Release]:
    """All releases, newest first."""
    rows = connection.execute(select(release).order_by(release.c.id.desc()))
    return [_record(row) for row in rows]


def remove(connection: Connection, name: str) -> None:
    """Take a release away; images and faces stay.

    Raises:
        NotFound: if there is none.
    """
    release_id = get(connection, name).id
    connection.execute(delete(release_sample).where(release_sample.c.release_id == release_id))
    connection.execute(delete(release).where(release.c.id == release_id))


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
    return set(connection.execute(select(release_sample.c.image_id).distinct()).scalars())


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
