"""icrawler's feeder, parser and downloader, wired so that nothing is lost and nothing hangs.

icrawler brings the three thread pools and the loops in them. What it leaves to us, and where:

* its queues forget an item that found them full and is put again: ours are :class:`Handover`;
* its greedy crawl ends by waiting, seconds at a time: here the feeder ends with the last page,
  the parser after the feeder, the downloader after the parser;
* its downloader gives up when nothing comes for a while: it does not while it counts no images
  of its own, which is why ``fetched_num`` stays 0 here;
* its session reads whatever a server sends: ours goes through the :class:`Fetcher`;
* it writes files and logs: here both come to nothing, the records are the result.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from queue import Empty
from typing import Any

from icrawler import Crawler, Downloader, Feeder, Parser
from icrawler.storage import BaseStorage

from curator.collect import wishes
from curator.collect.addresses import site
from curator.collect.crawl import Crawl, End, Note
from curator.collect.download import download, judge
from curator.collect.fetch import Reply, Unchanged
from curator.collect.frontier import Page, Reading, Shown
from curator.collect.handover import Handover
from curator.collect.limits import Limits
from curator.collect.links import Links, links_of
from curator.collect.pace import Stopped
from curator.collect.reasons import Reason, Refusal, refused
from curator.collect.sniff import is_html, is_image
from curator.errors import SourceError
from curator.records import Candidate

# How long icrawler's loops wait before they look again whether the one before them has ended.
_TICK = 0.05
_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_SILENT = logging.Logger("icrawler", level=logging.CRITICAL + 1)


class SiteCrawler(Crawler):  # type: ignore[misc]
    """A crawl of one site; :meth:`begin` starts its threads, :meth:`end` waits for their end."""

    def __init__(self, crawl: Crawl) -> None:
        self.state = crawl
        shared = {"crawl": crawl}
        super().__init__(
            feeder_cls=SiteFeeder,
            parser_cls=SiteParser,
            downloader_cls=PictureDownloader,
            # One parser: which page is named with an image on several must not depend on luck.
            parser_threads=1,
            downloader_threads=crawl.limits.threads,
            storage=BaseStorage(),
            extra_feeder_args=shared,
            extra_parser_args=shared,
            extra_downloader_args=shared,
        )

    def set_logger(self, log_level: int = logging.INFO) -> None:
        """Leave the logging of this process alone."""
        self.logger = _SILENT

    def set_session(self, headers: dict[str, str] | None = None) -> None:
        """Fetch pages through the one door to the network."""
        self.session = PageSession(self.state)

    def begin(self) -> None:
        """Start all threads; their results come through the crawl's queue, ``End`` at last."""
        self.signal.reset()
        self.feeder.start()
        self.parser.start(queue_timeout=_TICK)
        self.downloader.start(max_num=0, queue_timeout=_TICK)

    def end(self) -> None:
        """Call everything off and wait until the last thread is gone."""
        self.signal.set(reach_max_num=True)
        self.state.stop.set()
        self.state.frontier.stop()
        self.state.fetcher.close()
        for pool in (self.feeder, self.parser, self.downloader):
            for worker in pool.workers:
                # One that never started cannot be joined.
                if worker.is_alive():
                    worker.join()


