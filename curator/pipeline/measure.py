"""Measure: faces not measured yet -> quality -> raw numbers, face by face."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from curator.config import settings
from curator.imaging import BrokenImage, decode
from curator.progress import Progress, track
from curator.quality import agreement, measure_faces, open_network, suite
from curator.quality.face import PoseNetwork
from curator.records import Face, Image, Measures, Run
from curator.store import faces, images, measures, runs
from curator.store.dataset import Dataset
from curator.store.rows import batches

BATCH = 64
SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRequest:
    """How to measure.

    Attributes:
        pose_network: Use the pose network where its weights are in the folder of models.
    """

    pose_network: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureReport:
    """What one pass brought.

    Attributes:
        images: Looked at now.
        faces: Measured now.
        settled: Faces that an earlier pass had measured.
        compared: Faces compared with another detector's now.
        changed: Faces that somebody edited meanwhile; they wait for the next pass.
        pose: The method for faces of fewer than 68 points.
        problems: Why measures are absent -> how many; an image that cannot be decoded is one.
    """

    images: int
    faces: int
    settled: int
    compared: int
    changed: int
    pose: str
    problems: Mapping[str, int]
    seconds: float


@dataclass(slots=True)
class _Batch:
    """Measures on their way into the store, written together every two seconds."""

    dataset: Dataset
    kind: str
    waiting: list[Measures] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)
    stored: int = 0
    changed: int = 0

    def add(self, found: Sequence[Measures]) -> None:
        self.waiting += found
        if len(self.waiting) >= 500 or time.monotonic() - self.since >= SECONDS:
            self.write()

    def write(self) -> None:
        self.since = time.monotonic()
        if not self.waiting:
            return
        with self.dataset.write() as connection:
            stored = measures.put(connection, self.kind, self.waiting)
        self.stored += stored
        self.changed += len(self.waiting) - stored
        self.waiting = []


def measure(dataset: Dataset, request: MeasureRequest, progress: Progress) -> MeasureReport:
    """Measure every face that was not measured as it is now, and compare detectors.

    Raises:
        RunError: if the weights of the pose network cannot be used.
        StoreError: if the dataset cannot be written.
    """
    started = time.monotonic()
    network = open_network(settings().models) if request.pose_network else None
    work = suite(None if network is None else network.method)
    with dataset.read() as connection:
        before = measures.count(connection)[1]
        left = measures.waiting(connection, measures.FACE, work)
    batch, problems = _Batch(dataset, measures.FACE), defaultdict[str, int](int)
    try:
        looked = _looked_at(dataset, left, network, work)
        for found in track(looked, progress, "measuring faces", len(left)):
            for item in found:
                for reason in set(item.problems.values()):
                    problems[reason] += 1
            batch.add(found)
    finally:
        batch.write()
    return MeasureReport(
        images=len(left),
        faces=batch.stored,
        settled=before,
        compared=_compare(dataset, progress),
        changed=batch.changed,
        pose="solvepnp-5/2" if network is None else network.method,
        problems=dict(problems),
        seconds=time.monotonic() - started,
    )


def _looked_at(
    dataset: Dataset, image_ids: Sequence[int], network: PoseNetwork | None, work: str
) -> Iterator[list[Measures]]:
    """Image by image, in their order, a batch ahead of the reader."""
    limit = settings().max_image_pixels

    def look(item: tuple[Image, Sequence[Face]]) -> list[Measures]:
        image, shown = item
        try:
            data = dataset.blobs.path(image.sha256, image.mime).read_bytes()
            pixels = decode(data, max_pixels=limit)
        except (BrokenImage, OSError) as cause:
            return [_unseen(face, work, cause) for face in shown]
        return measure_faces(pixels, shown, network, work)

    with ThreadPoolExecutor(settings().threads) as pool:
        for batch in batches(image_ids, BATCH):
            with dataset.read() as connection:
                records = images.many(connection, batch)
                current = faces.current(connection, batch)
            items = [(records[i], current[i]) for i in batch if i in records]
            yield from pool.map(look, items)


def _unseen(face: Face, work: str, cause: Exception) -> Measures:
    """Nothing but the reason; the face does not wait for ever."""
    reason = f"the image cannot be read ({cause})"
    return Measures(
        face_id=face.id or 0,
        version=face.version,
        suite=work,
        values={},
        methods={},
        problems={"image": reason},
    )


def _compare(dataset: Dataset, progress: Progress) -> int:
    """Compare the faces of images that two detectors visited."""
    with dataset.read() as connection:
        others = measures.other_detector(connection)
        every = {run.id: run for run in runs.every(connection, kind="detect")}
    by_run: dict[int, list[int]] = defaultdict(list)
    for image_id, run_id in others.items():
        by_run[run_id].append(image_id)
    batch = _Batch(dataset, measures.PAIR)
    try:
        for run_id, image_ids in by_run.items():
            _compare_with(dataset, every[run_id], set(image_ids), batch, progress)
    finally:
        batch.write()
    return batch.stored


def _compare_with(
    dataset: Dataset, run: Run, image_ids: set[int], batch: _Batch, progress: Progress
) -> None:
    work = f"agreement/1 run {run.id}"
    with dataset.read() as connection:
        waiting = measures.waiting(connection, measures.PAIR, work)
        left = [image_id for image_id in waiting if image_id in image_ids]
        found: dict[int, list[Face]] = defaultdict(list)
        for face in faces.of_run(connection, run.id) if left else ():
            found[face.image_id or 0].append(face)
    progress.begin(f"comparing with {run.method}", len(left))
    for ids in batches(left, BATCH):
        with dataset.read() as connection:
            current = faces.current(connection, ids)
        for image_id in ids:
            batch.add(agreement(current[image_id], found[image_id], work))
            progress.advance()
