"""Import: another tool's labels, with their images, become faces that people vouch for."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from msgspec import structs
from sqlalchemy import Connection

from curator.errors import InputError
from curator.formats import FORMATS
from curator.imaging import BrokenImage, probe
from curator.pipeline.arrivals import image_row
from curator.progress import Progress, track
from curator.records import Candidate, Face, Fetched, LabelledImage, Outcome, RunStatus
from curator.store import candidates, faces, images, opt_outs, runs
from curator.store.candidates import Seen
from curator.store.dataset import Dataset
from curator.store.opt_outs import OptOut
from curator.store.rows import batches

BATCH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """How labels come in.

    Attributes:
        keep_splits: Take over the split that the file states, where the image has none yet.
        licence: Of the images, when they share one.
        max_bytes: Larger files are refused.
        max_pixels: Larger images are refused.
        threads: For reading files.
    """

    keep_splits: bool = False
    licence: str | None = None
    max_bytes: int = 50_000_000
    max_pixels: int = 100_000_000
    threads: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import brought.

    Attributes:
        images: Labelled images now in the dataset, new or known.
        new_images: Of these, how many were not there before.
        faces: Of the labelled images.
        skipped: Reason -> names of images that were left out, with the reason spelled out.
        settled: Images that an earlier, interrupted run of the same import had finished.
        stated_splits: Split -> images, as the file states them.
    """

    run_id: int
    images: int
    new_images: int
    faces: int
    skipped: Mapping[str, Sequence[str]]
    settled: int
    stated_splits: Mapping[str, int]
    seconds: float


@dataclass(frozen=True, slots=True)
class _Problem:
    reason: str
    detail: str


_OPTED_OUT = _Problem("opted-out", "it is on the list of what must not be collected")


@dataclass(slots=True)
class _Tally:
    """What one import has done so far.

    Attributes:
        settled: Image ids that an earlier, interrupted start of this import finished.
        vouched: Image ids that this start finished.
    """

    run_id: int
    options: ImportOptions
    settled: set[int]
    vouched: set[int] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    skipped: dict[str, list[str]] = field(default_factory=dict)

    def skip(self, name: str, problem: _Problem) -> None:
        self.skipped.setdefault(problem.reason, []).append(name)


def import_labels(
    dataset: Dataset,
    format_name: str,
    path: Path,
    images_folder: Path | None,
    *,
    options: ImportOptions,
    progress: Progress,
) -> ImportReport:
    """Read an annotation file and its images into the dataset.

    The whole file is read and checked before anything is written. Images that people have
    already worked on keep their labels; they are reported.

    Raises:
        ConfigError: if the format is not known.
        FormatError: if the file breaks its format (nothing is imported then).
        InputError: if not one of its images is there.
    """
    started = time.monotonic()
    reader = FORMATS.load(format_name)
    progress.begin("reading labels", None)
    labelled = list(reader.read(path, images_folder))
    if labelled and not any(item.path.is_file() for item in labelled):
        raise InputError(
            f"{path}: none of its {len(labelled)} images is where it should be, "
            f"such as {labelled[0].path}; say where with --images"
        )
    dataset.blobs.sweep()
    with dataset.write() as connection:
        run = runs.begin(
            connection,
            kind="import",
            method=format_name,
            params={"path": str(path.resolve()), "labels": _digest(labelled)},
        )
        dataset.holds.take(run.id)
        tally = _Tally(run.id, options, settled=runs.done_with(connection, run.id))
    with ThreadPoolExecutor(options.threads) as pool:
        read = _read_ahead(pool, labelled, dataset, format_name, options)
        tracked = track(read, progress, "importing", len(labelled))
        for batch in batches(tracked, BATCH):
            dataset.blobs.flush()
            with dataset.write() as connection:
                _write(connection, batch, tally)
    with dataset.write() as connection:
        runs.finish(connection, run.id, status=RunStatus.DONE)
    return ImportReport(
        run_id=run.id,
        images=tally.counts["images"],
        new_images=tally.counts["new"],
        faces=tally.counts["faces"],
        skipped=tally.skipped,
        settled=tally.counts["settled"],
        stated_splits=Counter(item.split for item in labelled if item.split is not None),
        seconds=time.monotonic() - started,
    )


def _digest(labelled: Sequence[LabelledImage]) -> str:
    """What the file says, so that a corrected file is other work than the one imported before."""
    hasher = hashlib.sha256()
    for item in labelled:
        hasher.update(repr((item.name, item.split, item.faces)).encode("utf-8", "surrogateescape"))
    return hasher.hexdigest()


_Read = tuple[LabelledImage, Candidate, Fetched | _Problem]


