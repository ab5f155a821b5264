"""The pages of a site still to be visited, and the pictures they showed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from curator.collect.fetch import Reply
from curator.collect.limits import Limits


@dataclass(frozen=True, slots=True)
class Page:
    """A page, how many links it is from the start, and the page that led to it."""

    url: str
    depth: int
    parent: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture that a page shows, and what the page calls it."""

    url: str
    page_url: str
    title: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What came of reading a page: its address after redirects, what it shows and links."""

    page: Page
    home: str
    shown: Sequence[Shown] = ()
    links: Sequence[Page] = ()


class Ledger(Protocol):
    """Remembers a crawl; every address once, as a page or as a picture, whichever came first."""

    def begin(self, start: str) -> str | None:
        """Remember the start page, unless it is known.

        Returns:
            Where the start page really was, if an earlier start of this crawl has read it.
        """

    def next(self, after: Page | None) -> Page | None:
        """The first page that waits after this one, breadth first; None if there is none yet."""

    def visited(self, reading: Reading, most: int) -> tuple[list[Shown], bool]:
        """A page is read: remember what it leads to, all or nothing.

        Args:
            reading: What is on it.
            most: Pages to know in all; further ones are left out.

        Returns:
            The pictures that are new, and whether a page was left out.
        """

    def waiting(self) -> Iterator[Shown]:
        """Pictures that an earlier start met and did not come to."""

    def passed(self, urls: Sequence[str]) -> None:
        """These need not be asked for: an earlier run has dealt with them."""

    def recall(self, url: str) -> Reply | None:
        """What an earlier crawl was sent for a page, if it may still be so."""

    def keep(self, url: str, reply: Reply) -> None:
        """Remember what a page was, for the next crawl."""


class MemoryLedger:
    """Remembers one crawl as long as it runs."""

    def __init__(self) -> None:
        self._order: list[Page] = []
        self._place: dict[str, int] = {}
        self._shown: set[str] = set()

    def begin(self, start: str) -> str | None:
        """Remember the start page."""
        self._add(Page(start, 0, None))
        return None

    def next(self, after: Page | None) -> Page | None:
        """The page that was met next: they are met breadth first."""
        place = 0 if after is None else self._place[after.url] + 1
        return self._order[place] if place < len(self._order) else None

    def visited(self, reading: Reading, most: int) -> tuple[list[Shown], bool]:
        """Remember what the page leads to."""
        new = [each for each in reading.shown if self._is_new(each.url)]
        self._shown.update(each.url for each in new)
        links = [page for page in reading.links if self._is_new(page.url)]
        room = max(0, most - len(self._order))
        for page in links[:room]:
            self._add(page)
        return new, len(links) > room

    def waiting(self) -> Iterator[Shown]:
        """Nothing was met before."""
        return iter(())

    def passed(self, urls: Sequence[str]) -> None:
        """They will not be met again."""

    def recall(self, url: str) -> Reply | None:
        """No earlier crawl is known."""

    def keep(self, url: str, reply: Reply) -> None:
        """There is no next crawl."""

    def _is_new(self, url: str) -> bool:
        return url not in self._place and url not in self._shown

    def _add(self, page: Page) -> None:
        self._place[page.url] = len(self._order)
        self._order.append(page)


class Frontier:
    """Hands out pages breadth first, each once; knows when the last one is done.

    Attributes:
        left_out: Whether there were more pages than the limit.
        home: Where the start page was when an earlier start of this crawl read it, else None.
    """

    def __init__(self, start: str, limits: Limits, ledger: Ledger) -> None:
        self.left_out = False
        self.home = ledger.begin(start)
        self._limits = limits
        self._ledger = ledger
        self._last: Page | None = None
        self._handed: dict[str, Page] = {}
        self._is_stopped = False
        self._change = threading.Condition()

    def __getitem__(self, url: str) -> Page:
        return self._handed[url]

    def next(self) -> str | None:
        """Wait for the next page; None once all are done, or the crawl was called off."""
        with self._change:
            while not self._is_stopped:
                page = self._ledger.next(self._last)
                if page is not None:
                    self._last = page
                    self._handed[page.url] = page
                    return page.url
                if not self._handed:
                    return None
                self._change.wait()
            return None

    def visited(self, reading: Reading) -> list[Shown]:
        """A page handed out by :meth:`next` is read; return the pictures that are new."""
        if reading.page.depth >= self._limits.max_depth:
            reading = replace(reading, links=())
        with self._change:
            new, left_out = self._ledger.visited(reading, self._limits.max_pages)
            self.left_out |= left_out
            return new

    def waiting(self) -> Iterator[Shown]:
        """Pictures that an earlier start of this crawl met and did not come to."""
        return self._ledger.waiting()

    def passed(self, urls: Sequence[str]) -> None:
        """These pictures need not be asked for: an earlier run has dealt with them."""
        if urls:
            self._ledger.passed(urls)

    def recall(self, url: str) -> Reply | None:
        """What an earlier crawl was sent for a page, if it may still be so."""
        return self._ledger.recall(url)

    def keep(self, url: str, reply: Reply) -> None:
        """Remember what a page was, for the next crawl."""
        self._ledger.keep(url, reply)

    def done(self, url: str) -> None:
        """Whatever came of a page handed out, nothing more comes of it."""
        with self._change:
            self._handed.pop(url, None)
            self._change.notify_all()

    def stop(self) -> None:
        """Let everyone who waits go home."""
        with self._change:
            self._is_stopped = True
            self._change.notify_all()
