"""Runs of machines, what they got right, and the jobs that carry them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from curator.records.faces import Box, Points


class RunStatus(StrEnum):
    """The life of a run or a job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


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

    @property
    def name(self) -> str:
        """What commands call it: the folder of a training run, else a word and its number."""
        if self.kind == "train":
            trainer, _, recipe = self.method.partition(":")
            release, seed = self.params.get("release", ""), self.params.get("seed", 0)
            return f"{trainer}-{release}-{recipe}-{seed}"
        return f"{self.kind}-{self.id}"


class MatchKind(StrEnum):
    """How a detection and the truth agree: both, only detected, only true."""

    TP = "tp"
    FP = "fp"
    FN = "fn"


class Mistake(StrEnum):
    """What is wrong with a detection or a missed face, as TIDE tells them apart.

    Source: Bolya et al. 2020, https://arxiv.org/abs/2008.08115, section 2.2; the class is the
    person where a detector names people, so that ``cls`` is ``wrong-person`` here.
    """

    MISSED = "missed"
    BACKGROUND = "background"
    LOCALISATION = "localisation"
    DUPLICATE = "duplicate"
    WRONG_PERSON = "wrong-person"
    BOTH = "wrong-person-and-place"


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
        mistake: None for a ``tp``, and for a ``fn`` that the mistake of a detection explains.
        landmarks: The five points of the detection, None where it has none and for ``fn``.
        point_error: Of a ``tp`` whose face has five points: mean point distance in parts of the
            distance between the true eyes.
        identity: Who it is according to the detection, None where it does not say.
        expected: Who it is according to the truth, None for ``fp`` and strangers.
    """

    image_id: int
    kind: MatchKind
    box: Box
    score: float | None
    iou: float
    face_id: int | None = None
    run_id: int | None = None
    mistake: Mistake | None = None
    landmarks: Points | None = None
    point_error: float | None = None
    identity: str | None = None
    expected: str | None = None
    id: int | None = None


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
