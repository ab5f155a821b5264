"""Detect: images without faces from this model -> detector -> faces ``proposed``."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import structs

from curator.config import settings
from curator.detect import Detector, choose
from curator.detect.stream import stream
from curator.imaging import BrokenImage
from curator.progress import Progress
from curator.records import (
    Detections,
    Face,
    FaceStatus,
    ImageStatus,
    Origin,
    RunStatus,
)
from curator.store import faces, images, runs
from curator.store.dataset import Dataset

BATCH = 64
SECONDS = 2.0
FIVE = "5"


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectReport:
    """What one detector run found.

    Attributes:
        images: Looked at now.
        settled: Looked at by an earlier start of the same run.
        faces: Proposed now.
        without_faces: Images in which nothing was found.
        kept_labels: Images whose labels people vouch for: the proposals are stored beside them.
        unreadable: Image name -> why its bytes could not be decoded.
    """

    run_id: int
    method: str
    licence: str
    images: int
    settled: int
    faces: int
    without_faces: int
    kept_labels: int
    unreadable: Mapping[str, str]
    seconds: float


@dataclass(slots=True)
class _Batch:
    dataset: Dataset
    run_id: int
    waiting: dict[int, Detections | BrokenImage] = field(default_factory=dict)
    since: float = field(default_factory=time.monotonic)
    faces: int = 0
    without_faces: int = 0
    kept_labels: int = 0

    def add(self, image_id: int, found: Detections | BrokenImage) -> None:
        self.waiting[image_id] = found
        if len(self.waiting) >= BATCH or time.monotonic() - self.since >= SECONDS:
            self.write()

    def write(self) -> None:
        self.since = time.monotonic()
        if not self.waiting:
            return
        with self.dataset.write() as connection:
            # Another process may have been faster with the same run.
            settled = runs.done_with(connection, self.run_id, among=list(self.waiting))
            fresh = {i: found for i, found in self.waiting.items() if i not in settled}
            good = {i: d for i, d in fresh.items() if isinstance(d, Detections)}
            bad = {i: str(e) for i, e in fresh.items() if isinstance(e, BrokenImage)}
            proposed = [f for i, d in good.items() for f in _proposals(d, i, self.run_id)]
            faces.add(connection, proposed)
            spoken = images.propose(connection, good, self.run_id)
            images.set_status(connection, bad, ImageStatus.UNREADABLE)
            runs.mark(connection, self.run_id, dict.fromkeys(good) | bad)
        self.faces += len(proposed)
        self.without_faces += sum(len(d) == 0 for d in good.values())
        self.kept_labels += len(good) - spoken
        self.waiting = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectRequest:
    """Which detector, and how.

    Attributes:
        detector: A name of the registry, ``name:variant`` for other weights; None for the one
            set, or ours.
        accurate: Flipped and at several scales, merged by box voting.
        scales: Accurate at these rather than the usual scales: short sides of the drawn photo,
            pixels.
        size: Long side of the network's input, pixels, None for the detector's own; when accurate
            only the look at the photo as it is has it.
        min_score: Faces below are not proposed; None for what the weights recommend.
    """

    detector: str | None = None
    accurate: bool = False
    scales: tuple[int, ...] = ()
    size: int | None = None
    min_score: float | None = None


def detect(dataset: Dataset, request: DetectRequest, progress: Progress) -> DetectReport:
    """Propose faces with a detector of the registry.

    Raises:
        ConfigError: if there is no such detector, or its weights are not there.
        RunError: if its weights cannot be used.
        StoreError: if the dataset cannot be written.
    """
    detector = open_detector(request, progress, dataset.runs)
    return annotate(dataset, detector, threads=settings().threads, progress=progress)


def open_detector(request: DetectRequest, progress: Progress, runs: Path | None = None) -> Detector:
    """The detector of a request; a download of its weights is told to ``progress``.

    Args:
        request: Which, and how.
        progress: Told of a download.
        runs: Where the training runs are, for ``run:NAME``.

    Raises:
        ConfigError: if there is no such detector, or its weights are not there.
        RunError: if its weights cannot be used.
    """
    return choose(
        request.detector,
        size=request.size,
        min_score=request.min_score,
        accurate=request.scales or request.accurate,
        progress=progress,
        runs=runs,
    )


def annotate(
    dataset: Dataset, detector: Detector, *, threads: int, progress: Progress
) -> DetectReport:
    """Propose faces on every image this detector has not seen.

    Labels that people vouch for are never replaced; the proposals are stored beside them.

    Raises:
        RunError: if the detector cannot go on.
        StoreError: if the dataset cannot be written.
    """
    started = time.monotonic()
    with dataset.write() as connection:
        run = runs.begin(
            connection,
            kind="detect",
            method=detector.method,
            params={"min_score": detector.min_score},
            weights=detector.weights_sha256,
            licence=detector.licence,
        )
        dataset.holds.take(run.id)
        left = images.without_run(connection, run.id)
        settled = len(runs.done_with(connection, run.id))
    names = {image.id: image.name for image in left}
    files = [(image.id, dataset.blobs.path(image.sha256, image.mime)) for image in left]
    batch = _Batch(dataset, run.id)
    unreadable: dict[str, str] = {}
    status = RunStatus.FAILED
    progress.begin("detecting faces", len(left))
    try:
        for image_id, found in stream(detector, files, threads=threads):
            if isinstance(found, BrokenImage):
                unreadable[names[image_id]] = str(found)
            batch.add(image_id, found)
            progress.advance(1, names[image_id])
        status = RunStatus.DONE
    except KeyboardInterrupt:
        status = RunStatus.CANCELLED
        raise
    finally:
        batch.write()
        with dataset.write() as connection:
            runs.finish(connection, run.id, status=status)
    return DetectReport(
        run_id=run.id,
        method=detector.method,
        licence=detector.licence,
        images=len(left),
        settled=settled,
        faces=batch.faces,
        without_faces=batch.without_faces,
        kept_labels=batch.kept_labels,
        unreadable=unreadable,
        seconds=time.monotonic() - started,
    )


def _proposals(found: Detections, image_id: int, run_id: int) -> Sequence[Face]:
    return [structs.replace(face, image_id=image_id, run_id=run_id) for face in faces_of(found)]


def faces_of(found: Detections) -> list[Face]:
    """Detections as proposed faces that are in no dataset yet."""
    names = [""] * len(found) if found.identities is None else found.identities.tolist()
    rows = zip(
        found.boxes.tolist(), found.scores.tolist(), found.landmarks.tolist(), names, strict=True
    )
    proposed = []
    for (x_min, y_min, x_max, y_max), score, points, who in rows:
        known = not any(math.isnan(value) for point in points for value in point)
        proposed.append(
            Face(
                box=(x_min, y_min, x_max, y_max),
                score=score,
                landmarks=tuple((x, y) for x, y in points) if known else None,
                visibility=(2,) * len(points) if known else None,
                scheme=FIVE if known else None,
                origin=Origin.DETECTOR,
                status=FaceStatus.PROPOSED,
                identity=who or None,
            )
        )
    return proposed
