"""What arrives while collecting is written down: bytes and a line at once, rows many at a time."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import urlsplit

from sqlalchemy import Connection

from curator.pipeline import journal
from curator.pipeline.journal import Arrival, Journal
from curator.records import Fetched, Outcome, Refused
from curator.store import candidates, frontier, images, opt_outs
from curator.store.candidates import Seen
from curator.store.dataset import Dataset
from curator.store.opt_outs import OptOut

# Rows wait for company, but not long: people watch them come.
BATCH = 512
SECONDS = 0.5
# Whoever brings more than can be written has to wait.
_MOST = 2 * BATCH


class Batch:
    """Outcomes whose rows are not written yet; bytes and journal are on the disk already.

    A context manager: while it is open, a thread writes what waits.
    """

    def __init__(self, dataset: Dataset, run_id: int) -> None:
        self.counts: dict[tuple[Outcome, str], int] = {}
        self._dataset = dataset
        self._run_id = run_id
        self._journal = Journal(dataset, run_id)
        self._waiting: list[Arrival] = []
        self._change = threading.Condition()
        self._is_over = False
        self._error: Exception | None = None
        self._writer = threading.Thread(target=self._write_all, name="arrivals", daemon=True)

    def __enter__(self) -> Self:
        self._writer.start()
        return self

    def __exit__(self, *exc: object) -> None:
        with self._change:
            self._is_over = True
            self._change.notify_all()
        self._writer.join()
        if self._error is not None and exc[1] is None:
            raise self._error

    def add(self, result: Fetched | Refused) -> None:
        """One more; when this returns, no kill makes anyone fetch it again.

        Raises:
            StoreError: if it, or one before it, cannot be written.
        """
        if isinstance(result, Fetched):
            self._dataset.blobs.put(result.data, result.sha256, result.mime)
        self._append(Arrival.of(result))

    def pass_over(self, url: str) -> None:
        """This address is dealt with, and nothing of it is to be remembered."""
        self._append(Arrival(datetime.now(UTC), passed=url))

    def _append(self, arrival: Arrival) -> None:
        with self._change:
            while len(self._waiting) >= _MOST and self._error is None:
                self._change.wait()
            if self._error is not None:
                raise self._error
            self._journal.append(arrival)
            self._waiting.append(arrival)
            if len(self._waiting) == BATCH:
                self._change.notify_all()

    def _write_all(self) -> None:
        is_over = False
        while not is_over:
            with self._change:
                self._change.wait_for(lambda: self._is_over or len(self._waiting) >= BATCH, SECONDS)
                is_over = self._is_over
                arrivals, self._waiting = self._waiting, []
                lines = self._journal.turn()
                self._change.notify_all()
            try:
                self._write(arrivals)
                journal.drop(lines)
            except Exception as error:  # noqa: BLE001 - raised again where the next one arrives
                with self._change:
                    self._error = error
                    self._change.notify_all()
                return

    def _write(self, arrivals: list[Arrival]) -> None:
        for item in _write(self._dataset, self._run_id, arrivals):
            key = (item.outcome, item.reason or "")
            self.counts[key] = self.counts.get(key, 0) + 1


def recover(dataset: Dataset) -> None:
    """Write down what programs that were killed had brought but not written.

    Raises:
        StoreError: if the dataset cannot be written.
    """
    for lines, run_id, arrivals in journal.left(dataset):
        with dataset.read() as connection:
            fresh = [arrival for arrival in arrivals if not _is_written(connection, arrival)]
            wanted = [arrival for arrival in fresh if not _is_opted_out(connection, arrival)]
        _write(dataset, run_id, wanted)
        journal.drop(lines)


def _write(dataset: Dataset, run_id: int, arrivals: list[Arrival]) -> list[Seen]:
    if not arrivals:
        return []
    dataset.blobs.flush()
    with dataset.write() as connection:
        seen = _store(connection, arrivals)
        candidates.record(connection, run_id, seen)
        passed = [arrival.passed for arrival in arrivals if arrival.passed is not None]
        frontier.done(connection, run_id, [*passed, *(item.candidate.url for item in seen)])
    return seen


def _is_written(connection: Connection, arrival: Arrival) -> bool:
    """Whether the kill came after the rows and before the end of the journal."""
    result = arrival.fetched or arrival.refused
    return result is not None and candidates.at(connection, result.candidate.url) == arrival.at


def _is_opted_out(connection: Connection, arrival: Arrival) -> bool:
    """Whether somebody has asked meanwhile that it be forgotten."""
    result = arrival.fetched or arrival.refused
    if result is None:
        return False
    url = result.candidate.url
    host = urlsplit(url).hostname
    return (
        opt_outs.holds(connection, OptOut.ADDRESS, url)
        or (host is not None and opt_outs.holds(connection, OptOut.HOST, host))
        or (
            arrival.fetched is not None
            and opt_outs.holds(connection, OptOut.CONTENT, arrival.fetched.sha256)
        )
    )


def _store(connection: Connection, arrivals: list[Arrival]) -> list[Seen]:
    fetched = [arrival.fetched for arrival in arrivals if arrival.fetched is not None]
    stored = iter(images.add(connection, [image_row(result) for result in fetched]))
    return [
        _kept(arrival.fetched, *next(stored)) if arrival.fetched else _refused(arrival)
        for arrival in arrivals
        if arrival.passed is None
    ]


def _kept(result: Fetched, image_id: int, is_new: bool) -> Seen:
    return Seen(
        candidate=result.candidate,
        outcome=Outcome.KEPT if is_new else Outcome.DUPLICATE,
        reason=None,
        detail=None,
        image_id=image_id,
        at=result.fetched_at,
    )


def _refused(arrival: Arrival) -> Seen:
    result = arrival.refused
    assert result is not None  # noqa: S101 - what was neither fetched nor passed over
    return Seen(
        candidate=result.candidate,
        outcome=Outcome.FAILED if result.retry else Outcome.REFUSED,
        reason=result.reason,
        detail=result.detail,
        image_id=None,
        at=arrival.at,
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
