"""Collect: what a source yields becomes images, or a candidate with its reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from curator.collect import SOURCES, Limits, Source
from curator.config import settings
from curator.progress import Progress
from curator.records import Candidate, Fetched, Outcome, Refused, RunStatus
from curator.store import candidates, images, runs
from curator.store.candidates import Seen
from curator.store.dataset import Dataset

# Rows wait for company, but never longer than a person watching would like.
BATCH = 64
SECONDS = 1.0
_MOST_MEGABYTES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectReport:
    """What one collecting run brought.

    Attributes:
        kept: New images.
        duplicates: Candidates whose content was known already.
        refused: Reason -> how many, for good.
        failed: Reason -> how many, to be tried again by the next run.
        settled: Candidates met again that an earlier run had dealt with.
    """

    run_id: int
    kept: int
    duplicates: int
    refused: Mapping[str, int]
    failed: Mapping[str, int]
    settled: int
    seconds: float


@dataclass(slots=True)
class _Batch:
    """Outcomes whose rows are not written yet; bytes are on the disk already."""

    dataset: Dataset
    run_id: int
    waiting: list[Fetched | Refused] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)
    counts: dict[tuple[Outcome, str], int] = field(default_factory=dict)

    def add(self, result: Fetched | Refused) -> None:
        if isinstance(result, Fetched):
            self.dataset.blobs.put(result.data, result.sha256, result.mime)
        self.waiting.append(_without_bytes(result))
        if len(self.waiting) >= BATCH or time.monotonic() - self.since >= SECONDS:
            self.write()

    def write(self) -> None:
        if self.waiting:
            self.dataset.blobs.flush()
            with self.dataset.write() as connection:
                seen = _store(connection, self.waiting)
                candidates.record(connection, self.run_id, seen)
            for item in seen:
                key = (item.outcome, item.reason or "")
                self.counts[key] = self.counts.get(key, 0) + 1
            self.waiting = []
        self.since = time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectRequest:
    """What to collect.

    Attributes:
        source: A name of the registry of sources.
        target: What that source takes: a folder or archive, a list of URLs, a page's address.
        licence: Of images for which the source does not say.
        author: Of images for which the source does not say.
        max_images: Stop after so many, None for all.
        min_side: Images with a shorter side are refused, pixels.
        depth: How many clicks a crawl follows.
        also_hosts: Other hosts whose images a crawl takes, such as ``cdn.example.com``.
        max_megabytes: Stop after images of so many million bytes.
        max_minutes: Stop after so long.
        obey: Leave alone what robots.txt, ``X-Robots-Tag`` and pages forbid.
        allow_hosts: Hosts that may be asked beside those of the settings although they are not
            public, such as ``127.0.0.1:8000``.
    """

    source: str
    target: str
    licence: str | None = None
    author: str | None = None
    max_images: int | None = None
    min_side: int = 1
    depth: int = 3
    also_hosts: tuple[str, ...] = ()
    max_megabytes: int | None = None
    max_minutes: float | None = None
    obey: bool = True
    allow_hosts: tuple[str, ...] = ()


def collect(dataset: Dataset, request: CollectRequest, progress: Progress) -> CollectReport:
    """Bring images in from a source of the registry, under the limits of the settings.

    Raises:
        ConfigError: if the source is not known.
        SourceError: if it cannot be read at all.
        StoreError: if the dataset cannot be written.
    """
    params = asdict(request)
    if request.max_images is not None:
        with dataset.write() as connection:
            run = runs.begin(connection, kind="collect", method=request.source, params=params)
            kept = candidates.outcomes(connection, run_id=run.id).get(Outcome.KEPT, 0)
            if kept >= request.max_images:
                # Earlier starts of the same run brought as many as were asked for.
                runs.finish(connection, run.id)
                return _report(run.id, {}, kept, 0.0)
        request = replace(request, max_images=request.max_images - kept)
    source = open_source(request)
    return ingest(dataset, source, method=request.source, params=params, progress=progress)


def open_source(request: CollectRequest) -> Source:
    """The source of a request, under the limits of the settings.

    Raises:
        ConfigError: if the source is not known or a limit makes no sense.
    """
    limits = Limits.of(settings())
    limits = replace(
        limits,
        max_images=request.max_images,
        min_side=request.min_side,
        max_depth=request.depth,
        also_hosts=request.also_hosts,
        max_total_bytes=(request.max_megabytes or _MOST_MEGABYTES) * 1_000_000,
        max_run_seconds=None if request.max_minutes is None else 60 * request.max_minutes,
        obey=request.obey,
        allow_hosts=(*limits.allow_hosts, *request.allow_hosts),
    )
    make = SOURCES.load(request.source)
    return make(request.target, limits, licence=request.licence, author=request.author)


def ingest(
    dataset: Dataset,
    source: Source,
    *,
    method: str,
    params: Mapping[str, Any],
    progress: Progress,
) -> CollectReport:
    """Store everything the source yields, each content once.

    Args:
        dataset: Where to.
        source: Yields fetched images and refusals.
        method: The source's name in the registry.
        params: What was asked; equal params continue the earlier run.
        progress: Told of every candidate and its outcome.

    Raises:
        SourceError: if the source cannot be read at all.
        StoreError: if the dataset cannot be written.
    """
    started = time.monotonic()
    dataset.blobs.sweep()
    with dataset.write() as connection:
        run = runs.begin(connection, kind="collect", method=method, params=params)
        known = candidates.settled(connection)
    met_again: set[str] = set()
    batch = _Batch(dataset, run.id)
    status = RunStatus.FAILED
    try:
        # Closed at once, so that no thread goes on fetching after an error here.
        with closing(source.collect(_settled(known, met_again), progress)) as results:
            for result in results:
                batch.add(result)
        status = RunStatus.DONE
    except KeyboardInterrupt:
        status = RunStatus.CANCELLED
        raise
    finally:
        batch.write()
        report = _report(run.id, batch.counts, len(met_again), time.monotonic() - started)
        with dataset.write() as connection:
            runs.finish(connection, run.id, status=status)
    return report


def _settled(known: Mapping[str, str | None], met_again: set[str]) -> Callable[[Candidate], bool]:
    def settled(candidate: Candidate) -> bool:
        if candidate.url not in known:
            return False
        before = known[candidate.url]
        # A local file that changed since is another picture; a page's address alone decides.
        if candidate.validator is not None and before is not None and candidate.validator != before:
            return False
        met_again.add(candidate.url)
        return True

    return settled


def _store(connection: Connection, results: list[Fetched | Refused]) -> list[Seen]:
    fetched = [result for result in results if isinstance(result, Fetched)]
    stored = images.add(connection, [image_row(result) for result in fetched])
    ids = dict(zip([id(result) for result in fetched], stored, strict=True))
    return [_seen(result, ids.get(id(result))) for result in results]


def _seen(result: Fetched | Refused, stored: tuple[int, bool] | None) -> Seen:
    if isinstance(result, Refused):
        return Seen(
            candidate=result.candidate,
            outcome=Outcome.FAILED if result.retry else Outcome.REFUSED,
            reason=result.reason,
            detail=result.detail,
            image_id=None,
            at=datetime.now(UTC),
        )
    assert stored is not None  # noqa: S101 - every fetched result was just stored
    image_id, is_new = stored
    return Seen(
        candidate=result.candidate,
        outcome=Outcome.KEPT if is_new else Outcome.DUPLICATE,
        reason=None,
        detail=None,
        image_id=image_id,
        at=result.fetched_at,
    )


def image_row(result: Fetched) -> dict[str, Any]:
    """The columns of an image that was just fetched."""
    candidate = result.candidate
    return {
        "sha256": result.sha256,
        "phash": result.phash,
        "width": result.width,
        "height": result.height,
        "mime": result.mime,
        "name": candidate.name,
        "source": candidate.source,
        "url": candidate.url,
        "page_url": candidate.page_url,
        "title": candidate.title,
        "licence": candidate.licence,
        "author": candidate.author,
        "query": candidate.query,
        "engine": candidate.engine,
        "http": result.http,
        "group_key": candidate.group,
        "fetched_at": result.fetched_at,
    }


def _without_bytes(result: Fetched | Refused) -> Fetched | Refused:
    """Rows wait in batches; the pictures themselves must not pile up in memory meanwhile."""
    return replace(result, data=b"") if isinstance(result, Fetched) else result


def _report(
    run_id: int, counts: Mapping[tuple[Outcome, str], int], settled: int, seconds: float
) -> CollectReport:
    def of(outcome: Outcome) -> dict[str, int]:
        return {reason: n for (what, reason), n in sorted(counts.items()) if what == outcome}

    return CollectReport(
        run_id=run_id,
        kept=sum(of(Outcome.KEPT).values()),
        duplicates=sum(of(Outcome.DUPLICATE).values()),
        refused=of(Outcome.REFUSED),
        failed=of(Outcome.FAILED),
        settled=settled,
        seconds=seconds,
    )
