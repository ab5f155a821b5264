"""The nouns: frozen records that every step takes and returns.

Conventions, everywhere: a box is ``(x_min, y_min, x_max, y_max)``, float, absolute pixels of
the image as displayed (EXIF orientation applied), edges, and may leave the image. Points are
``(x, y)`` in the same frame, in the order of their scheme. Visibility is COCO's: 0 not
labelled, 1 hidden, 2 visible. Times are aware UTC. An ``id`` of None is a record not stored yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
Point = tuple[float, float]
Points = tuple[Point, ...]
Attributes = Mapping[str, int | float | str | bool]

SPLITS = ("train", "val", "test")


class Origin(StrEnum):
    """Who put a face there first."""

    DETECTOR = "detector"
    HUMAN = "human"
    IMPORT = "import"


class FaceStatus(StrEnum):
    """What a person has said about a face."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    CORRECTED = "corrected"
    REJECTED = "rejected"


class ImageStatus(StrEnum):
    """How far an image has come: nothing known, proposed by a detector, vouched for, unreadable."""

    NEW = "new"
    PROPOSED = "proposed"
    LABELLED = "labelled"
    UNREADABLE = "unreadable"


class Outcome(StrEnum):
    """What became of a candidate."""

    KEPT = "kept"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    FAILED = "failed"


