"""A sample of a release as one JSON document, and back.

::

    {"image": {field: value}, "faces": [[value, ...], ...]}

Faces are rows in the order of ``FACE_COLUMNS``: half a million of them go through one export,
and rows take half the room and half the time of mappings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

from curator.records import Face, FaceStatus, Image, ImageStatus, Origin, Sample
from curator.store.rows import canonical

Place = Callable[[str, str], Path]
Document = dict[str, Any]

# The first three are numbers that this database happened to give: they stay out of the digest,
# so that equal content has an equal digest in every dataset. ``version`` counts edits: content.
_FACE_OWN = 3
FACE_COLUMNS = (
    "id",
    "image_id",
    "run_id",
    "version",
    "origin",
    "status",
    "score",
    "box",
    "scheme",
    "landmarks",
    "visibility",
    "identity",
    "attributes",
    "tags",
)
# Faces of releases made before there were tags have one value less.
_TAGS = FACE_COLUMNS.index("tags")
_IMAGE_OWN = ("id", "run_id", "version")
IMAGE_COLUMNS = (
    "id",
    "run_id",
    "sha256",
    "phash",
    "width",
    "height",
    "mime",
    "name",
    "source",
    "url",
    "page_url",
    "title",
    "licence",
    "author",
    "query",
    "fetched_at",
    "status",
    "split",
    "group",
    "version",
)
_row_of = attrgetter(*FACE_COLUMNS)
_ORIGINS = {origin.value: origin for origin in Origin}
_STATUSES = {status.value: status for status in FaceStatus}


def document_of(image: Image, faces: tuple[Face, ...]) -> Document:
    """The document of one image with its faces."""
    described = {name: getattr(image, name) for name in IMAGE_COLUMNS}
    described["fetched_at"] = image.fetched_at.isoformat()
    return {"image": described, "faces": [_row_of(face) for face in faces]}


def digest_of(document: Mapping[str, Any]) -> str:
    """SHA-256 over what the document says, whichever database says it."""
    image = {k: v for k, v in document["image"].items() if k not in _IMAGE_OWN}
    # When the bytes came is provenance, not content: a dataset made again is the same dataset.
    image.pop("fetched_at")
    # A face without tags says what it said before there were any.
    faces = [
        row[_FACE_OWN:] if any(row[_TAGS:]) else row[_FACE_OWN:_TAGS]
        for row in map(list, document["faces"])
    ]
    return hashlib.sha256(canonical([image, faces]).encode()).hexdigest()


def sample_of(document: Document, place: Place) -> Sample:
    """The sample that was frozen.

    Args:
        document: As parsed; it is used up.
        place: From sha256 and MIME type to the file with the bytes.
    """
    described = document["image"]
    described["fetched_at"] = datetime.fromisoformat(described["fetched_at"])
    described["status"] = ImageStatus(described["status"])
    image = Image(**described)
    return Sample(
        image=image,
        faces=tuple(map(_face, document["faces"])),
        split=image.split or "",
        file=place(image.sha256, image.mime),
    )


def _face(row: list[Any]) -> Face:
    (
        face_id,
        image_id,
        run_id,
        version,
        origin,
        status,
        score,
        box,
        scheme,
        landmarks,
        visibility,
        identity,
        attributes,
        *tagged,
    ) = row
    return Face(
        id=face_id,
        image_id=image_id,
        run_id=run_id,
        version=version,
        origin=_ORIGINS[origin],
        status=_STATUSES[status],
        score=score,
        box=tuple(box),
        scheme=scheme,
        landmarks=None if landmarks is None else tuple(map(tuple, landmarks)),
        visibility=None if visibility is None else tuple(visibility),
        identity=identity,
        attributes=attributes,
        tags=tuple(tagged[0]) if tagged else (),
    )
