"""The pages of a site still to be visited."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from curator.collect.limits import Limits


@dataclass(frozen=True, slots=True)
class Page:
    """A page, how many links it is from the start, and the page that led to it."""

    url: str
    depth: int
    parent: str | None


class Frontier:
    """Pages breadth first, each once; knows when the last one is done."""

    def __init__(self, start: str, limits: Limits) -> None:
        self.left_out = False
        self._limits = limits
        self._pages: dict[str, Page] = {}
        self._waiting: deque[str] = deque()
        self._unfinished = 0
        self._is_stopped = False
        self._change = threading.Condition()
        self.add(Page(start, 0, None))

    def __getitem__(self, url: str) -> Page:
        return self._pages[url]

    def __contains__(self, url: str) -> bool:
        return url in self._pages

    def add(self, page: Page) -> None:
        """Queue a page unless it is known or beyond the limits."""
        with self._change:
            if page.url in self._pages or page.depth > self._limits.max_depth:
                return
            if len(self._pages) >= self._limits.max_pages:
                self.left_out = True
                return
            self._pages[page.url] = page
            self._waiting.append(page.url)
            self._unfinished += 1
            self._change.notify_all()

    def next(self) -> str | None:
        """Wait for the next page; None once all are done, or the crawl was called off."""
        with self._change:
            self._change.wait_for(lambda: self._waiting or not self._unfinished or self._is_stopped)
            return self._waiting.popleft() if self._waiting and not self._is_stopped else None

    def done(self) -> None:
        """One page handed out by :meth:`next` is dealt with, its links added."""
        with self._change:
            self._unfinished -= 1
            self._change.notify_all()

    def stop(self) -> None:
        """Let everyone who waits go home."""
        with self._change:
            self._is_stopped = True
            self._change.notify_all()