class RunStatus(StrEnum):
    """The life of a run or a job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Something to fetch.

    Attributes:
        url: Where the bytes are; ``file:`` for a local file, ``file:...!/member`` in an archive.
        source: The kind of source that named it, such as ``web`` or ``folder``.
        name: A readable relative POSIX path to remember it by, such as ``0--Parade/1.jpg``.
        validator: What changes when the bytes change: an ETag, or size and mtime of a file.
    """

    url: str
    source: str
    name: str
    page_url: str | None = None
    title: str | None = None
    licence: str | None = None
    author: str | None = None
    query: str | None = None
    validator: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A candidate whose bytes arrived and are a readable image.

    Attributes:
        data: The bytes as they came, never re-encoded.
        sha256: Hex digest of ``data``.
        width: Of the image as displayed, pixels.
        height: Of the image as displayed, pixels.
        mime: From the content, never from the name or a header.
        phash: 64-bit perceptual hash as 16 hex digits, or None where not computed.
    """

    candidate: Candidate
    data: bytes = field(repr=False)
    sha256: str
    width: int
    height: int
    mime: str
    phash: str | None
    fetched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A candidate that was not kept.

    Attributes:
        reason: A short stable word to count by, such as ``not-an-image``.
        detail: One sentence for a person.
        retry: True if another attempt may succeed (a time-out, a full disk).
    """

    candidate: Candidate
    reason: str
    detail: str
    retry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A stored photo.

    Attributes:
        name: The readable relative POSIX path it arrived under; unique within a dataset.
        width: Pixels after EXIF orientation.
        height: Pixels after EXIF orientation.
        run_id: The run whose faces speak for this image, None before any.
        split: ``train``, ``val``, ``test``, or None before a split.
        group: Images of one group never stand in two splits (one identity, one video, copies).
    """

    id: int
    sha256: str
    phash: str | None
    width: int
    height: int
    mime: str
    name: str
    source: str
    url: str
    page_url: str | None = None
    title: str | None = None
    licence: str | None = None
    author: str | None = None
    query: str | None = None
    fetched_at: datetime
    status: ImageStatus = ImageStatus.NEW
    run_id: int | None = None
    split: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Detections:
    """What a detector found in one image; zero faces are arrays of length 0.

    Attributes:
        boxes: Shape (N, 4), float32, ``xyxy`` pixels, may leave the image.
        scores: Shape (N,), float32, 0..1, descending.
        landmarks: Shape (N, 5, 2), float32, pixels, in the order of the scheme ``5``:
            the eye, then mouth corner, on the left of the picture comes first.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    landmarks: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One labelled or proposed face.

    Attributes:
        box: ``xyxy`` pixels, may leave the image, may have zero size in imported truth.
        landmarks: K points, or None where the face has none.
        visibility: K values 0/1/2, None exactly where landmarks is None.
        scheme: The name of the point scheme in :mod:`curator.schemes`, None without points.
        attributes: WIDER's and WFLW's and free ones by name; absent means not labelled.
        score: The detector's 0..1, None from a person or an import without scores.
        identity: Who it is, None when unknown.
        version: Grows by one with each edit.
    """

    box: Box
    landmarks: Points | None = None
    visibility: tuple[int, ...] | None = None
    scheme: str | None = None
    attributes: Attributes = field(default_factory=dict)
    score: float | None = None
    origin: Origin = Origin.IMPORT
    status: FaceStatus = FaceStatus.ACCEPTED
    identity: str | None = None
    run_id: int | None = None
    image_id: int | None = None
    id: int | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledImage:
    """What an annotation file says of one image, before the image is in the store.

    Attributes:
        path: The image file on this disk.
        name: The relative POSIX path the annotation file uses for it.
        faces: In the order of the file; empty for a negative.
        split: ``train``, ``val``, ``test``, or None where the file does not tell.
        provenance: What the file says of the image's origin, by the names of :class:`Image`'s
            fields: ``source``, ``url``, ``page_url``, ``title``, ``licence``, ``author``,
            ``query``.
    """

    path: Path
    name: str
    faces: tuple[Face, ...]
    split: str | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One image of a release with its faces: all that formats, evaluation and review see.

    Attributes:
        file: Where the image's bytes are, read-only.
    """

    image: Image
    faces: tuple[Face, ...]
    split: str
    file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A frozen set of samples.

    Attributes:
        filter: What was selected, so that it can be selected again.
        manifest_sha256: Digest over the content of all samples; equal for equal content.
        report: Counts, shares and leakage as measured when it was made.
    """

    id: int
    name: str
    filter: Mapping[str, Any]
    seed: int
    manifest_sha256: str
    created_at: datetime
    images: int
    faces: int
    report: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One pass of a machine, or one import, over the dataset; faces point to theirs.

    Attributes:
        kind: ``detect``, ``import``, ``train``, ``evaluate``.
        method: The detector's or format's name with what distinguishes it.
        licence: Of the weights, to be shown wherever their output is used.
        params: What makes two runs the same work; a run is resumed when they are equal.
        weights: SHA-256 of the weights file, None where there is none.
    """

    id: int
    kind: str
    method: str
    licence: str | None
    params: Mapping[str, Any]
    weights: str | None
    metrics: Mapping[str, Any]
    status: RunStatus
    started_at: datetime
    finished_at: datetime | None = None


class MatchKind(StrEnum):
    """How a detection and the truth agree: both, only detected, only true."""

    TP = "tp"
    FP = "fp"
    FN = "fn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What became of one detection, or of one face that was not found.

    Attributes:
        run_id: The run that judged, None before it is stored.
        face_id: The true face; None for ``fp`` and for faces not stored yet.
        box: ``xyxy`` pixels of the detection; of the face for ``fn``.
        score: Of the detection, 0..1; None for ``fn``.
        iou: 0..1 of a ``tp`` with its face; of a ``fp`` or ``fn`` the largest with any face or
            detection of the image, 0 where there is none.
    """

    image_id: int
    kind: MatchKind
    box: Box
    score: float | None
    iou: float
    face_id: int | None = None
    run_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A piece of long work done by a process of its own.

    Attributes:
        progress: 0..1, None before the total is known.
        message: What it is doing now, or the sentence it failed with.
        pid: Of the worker on this machine, None before it started.
    """

    id: int
    task: str
    params: Mapping[str, Any]
    status: RunStatus
    progress: float | None
    message: str
    pid: int | None
    created_at: datetime
    heartbeat_at: datetime | None
    finished_at: datetime | None
    result: Mapping[str, Any]
