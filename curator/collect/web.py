"""Images from a web site."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace

from curator.collect.addresses import canonical, site
from curator.collect.budget import within
from curator.collect.crawl import Crawl, End, Note
from curator.collect.crawler import SiteCrawler
from curator.collect.download import ValidatorOf, nothing_before
from curator.collect.fetch import Fetcher
from curator.collect.frontier import Frontier, Ledger, MemoryLedger
from curator.collect.handover import Handover
from curator.collect.limits import Limits
from curator.collect.reasons import Refusal
from curator.errors import InputError
from curator.progress import Progress
from curator.records import Candidate, Fetched, Refused, Unchanged


@dataclass(frozen=True, slots=True)
class WebSource:
    """Walks a site from its start page, breadth first, and takes the images its pages show.

    Pages are those of the same host, as deep and as many as the limits allow. A crawl that was
    interrupted goes on where its ledger says; one that was finished reads the pages again, the
    images only until they are settled.
    """

    target: str
    limits: Limits
    licence: str | None = field(default=None, kw_only=True)
    author: str | None = field(default=None, kw_only=True)
    ledger: Ledger | None = field(default=None, kw_only=True)
    validator_of: ValidatorOf = field(default=nothing_before, kw_only=True)

    def remembering(self, ledger: Ledger) -> WebSource:
        """The same crawl, which goes on where the ledger says it was."""
        return replace(self, ledger=ledger)

    def refreshing(self, validator_of: ValidatorOf) -> WebSource:
        """The same crawl, which asks only for pictures that are not what they were."""
        return replace(self, validator_of=validator_of)

    def collect(
        self, settled: Callable[[Candidate], bool], progress: Progress
    ) -> Generator[Fetched | Refused | Unchanged, None, None]:
        """Yield a record for every image of the site that is not settled.

        Raises:
            InputError: if the target is no http(s) address.
            SourceError: if the start page cannot be visited.
        """
        address = self.target if "://" in self.target else f"https://{self.target}"
        try:
            start = canonical(address)
        except Refusal as cause:
            raise InputError(cause.detail) from cause
        progress.begin(f"crawling {site(start)}", None)
        yield from within(self.limits, self._records(start, settled, progress), progress)

    def _records(
        self, start: str, settled: Callable[[Candidate], bool], progress: Progress
    ) -> Generator[Fetched | Refused | Unchanged, None, None]:
        stop = threading.Event()
        frontier = Frontier(start, self.limits, self.ledger or MemoryLedger())
        crawl = Crawl(
            limits=self.limits,
            settled=settled,
            validator_of=self.validator_of,
            licence=self.licence,
            author=self.author,
            fetcher=Fetcher(self.limits),
            frontier=frontier,
            stop=stop,
            # What waits here was fetched and is not written down: a kill would take it along.
            results=Handover(1, stop),
        )
        if frontier.home is not None:
            crawl.hosts |= {site(start), site(frontier.home)}
        crawler = SiteCrawler(crawl)
        try:
            crawler.begin()
            while not isinstance(result := crawl.results.get(), End):
                if isinstance(result, Note):
                    progress.advance(0, result.text)
                else:
                    yield result
            if result.error is not None:
                raise result.error
        finally:
            crawler.end()
        if crawl.frontier.left_out:
            progress.advance(0, f"not all pages: the limit is {self.limits.max_pages}")
