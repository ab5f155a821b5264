"""Images: added by content, found by filters, given a status and a split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    func,
    select,
    update,
)

from curator.errors import NotFound
from curator.licences import COMMERCIAL, normalised
from curator.records import FaceStatus, Image, ImageStatus, Origin
from curator.store.rows import batches, insert_new
from curator.store.schema import edit, face, image, run_image

_LARGEST_ID = 2**31 - 1
# Every save asks these: built once, they cost half as much.
_GET = select(image).where(image.c.id == bindparam("image_id"))
_ADVANCE = (
    update(image)
    .where(image.c.id == bindparam("image_id"))
    .values(version=image.c.version + 1, status=bindparam("becomes"))
    .returning(image.c.version)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFilter:
    """Which images; every field left at its default lets all through.

    Attributes:
        min_score: At least one current face with this score or more (faces of people count as 1).
        min_size: At least one current face of this height or more, pixels.
        faces: True only images with current faces, False only those without.
        annotated: True only images that a detector or a person has spoken about.
        labelled: True only images that people vouch for.
        licence: An identifier of :mod:`curator.licences`, or ``none`` for images without one.
        commercial: True only images whose licence is known to allow commercial use.
        text: Part of the name.
    """

    source: str | None = None
    status: ImageStatus | None = None
    split: str | None = None
    min_score: float | None = None
    max_score: float | None = None
    min_size: float | None = None
    max_size: float | None = None
    faces: bool | None = None
    annotated: bool | None = None
    labelled: bool | None = None
    licence: str | None = None
    commercial: bool = False
    text: str | None = None


def add(connection: Connection, records: Sequence[Mapping[str, Any]]) -> list[tuple[int, bool]]:
    """Store image rows, each content once.

    Args:
        connection: A writing one.
        records: The columns of images except id; a ``name`` that is taken gets a suffix.

    Returns:
        For each record the id of the image with its content, and True if it is new.
    """
    before = _ids_of(connection, records)
    taken = _taken_names(connection, records)
    rows: dict[str, dict[str, Any]] = {}
    for record in records:
        if record["sha256"] in before or record["sha256"] in rows:
            continue
        name = record["name"]
        if name in taken:
            name = _distinct_name(name, record["sha256"])
        taken.add(name)
        rows[record["sha256"]] = {
            "status": ImageStatus.NEW,
            "licence_id": normalised(record.get("licence")),
            **record,
            "name": name,
        }
    insert_new(connection, image, list(rows.values()))
    after = before | _ids_of(connection, rows.values())
    return [(after[r["sha256"]], rows.pop(r["sha256"], None) is not None) for r in records]


def get(connection: Connection, image_id: int) -> Image:
    """One image.

    Raises:
        NotFound: if there is none with this id.
    """
    # Numbers come from addresses; a database refuses those that no row can have.
    asked = {"image_id": image_id}
    row = None if image_id > _LARGEST_ID else connection.execute(_GET, asked).one_or_none()
    if row is None:
        raise NotFound(f"no image {image_id}")
    return record_of(row)


def many(connection: Connection, image_ids: Iterable[int]) -> dict[int, Image]:
    """These images by id; unknown ids are absent."""
    found: dict[int, Image] = {}
    for batch in batches(image_ids):
        rows = connection.execute(select(image).where(image.c.id.in_(batch)))
        found.update((row.id, record_of(row)) for row in rows)
    return found


def find(
    connection: Connection, wanted: ImageFilter, *, limit: int | None = None, offset: int = 0
) -> list[Image]:
    """Images that pass the filter, by name."""
    query = select(image).where(*_conditions(wanted)).order_by(image.c.name)
    return [record_of(row) for row in connection.execute(query.limit(limit).offset(offset))]


def neighbours(
    connection: Connection, wanted: ImageFilter, name: str
) -> tuple[int | None, int | None]:
    """The ids of the images before and after this name among those that pass the filter."""
    passing = select(image.c.id).where(*_conditions(wanted)).limit(1)
    before = passing.where(image.c.name < name).order_by(image.c.name.desc())
    after = passing.where(image.c.name > name).order_by(image.c.name)
    return connection.execute(before).scalar(), connection.execute(after).scalar()


def newest(connection: Connection, *, limit: int) -> list[Image]:
    """The images that came last, the newest first."""
    query = select(image).order_by(image.c.id.desc()).limit(limit)
    return [record_of(row) for row in connection.execute(query)]


def count(connection: Connection, wanted: ImageFilter) -> int:
    """How many images pass the filter."""
    query = select(func.count()).select_from(image).where(*_conditions(wanted))
    return int(connection.execute(query).scalar_one())


def without_run(connection: Connection, run_id: int) -> list[Image]:
    """The readable images this run has not visited, in the order they came."""
    visited = exists().where(run_image.c.run_id == run_id, run_image.c.image_id == image.c.id)
    query = select(image).where(~visited, image.c.status != ImageStatus.UNREADABLE)
    return [record_of(row) for row in connection.execute(query.order_by(image.c.id))]


def counts_by(connection: Connection, column: str) -> dict[str, int]:
    """How many images have each value of ``source status split licence`` or ``licence_id``.

    Images without a value count under ``none``.
    """
    # Grouped by the bare column, so that its index alone answers.
    key = image.c[column]
    counts: Counter[str] = Counter()
    for value, count in connection.execute(select(key, func.count()).group_by(key)):
        counts["none" if value is None else value] += count
    return dict(sorted(counts.items()))


def set_phash(connection: Connection, values: Mapping[int, str]) -> None:
    """Remember perceptual hashes computed later."""
    if values:
        statement = update(image).where(image.c.id == bindparam("of")).values(phash=bindparam("is"))
        connection.execute(statement, [{"of": i, "is": phash} for i, phash in values.items()])


def set_split(connection: Connection, values: Mapping[int, str | None]) -> None:
    """Assign images to splits."""
    by_split: dict[str | None, list[int]] = {}
    for image_id, split in values.items():
        by_split.setdefault(split, []).append(image_id)
    for split, ids in by_split.items():
        for batch in batches(ids):
            connection.execute(update(image).where(image.c.id.in_(batch)).values(split=split))


def set_first_split(connection: Connection, values: Mapping[int, str]) -> None:
    """Assign images to splits, except those that have one."""
    ids = [i for i in values if get(connection, i).split is None]
    set_split(connection, {i: values[i] for i in ids})


def set_status(connection: Connection, image_ids: Iterable[int], status: ImageStatus) -> None:
    """Say how far these images have come."""
    for batch in batches(image_ids):
        connection.execute(update(image).where(image.c.id.in_(batch)).values(status=status))


def advance(connection: Connection, image_id: int, status: ImageStatus) -> int:
    """The labels of an image changed: the next version, which is returned."""
    said = {"image_id": image_id, "becomes": status}
    return int(connection.execute(_ADVANCE, said).scalar_one())


def propose(connection: Connection, image_ids: Iterable[int], run_id: int) -> int:
    """Let this detector run speak for the images no person has vouched for or worked on.

    Returns:
        For how many it now speaks; the others keep the labels that people gave them.
    """
    changed = 0
    for batch in batches(image_ids):
        free = image.c.status.in_([ImageStatus.NEW, ImageStatus.PROPOSED])
        result = connection.execute(
            update(image)
            .where(image.c.id.in_(batch), free, ~is_edited())
            .values(run_id=run_id, status=ImageStatus.PROPOSED, version=image.c.version + 1)
        )
        changed += result.rowcount
    return changed


def vouch(connection: Connection, image_ids: Iterable[int], run_id: int) -> None:
    """Let the labels of this import speak for the images."""
    for batch in batches(image_ids):
        connection.execute(
            update(image)
            .where(image.c.id.in_(batch))
            .values(run_id=run_id, status=ImageStatus.LABELLED, version=image.c.version + 1)
        )


def is_edited() -> ColumnElement[bool]:
    """Whether a person has worked on an image here, be it taken back later."""
    return exists().where(edit.c.image_id == image.c.id).correlate(image)


def is_current() -> ColumnElement[bool]:
    """The one rule of which faces count: those of the run that speaks, and people's own."""
    return and_(
        face.c.status != FaceStatus.REJECTED,
        (face.c.run_id == image.c.run_id) | (face.c.origin == Origin.HUMAN),
    )