class SiteFeeder(Feeder):  # type: ignore[misc]
    """Hands the pages of the frontier to the parser until the last is done."""

    def __init__(self, *args: Any, crawl: Crawl) -> None:
        super().__init__(*args)
        self.crawl = crawl
        self.logger = _SILENT
        self.out_queue: Handover[str] = Handover(2, crawl.stop)

    def feed(self, **kwargs: Any) -> None:
        """Run by icrawler in the feeder's thread."""
        while (url := self.crawl.frontier.next()) is not None:
            self.output(url)
        self.signal.set(feeder_exited=True)


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of asking for a page; None where an earlier run has dealt with its address."""

    page: Page
    outcome: Reply | Exception | None


class PageSession:
    """What icrawler's parser takes for a requests session."""

    def __init__(self, crawl: Crawl) -> None:
        self.crawl = crawl

    def get(self, url: str, **_: Any) -> Visit:
        """Fetch a page of the site.

        Nothing is raised: icrawler would ask a few times more and then forget the page.
        """
        page = self.crawl.frontier[url]
        try:
            return Visit(page, self._reply(page))
        except Exception as error:  # noqa: BLE001 - the parser raises it again
            return Visit(page, error)

    def _reply(self, page: Page) -> Reply | None:
        crawl = self.crawl
        if page.depth > 0 and crawl.settled(crawl.candidate(page.url, page.parent, None)):
            return None
        before = crawl.frontier.recall(page.url)
        validator = None if before is None else before.validator
        try:
            reply = crawl.fetcher.get(
                page.url, permit=crawl.permit_page, room=page_room, validator=validator
            )
        except Unchanged as unchanged:
            assert before is not None  # noqa: S101 - or there was no condition
            crawl.results.put(Note(f"{page.url}: unchanged"))
            return replace(before, wishes=before.wishes | unchanged.wishes)
        if reply.validator is not None and not is_image(reply.data):
            crawl.frontier.keep(page.url, reply)
        return reply


def page_room(mime: str, head: bytes, limits: Limits) -> int:
    """How many bytes to take of an answer that may be a page, or an image without a name.

    Raises:
        Refusal: ``wrong-type`` for all else.
    """
    if is_image(head):
        return limits.max_bytes
    if mime in _PAGE_TYPES or is_html(head):
        return limits.max_page_bytes
    raise Refusal(Reason.WRONG_TYPE, f"the server sent {mime or 'something'}, not a web page")


