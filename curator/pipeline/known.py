"""What needs no second visit: what earlier runs dealt with, and what nobody may collect."""

from __future__ import annotations

from threading import Lock
from urllib.parse import urlsplit

import numpy as np

from curator.records import Candidate, Fetched, Outcome
from curator.store import candidates, opt_outs
from curator.store.dataset import Dataset
from curator.store.opt_outs import OptOut


class Known:
    """Asked for every candidate, from several threads, in the same memory however many there are.

    Args:
        dataset: Whose candidates.
        refresh: Pictures of the web that are here are to be asked for again.
    """

    def __init__(self, dataset: Dataset, *, refresh: bool = False) -> None:
        self._dataset = dataset
        self._refresh = refresh
        self._lock = Lock()
        self._met: set[int] = set()
        self._refused: set[int] = set()
        with dataset.read() as connection:
            # Eight bytes an address; the database is asked only about those that seem known.
            hashes = map(hash, candidates.urls(connection))
            self._hashes = np.sort(np.fromiter(hashes, np.int64))
            self._has_opt_outs = bool(opt_outs.counts(connection))

    @property
    def met_again(self) -> int:
        """How many candidates an earlier run had dealt with."""
        return len(self._met)

    @property
    def opted_out(self) -> int:
        """How many candidates were met that must not be collected."""
        return len(self._refused)

    def settled(self, candidate: Candidate) -> bool:
        """Whether this candidate is to be passed over."""
        key = hash(candidate.url)
        if self._has_opt_outs and self._must_not(candidate.url):
            with self._lock:
                self._refused.add(key)
            return True
        if not self._seems_known(key) or not self._is_settled(candidate):
            return False
        if self.is_refreshing(candidate.url):
            return False
        with self._lock:
            self._met.add(key)
        return True

    def is_here(self, url: str) -> bool:
        """Whether an earlier run brought a picture from this address of the web."""
        if not url.startswith(("http://", "https://")) or not self._seems_known(hash(url)):
            return False
        with self._dataset.read() as connection:
            return candidates.content(connection, url) is not None

    def is_refreshing(self, url: str) -> bool:
        """Whether a picture that is here was asked for again."""
        return self._refresh and self.is_here(url)

    def validator(self, url: str) -> str | None:
        """That of the picture that an earlier run brought from this address, if it had one."""
        if not self.is_here(url):
            return None
        with self._dataset.read() as connection:
            found = candidates.find(connection, url)
        return None if found is None else found[1]

    def is_same(self, result: Fetched) -> bool:
        """Whether the picture of this address is what it was, though it was sent again."""
        if not self.is_refreshing(result.candidate.url):
            return False
        with self._dataset.read() as connection:
            return candidates.content(connection, result.candidate.url) == result.sha256

    def forbids(self, result: Fetched) -> bool:
        """Whether these bytes, or where they really came from, must not be collected."""
        if not self._has_opt_outs:
            return False
        with self._dataset.read() as connection:
            found = opt_outs.holds(connection, OptOut.CONTENT, result.sha256)
        where = str((result.http or {}).get("url", ""))
        if found or (where and self._must_not(where)):
            with self._lock:
                self._refused.add(hash(result.candidate.url))
            return True
        return False

    def _must_not(self, url: str) -> bool:
        host = urlsplit(url).hostname
        with self._dataset.read() as connection:
            return opt_outs.holds(connection, OptOut.ADDRESS, url) or (
                host is not None and opt_outs.holds(connection, OptOut.HOST, host)
            )

    def _seems_known(self, key: int) -> bool:
        place = int(self._hashes.searchsorted(key))
        return place < len(self._hashes) and int(self._hashes[place]) == key

    def _is_settled(self, candidate: Candidate) -> bool:
        with self._dataset.read() as connection:
            found = candidates.find(connection, candidate.url)
        if found is None or found[0] is Outcome.FAILED:
            return False
        before = found[1]
        # A local file that changed since is another picture; a page's address alone decides.
        return candidate.validator is None or before is None or candidate.validator == before
