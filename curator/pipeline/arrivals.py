"""What arrives while collecting is written down: bytes at once, rows a few at a time."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Self

from sqlalchemy import Connection

from curator.records import Fetched, Outcome, Refused
from curator.store import candidates, frontier, images
from curator.store.candidates import Seen
from curator.store.dataset import Dataset

# Rows wait for company, but not long: what is not written is fetched again after a kill.
BATCH = 32
SECONDS = 0.1


class Batch:
    """Outcomes whose rows are not written yet; their bytes are on the disk already.

    A context manager: while it is open, a thread writes what has waited long enough.
    """

    def __init__(self, dataset: Dataset, run_id: int) -> None:
        self.counts: dict[tuple[Outcome, str], int] = {}
        self._dataset = dataset
        self._run_id = run_id
        self._waiting: list[Fetched | Refused] = []
        self._passed: list[str] = []
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._over = threading.Event()
        self._error: Exception | None = None
        self._clock = threading.Thread(target=self._tick, name="arrivals", daemon=True)

    def __enter__(self) -> Self:
        self._clock.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._clock.join()
        self.write()

    def add(self, result: Fetched | Refused) -> None:
        """One more.

        Raises:
            StoreError: if it, or one before it, cannot be written.
        """
        if self._error is not None:
            raise self._error
        if isinstance(result, Fetched):
            self._dataset.blobs.put(result.data, result.sha256, result.mime)
        with self._lock:
            self._waiting.append(_without_bytes(result))
            is_full = len(self._waiting) >= BATCH
        if is_full:
            self.write()

    def pass_over(self, url: str) -> None:
        """This address is dealt with, and nothing of it is to be remembered."""
        with self._lock:
            self._passed.append(url)

    def write(self) -> None:
        """Write what waits."""
        with self._writing:
            with self._lock:
                waiting, self._waiting = self._waiting, []
                passed, self._passed = self._passed, []
            if not waiting and not passed:
                return
            self._dataset.blobs.flush()
            with self._dataset.write() as connection:
                seen = _store(connection, waiting)
                candidates.record(connection, self._run_id, seen)
                done = [*passed, *(item.candidate.url for item in seen)]
                frontier.done(connection, self._run_id, done)
            for item in seen:
                key = (item.outcome, item.reason or "")
                self.counts[key] = self.counts.get(key, 0) + 1

    def _tick(self) -> None:
        while not self._over.wait(SECONDS):
            try:
                self.write()
            except Exception as error:  # noqa: BLE001 - raised again where the next one arrives
                self._error = error
                return


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