class SiteParser(Parser):  # type: ignore[misc]
    """Finds pictures and further pages."""

    def __init__(self, *args: Any, crawl: Crawl) -> None:
        super().__init__(*args)
        self.crawl = crawl
        self.logger = _SILENT
        self.out_queue: Handover[dict[str, Candidate]] = Handover(100, crawl.stop)
        self._met: set[str] = set()

    def worker_exec(self, **kwargs: Any) -> None:
        """Run by icrawler in the parser's thread."""
        try:
            for task in self._tasks_of(self.crawl.frontier.waiting()):
                self.output(task)
            super().worker_exec(**kwargs)
        except Exception as error:  # noqa: BLE001 - raised again where the records are read
            self.crawl.results.put(End(error))
        self.signal.set(parser_exited=True)

    def parse(self, response: Visit, **kwargs: Any) -> Iterator[dict[str, Candidate]]:
        """Yield a task for each new picture of the page; its links go to the frontier."""
        try:
            yield from self._tasks(response)
        finally:
            self.crawl.frontier.done(response.page.url)

    def _tasks(self, visit: Visit) -> Iterator[dict[str, Candidate]]:
        crawl, page, reply = self.crawl, visit.page, visit.outcome
        if isinstance(reply, Stopped):
            return
        if reply is None:
            crawl.frontier.visited(Reading(page=page, home=page.url))
            return
        if isinstance(reply, Refusal):
            self._report(page, reply)
            return
        if isinstance(reply, Exception):
            raise reply
        if page.depth == 0:
            crawl.hosts |= {site(page.url), site(reply.url)}
        if is_image(reply.data):
            candidate = crawl.candidate(page.url, page.parent, None)
            if not crawl.settled(candidate):
                crawl.results.put(judge(candidate, reply, crawl.limits))
            return
        yield from self._pictures(page, reply, links_of(reply.data, reply.url, reply.charset))

    def _pictures(self, page: Page, reply: Reply, links: Links) -> Iterator[dict[str, Candidate]]:
        crawl = self.crawl
        wished = crawl.wishes(reply, links)
        forbidding = sorted(wished & wishes.FORBID_IMAGES_OF_PAGE)
        reading = Reading(
            page=page,
            home=reply.url,
            shown=[
                Shown(picture.url, reply.url, picture.title)
                for picture in links.pictures
                if picture.url != reply.url
            ],
            links=[] if wished & wishes.FORBID_LINKS else self._further(page, reply, links),
        )
        if forbidding:
            self._opted_out(reading, f"its page says {', '.join(forbidding)}")
            reading = replace(reading, shown=())
        fresh = crawl.frontier.visited(reading)
        crawl.results.put(Note(f"{page.url}: {len(fresh)} new images"))
        yield from self._tasks_of(fresh)
        self._unaskable(links, reply.url)

    def _tasks_of(self, pictures: Iterable[Shown]) -> Iterator[dict[str, Candidate]]:
        """A task for each picture that no earlier run has dealt with."""
        passed = []
        for shown in pictures:
            candidate = self.crawl.candidate(shown.url, shown.page_url, shown.title)
            if self.crawl.settled(candidate):
                passed.append(shown.url)
            else:
                yield {"candidate": candidate}
        self.crawl.frontier.passed(passed)

    def _further(self, page: Page, reply: Reply, links: Links) -> list[Page]:
        hosts = self.crawl.hosts
        return [Page(url, page.depth + 1, reply.url) for url in links.pages if site(url) in hosts]

    def _opted_out(self, reading: Reading, detail: str) -> None:
        for shown in reading.shown:
            candidate = self.crawl.candidate(shown.url, shown.page_url, shown.title)
            if not self.crawl.settled(candidate):
                self.crawl.results.put(refused(candidate, Reason.OPTED_OUT, detail))

    def _report(self, page: Page, refusal: Refusal) -> None:
        if page.depth == 0:
            raise SourceError(f"{page.url}: {refusal.detail}") from refusal
        # A link out of the site, or to something that is no page, was none for us.
        if refusal.reason in (Reason.OTHER_HOST, Reason.WRONG_TYPE):
            self.crawl.frontier.visited(Reading(page=page, home=page.url))
        else:
            candidate = self.crawl.candidate(page.url, page.parent, None)
            detail = f"the page could not be visited: {refusal.detail}"
            self.crawl.results.put(refused(candidate, refusal.reason, detail))

    def _unaskable(self, links: Links, page_url: str) -> None:
        for address, refusal in links.problems.items():
            if address not in self._met:
                self._met.add(address)
                candidate = self.crawl.candidate(address, page_url, None)
                self.crawl.results.put(refused(candidate, refusal.reason, refusal.detail))


class PictureDownloader(Downloader):  # type: ignore[misc]
    """Turns each task into a record: bytes with address, page, time and hash, or a reason."""

    def __init__(self, *args: Any, crawl: Crawl) -> None:
        super().__init__(*args)
        self.crawl = crawl
        self.logger = _SILENT
        self._working = self.thread_num

    def worker_exec(self, **kwargs: Any) -> None:
        """Run by icrawler in each of the downloader's threads."""
        error: Exception | None = None
        try:
            super().worker_exec(**kwargs)
            self._clear()
        except Exception as caught:  # noqa: BLE001 - raised again where the records are read
            error = caught
        with self.lock:
            self._working -= 1
            is_last = not self._working
        if error is not None or is_last:
            self.crawl.results.put(End(error))

    def _clear(self) -> None:
        """Take what arrived between icrawler's look at the queue and its look for the end."""
        while not self.crawl.stop.is_set():
            try:
                task = self.in_queue.get_nowait()
            except Empty:
                return
            self.download(task, "")

    def download(self, task: dict[str, Candidate], default_ext: str, *_: Any, **__: Any) -> None:
        """Fetch and judge one picture."""
        crawl, candidate = self.crawl, task["candidate"]
        try:
            validator = crawl.validator_of(candidate.url)
            crawl.results.put(download(candidate, crawl.fetcher, crawl.permit_picture, validator))
        except Stopped:
            return