def record_of(row: Row[Any]) -> Image:
    """The frozen record of an image row."""
    return Image(
        id=row.id,
        sha256=row.sha256,
        phash=row.phash,
        width=row.width,
        height=row.height,
        mime=row.mime,
        name=row.name,
        source=row.source,
        url=row.url,
        page_url=row.page_url,
        title=row.title,
        licence=row.licence,
        author=row.author,
        query=row.query,
        licence_id=row.licence_id,
        engine=row.engine,
        http=row.http,
        fetched_at=row.fetched_at,
        status=ImageStatus(row.status),
        run_id=row.run_id,
        split=row.split,
        group=row.group_key,
        version=row.version,
    )


def _ids_of(connection: Connection, records: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for batch in batches(record["sha256"] for record in records):
        query = select(image.c.sha256, image.c.id).where(image.c.sha256.in_(batch))
        found.update(connection.execute(query).all())
    return found


def _taken_names(connection: Connection, records: Sequence[Mapping[str, Any]]) -> set[str]:
    taken: set[str] = set()
    for batch in batches(record["name"] for record in records):
        taken.update(
            connection.execute(select(image.c.name).where(image.c.name.in_(batch))).scalars()
        )
    return taken


def _distinct_name(name: str, sha256: str) -> str:
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}-{sha256[:12]}{path.suffix}"))


