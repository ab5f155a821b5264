"""Collect: what a source yields becomes images, or a candidate with its reason."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from curator.collect import SOURCES, Limits, Refreshable, Resumable, Seeing, Source
from curator.config import settings
from curator.pipeline.annotate import DetectRequest, open_detector
from curator.pipeline.arrivals import Batch, recover
from curator.pipeline.known import Known
from curator.pipeline.ledger import StoredLedger
from curator.progress import Progress
from curator.records import Fetched, Outcome, Refused, RunStatus, Unchanged
from curator.store import candidates, frontier, runs
from curator.store.dataset import Dataset

if TYPE_CHECKING:
    from curator.collect.frames import FindFaces

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
        opted_out: Candidates on the list of what must not be collected; nothing is kept of them.
        unchanged: Asked for again, and what they were.
        gone: Asked for again, and not to be had any more; what was kept stays.
    """

    run_id: int
    kept: int
    duplicates: int
    refused: Mapping[str, int]
    failed: Mapping[str, int]
    settled: int
    opted_out: int
    unchanged: int
    gone: int
    seconds: float


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
        filters: Of a search engine: name -> value, such as ``license`` -> ``commercial``.
        max_results: Of a search engine.
        frames: Which frames of a video: ``every``, ``scenes`` or ``tracks``.
        frame_seconds: Between two frames of ``every``.
        max_megabytes: Stop after images of so many million bytes.
        max_minutes: Stop after so long.
        obey: Leave alone what robots.txt, ``X-Robots-Tag`` and pages forbid.
        allow_hosts: Hosts that may be asked beside those of the settings although they are not
            public, such as ``127.0.0.1:8000``.
        refresh: Ask again for pictures of the web that are here; one that is another now is kept
            beside the old one.
    """

    source: str
    target: str
    licence: str | None = None
    author: str | None = None
    max_images: int | None = None
    min_side: int = 1
    depth: int = 3
    also_hosts: tuple[str, ...] = ()
    filters: Mapping[str, str] = field(default_factory=dict)
    max_results: int = 200
    frames: str = "scenes"
    frame_seconds: float = 1.0
    max_megabytes: int | None = None
    max_minutes: float | None = None
    obey: bool = True
    allow_hosts: tuple[str, ...] = ()
    refresh: bool = False


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
            dataset.holds.take(run.id)
            kept = candidates.outcomes(connection, run_id=run.id).get(Outcome.KEPT, 0)
            if kept >= request.max_images:
                # Earlier starts of the same run brought as many as were asked for.
                runs.finish(connection, run.id)
                return _report(run.id, {}, None, {}, 0.0)
        request = replace(request, max_images=request.max_images - kept)
    source = open_source(request)
    if request.frames == "tracks" and isinstance(source, Seeing):
        source = source.seeing(_eyes(progress))
    return ingest(
        dataset,
        source,
        method=request.source,
        params=params,
        progress=progress,
        refresh=request.refresh,
    )


def _eyes(progress: Progress) -> FindFaces:
    """The detector that is used without being named."""
    from curator.collect.tracks import Seen

    detector = open_detector(DetectRequest(), progress)

    def find_faces(pixels: NDArray[np.uint8]) -> list[Seen]:
        found = detector(pixels)
        boxes, scores = found.boxes.tolist(), found.scores.tolist()
        return [Seen(tuple(box), score) for box, score in zip(boxes, scores, strict=True)]

    return find_faces


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
        filters=tuple(request.filters.items()),
        max_results=request.max_results,
        frames=request.frames,
        frame_seconds=request.frame_seconds,
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
    refresh: bool = False,
) -> CollectReport:
    """Store everything the source yields, each content once.

    Args:
        dataset: Where to.
        source: Yields fetched images and refusals.
        method: The source's name in the registry.
        params: What was asked; equal params continue the earlier run.
        progress: Told of every candidate and its outcome.
        refresh: Ask again for pictures of the web that are here.

    Raises:
        SourceError: if the source cannot be read at all.
        StoreError: if the dataset cannot be written.
    """
    started = time.monotonic()
    dataset.blobs.sweep()
    recover(dataset)
    with dataset.write() as connection:
        run = runs.begin(connection, kind="collect", method=method, params=params)
        dataset.holds.take(run.id)
    known = Known(dataset, refresh=refresh)
    again: Counter[str] = Counter()
    batch = Batch(dataset, run.id)
    if isinstance(source, Resumable):
        source = source.remembering(StoredLedger(dataset, run.id))
    if refresh and isinstance(source, Refreshable):
        source = source.refreshing(known.validator)
    status = RunStatus.FAILED
    try:
        # Closed at once, so that no thread goes on fetching after an error here.
        with batch, closing(source.collect(known.settled, progress)) as results:
            for result in results:
                news = _news(known, result, again)
                if news is None:
                    batch.pass_over(result.candidate.url)
                else:
                    batch.add(news)
        status = RunStatus.DONE
    except KeyboardInterrupt:
        status = RunStatus.CANCELLED
        raise
    finally:
        report = _report(run.id, batch.counts, known, again, time.monotonic() - started)
        with dataset.write() as connection:
            frontier.clear_if_done(connection, run.id)
            runs.finish(connection, run.id, status=status)
    return report


def _news(
    known: Known, result: Fetched | Refused | Unchanged, again: Counter[str]
) -> Fetched | Refused | None:
    """What is to be written down of it; None for what is as it was or must not be kept."""
    if isinstance(result, Refused) and not known.is_refreshing(result.candidate.url):
        return result
    if isinstance(result, Refused):
        again["gone"] += 1
    elif isinstance(result, Unchanged) or known.is_same(result):
        again["unchanged"] += 1
    elif not known.forbids(result):
        return result
    return None


def _report(
    run_id: int,
    counts: Mapping[tuple[Outcome, str], int],
    known: Known | None,
    again: Mapping[str, int],
    seconds: float,
) -> CollectReport:
    def of(outcome: Outcome) -> dict[str, int]:
        return {reason: n for (what, reason), n in sorted(counts.items()) if what == outcome}

    return CollectReport(
        run_id=run_id,
        kept=sum(of(Outcome.KEPT).values()),
        duplicates=sum(of(Outcome.DUPLICATE).values()),
        refused=of(Outcome.REFUSED),
        failed=of(Outcome.FAILED),
        settled=0 if known is None else known.met_again,
        opted_out=0 if known is None else known.opted_out,
        unchanged=again.get("unchanged", 0),
        gone=again.get("gone", 0),
        seconds=seconds,
    )
