"""A sample of a release as one JSON document, and back.

::

    {"image": {field: value}, "faces": [[value, ...], ...]}

Faces are rows in the order of the record's fields: half a million of them go through one
export, and rows take half the room and half the time of mappings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec.structs import astuple

from curator.records import Face, Image, Sample
from curator.store.rows import canonical

Place = Callable[[str, str], str]
Document = dict[str, Any]


# The first three are numbers that this database happened to give: they stay out of the digest,
# so that equal content has an equal digest in every dataset. ``version`` counts edits: content.
_FACE_OWN = 3
_TAGS = Face.__struct_fields__.index("tags")
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
    "licence_id",
    "engine",
    "http",
    "fetched_at",
    "status",
    "split",
    "group",
    "version",
)


def document_of(image: Image, faces: tuple[Face, ...]) -> Document:
    """The document of one image with its faces."""
    described = {name: getattr(image, name) for name in IMAGE_COLUMNS}
    described["fetched_at"] = image.fetched_at.isoformat()
    return {"image": described, "faces": [astuple(face) for face in faces]}


def digest_of(document: Mapping[str, Any]) -> str:
    """SHA-256 over what the document says, whichever database says it."""
    image = {k: v for k, v in document["image"].items() if k not in _IMAGE_OWN}
    # When the bytes came is provenance, not content: a dataset made again is the same dataset.
    image.pop("fetched_at")
    image.pop("http", None)
    # A face without tags says what it said before there were any.
    faces = [
        row[_FACE_OWN:] if any(row[_TAGS:]) else row[_FACE_OWN:_TAGS]
        for row in map(list, document["faces"])
    ]
    return hashlib.sha256(canonical([image, faces]).encode()).hexdigest()


def sample_of(payload: str, place: Place) -> Sample:
    """The sample that was frozen.

    Args:
        payload: The canonical JSON of its document.
        place: From sha256 and MIME type to the file with the bytes.
    """
    document = _parse(payload)
    image = document.image
    return Sample(
        image=image,
        faces=document.faces,
        split=image.split or "",
        place=place(image.sha256, image.mime),
    )


class _Frozen(msgspec.Struct):
    """A document, typed: it is parsed into the values of the records at once."""

    image: Image
    faces: tuple[Face, ...]


_parse = msgspec.json.Decoder(_Frozen).decode
