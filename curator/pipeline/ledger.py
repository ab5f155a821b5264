"""The frontier of a crawl, kept in the store: a killed crawl goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from curator.collect.fetch import Reply
from curator.collect.frontier import Page, Reading, Shown
from curator.pipeline.pages import Pages
from curator.store import frontier
from curator.store.dataset import Dataset

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class StoredLedger:
    """See :class:`curator.collect.frontier.Ledger`."""

    dataset: Dataset
    run_id: int

    def begin(self, start: str) -> str | None:
        """Start a crawl, or go on with one; see the protocol."""
        with self.dataset.write() as connection:
            known = frontier.get(connection, self.run_id, start)
            if known is None:
                frontier.add(connection, self.run_id, [_page(Page(start, 0, None))])
                return None
            return None if known.state == frontier.WAITING else str(known.parent or start)

    def next(self, after: Page | None) -> Page | None:
        """The first page that waits after this one, breadth first."""
        with self.dataset.read() as connection:
            before = None if after is None else frontier.get(connection, self.run_id, after.url)
            place = (-1, 0) if before is None else (before.depth, before.id)
            row = frontier.next_page(connection, self.run_id, place)
            return None if row is None else Page(row.url, row.depth, row.parent)

    def visited(self, reading: Reading, most: int) -> tuple[list[Shown], bool]:
        """A page is read: remember what it leads to, all or nothing."""
        page, run = reading.page, self.run_id
        shown = [_picture(each) for each in reading.shown]
        with self.dataset.write() as connection:
            new = frontier.add(connection, run, shown)
            known = frontier.known(connection, run, [link.url for link in reading.links])
            links = [link for link in reading.links if link.url not in known]
            room = max(0, most - frontier.pages(connection, run)) if links else 0
            frontier.add(connection, run, [_page(link) for link in links[:room]])
            frontier.done(connection, run, [page.url])
            if page.depth == 0:
                frontier.moved(connection, run, page.url, reading.home)
        # Each once, though a page may show it twice.
        first = {each.url: each for each in reversed(reading.shown)}
        return [each for each in first.values() if each.url in new][::-1], len(links) > room

    def waiting(self) -> Iterator[Shown]:
        """Pictures that an earlier start met and did not come to."""
        after = 0
        while True:
            with self.dataset.read() as connection:
                rows = frontier.pictures(connection, self.run_id, after, _AT_ONCE)
            yield from (Shown(row.url, row.parent, row.title) for row in rows)
            if len(rows) < _AT_ONCE:
                return
            after = rows[-1].id

    def passed(self, urls: Sequence[str]) -> None:
        """These need not be asked for: an earlier run has dealt with them."""
        with self.dataset.write() as connection:
            frontier.done(connection, self.run_id, urls)

    def recall(self, url: str) -> Reply | None:
        """What an earlier crawl was sent for a page."""
        return Pages.of(self.dataset).get(url)

    def keep(self, url: str, reply: Reply) -> None:
        """Remember what a page was, for the next crawl."""
        Pages.of(self.dataset).put(url, reply)


def _page(page: Page) -> dict[str, object]:
    return {
        "url": page.url,
        "kind": frontier.PAGE,
        "depth": page.depth,
        "parent": page.parent,
        "title": None,
    }


def _picture(shown: Shown) -> dict[str, object]:
    return {
        "url": shown.url,
        "kind": frontier.PICTURE,
        "depth": 0,
        "parent": shown.page_url,
        "title": shown.title,
    }