def _read_ahead(
    pool: ThreadPoolExecutor,
    labelled: Sequence[LabelledImage],
    dataset: Dataset,
    format_name: str,
    options: ImportOptions,
) -> Iterator[_Read]:
    for batch in batches(labelled, BATCH):
        with dataset.read() as connection:
            guarded = OptOut.CONTENT in opt_outs.counts(connection)
        read = partial(_read, dataset, format_name, options, guarded)
        yield from pool.map(read, batch)


def _read(
    dataset: Dataset,
    format_name: str,
    options: ImportOptions,
    guarded: bool,
    item: LabelledImage,
) -> _Read:
    """Hash one image and keep its bytes; whatever is wrong with it is data.

    ``guarded`` where some contents may not be kept.
    """
    candidate = Candidate(
        url=item.path.absolute().as_uri(),
        source=f"import:{format_name}",
        name=item.name,
        licence=options.licence,
    )
    try:
        size = item.path.stat().st_size
        if size > options.max_bytes:
            return item, candidate, _Problem("too-large", f"{size} bytes")
        data = item.path.read_bytes()
        header = probe(data, max_pixels=options.max_pixels)
    except FileNotFoundError:
        return item, candidate, _Problem("missing", "the image file is not there")
    except OSError as cause:
        return item, candidate, _Problem("unreadable", str(cause.strerror))
    except BrokenImage as cause:
        return item, candidate, _Problem(cause.reason, str(cause))
    sha256 = hashlib.sha256(data).hexdigest()
    if guarded:
        with dataset.read() as connection:
            if opt_outs.holds(connection, OptOut.CONTENT, sha256):
                return item, candidate, _OPTED_OUT
    dataset.blobs.put(data, sha256, header.mime)
    fetched = Fetched(
        candidate=candidate,
        data=b"",
        sha256=sha256,
        width=header.width,
        height=header.height,
        mime=header.mime,
        phash=None,
        fetched_at=datetime.now(UTC),
    )
    return item, candidate, fetched


def _write(connection: Connection, batch: Sequence[_Read], tally: _Tally) -> None:
    """One batch: images, then the faces of those whose labels nobody has touched."""
    good = [(item, got) for item, _, got in batch if isinstance(got, Fetched)]
    # Where the file says an image came from is worth more than where it lies on this disk.
    stored = images.add(connection, [{**image_row(got), **item.provenance} for item, got in good])
    guarded = faces.touched(connection, [image_id for image_id, _ in stored])
    seen: list[Seen] = []
    new_faces: list[Face] = []
    splits: dict[int, str] = {}
    fresh: list[int] = []
    for (item, got), (image_id, is_new) in zip(good, stored, strict=True):
        if image_id in tally.settled:
            tally.counts["settled"] += 1
            continue
        problem = _objection(image_id, guarded, tally.vouched)
        outcome = Outcome.KEPT if is_new else Outcome.DUPLICATE
        seen.append(_seen(got.candidate, outcome, problem, image_id))
        tally.counts["new"] += is_new
        if problem is not None:
            tally.skip(item.name, problem)
            continue
        tally.vouched.add(image_id)
        fresh.append(image_id)
        new_faces += [
            structs.replace(f, image_id=image_id, run_id=tally.run_id) for f in item.faces
        ]
        if tally.options.keep_splits and item.split is not None:
            splits[image_id] = item.split
    for item, candidate, trouble in batch:
        if isinstance(trouble, _Problem):
            tally.skip(item.name, trouble)
        if isinstance(trouble, _Problem) and trouble is not _OPTED_OUT:
            # Of what was forgotten not even the name is kept.
            seen.append(_seen(candidate, Outcome.FAILED, trouble, None))
    faces.add(connection, new_faces)
    images.vouch(connection, fresh, tally.run_id)
    images.set_first_split(connection, splits)
    runs.mark(connection, tally.run_id, dict.fromkeys(fresh))
    candidates.record(connection, tally.run_id, seen)
    tally.counts["images"] += len(fresh)
    tally.counts["faces"] += len(new_faces)


def _objection(image_id: int, guarded: set[int], vouched: set[int]) -> _Problem | None:
    if image_id in vouched:
        return _Problem("same-content", "another image of this file has the same content")
    if image_id in guarded:
        return _Problem("corrected-by-people", "its labels were corrected here; they stay")
    return None


def _seen(
    candidate: Candidate, outcome: Outcome, problem: _Problem | None, image_id: int | None
) -> Seen:
    return Seen(
        candidate=candidate,
        outcome=outcome,
        reason=problem.reason if problem else None,
        detail=problem.detail if problem else None,
        image_id=image_id,
        at=datetime.now(UTC),
    )