def _conditions(wanted: ImageFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for column, value in (
        (image.c.source, wanted.source),
        (image.c.status, wanted.status),
        (image.c.split, wanted.split),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.annotated is not None:
        known = image.c.status.in_([ImageStatus.PROPOSED, ImageStatus.LABELLED])
        conditions.append(known if wanted.annotated else ~known)
    if wanted.labelled is not None:
        conditions.append((image.c.status == ImageStatus.LABELLED) == wanted.labelled)
    if wanted.licence is not None:
        named = None if wanted.licence == "none" else wanted.licence
        conditions.append(image.c.licence_id.is_not_distinct_from(named))
    if wanted.commercial:
        conditions.append(image.c.licence_id.in_(sorted(COMMERCIAL)))
    if wanted.text:
        conditions.append(image.c.name.icontains(wanted.text, autoescape=True))
    face_conditions = _face_conditions(wanted)
    if face_conditions or wanted.faces is True:
        conditions.append(_with_face(*face_conditions).exists())
    if wanted.faces is False:
        conditions.append(~_with_face().exists())
    return conditions


def _face_conditions(wanted: ImageFilter) -> list[ColumnElement[bool]]:
    score = func.coalesce(face.c.score, 1.0)
    height = face.c.y_max - face.c.y_min
    conditions: list[ColumnElement[bool]] = []
    if wanted.min_score is not None:
        conditions.append(score >= wanted.min_score)
    if wanted.max_score is not None:
        conditions.append(score <= wanted.max_score)
    if wanted.min_size is not None:
        conditions.append(height >= wanted.min_size)
    if wanted.max_size is not None:
        conditions.append(height <= wanted.max_size)
    return conditions


def _with_face(*conditions: ColumnElement[bool]) -> Select[Any]:
    return (
        select(face.c.id)
        .where(face.c.image_id == image.c.id, is_current(), *conditions)
        .correlate(image)
    )
