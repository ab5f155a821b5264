"""Images that a search engine finds."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from curator.collect.addresses import canonical
from curator.collect.budget import within
from curator.collect.download import ValidatorOf, is_ready, nothing_before, record_of
from curator.collect.engines import ENGINES, Engine, Result
from curator.collect.fetch import Fetcher
from curator.collect.limits import Limits
from curator.collect.names import name_of_url
from curator.collect.reasons import Refusal, refused
from curator.collect.workers import as_done
from curator.errors import ConfigError, InputError, SourceError
from curator.progress import Progress
from curator.records import Candidate, Fetched, Refused, Unchanged

# Engines give no more than this to one query.
_MOST = 1000
# A thread that would wait longer for a host asks another one meanwhile, seconds.
_PATIENCE = 0.5


@dataclass(frozen=True, slots=True)
class SearchSource:
    """Asks one engine of :data:`~curator.collect.engines.ENGINES`, and fetches what it finds.

    The target is what to search for. Result pages are asked for again in every run, the pictures
    only until they are settled. The engine's own robots.txt is obeyed like any other.
    """

    target: str
    limits: Limits
    engine: str
    licence: str | None = field(default=None, kw_only=True)
    author: str | None = field(default=None, kw_only=True)
    validator_of: ValidatorOf = field(default=nothing_before, kw_only=True)

    def refreshing(self, validator_of: ValidatorOf) -> SearchSource:
        """The same, which asks only for what is not what it was."""
        return replace(self, validator_of=validator_of)

    def collect(
        self, settled: Callable[[Candidate], bool], progress: Progress
    ) -> Generator[Fetched | Refused | Unchanged, None, None]:
        """Yield a record for every result that is not settled.

        Raises:
            InputError: if there is nothing to search for.
            ConfigError: if the engine has no such filter, or needs a key.
            SourceError: if the first page of results cannot be had.
        """
        query = self.target.strip()
        if not query:
            raise InputError("there is nothing to search for")
        engine = ENGINES[self.engine]
        if engine.needs_key and not self.limits.api_key:
            raise ConfigError(f"{self.engine} answers only with a key: set CURATOR_FLICKR_KEY")
        filters = dict(self.limits.filters)
        wanted = min(self.limits.max_results, _MOST)
        pages = list(engine.pages(query, filters, wanted, self.limits.api_key))
        progress.begin(f"searching {self.engine} for {query}", None)
        yield from within(self.limits, self._records(engine, pages, settled, progress), progress)

    def _records(
        self,
        engine: Engine,
        pages: list[str],
        settled: Callable[[Candidate], bool],
        progress: Progress,
    ) -> Generator[Fetched | Refused | Unchanged, None, None]:
        fetcher = Fetcher(self.limits, _PATIENCE)
        pages_fetcher = Fetcher(self.limits)
        work = partial(record_of, fetcher=fetcher, validator_of=self.validator_of)
        found = self._found(engine, pages, pages_fetcher, progress)
        items = (item for item in found if not settled(_place(item)))
        try:
            yield from as_done(
                work, items, self.limits.threads, fetcher.close, partial(is_ready, fetcher)
            )
        finally:
            pages_fetcher.close()

    def _found(
        self, engine: Engine, pages: list[str], fetcher: Fetcher, progress: Progress
    ) -> Iterator[Candidate | Refused]:
        met: set[str] = set()
        for number, page in enumerate(pages):
            try:
                reply = fetcher.get(canonical(page), permit=_anywhere, room=_page_room)
            except Refusal as refusal:
                if number == 0:
                    raise SourceError(f"{self.engine}: {refusal.detail}") from refusal
                progress.advance(0, f"{self.engine}: {refusal.detail}; ended there")
                return
            results = engine.parse(reply.data)
            new = [result for result in results if result.url not in met]
            met.update(result.url for result in new)
            progress.advance(0, f"page {number + 1} of {self.engine}: {len(new)} new results")
            if not results:
                progress.advance(0, _nothing(self.engine, engine, number))
                return
            if not new:
                return
            yield from map(self._item, new)

    def _item(self, result: Result) -> Candidate | Refused:
        try:
            url = canonical(result.url)
        except Refusal as refusal:
            return refused(self._candidate(result.url, result), refusal.reason, refusal.detail)
        return self._candidate(url, result)

    def _candidate(self, url: str, result: Result) -> Candidate:
        return Candidate(
            url=url,
            source=self.engine,
            name=name_of_url(url),
            page_url=result.page_url,
            title=result.title,
            licence=result.licence or self.licence,
            author=result.author or self.author,
            query=self.target.strip(),
            engine=self.engine,
        )


bing = partial(SearchSource, engine="bing")
google = partial(SearchSource, engine="google")
baidu = partial(SearchSource, engine="baidu")
flickr = partial(SearchSource, engine="flickr")


def _nothing(name: str, engine: Engine, number: int) -> str:
    expected = engine.a_page
    if number == 0:
        return f"{name}: found 0 of {expected}: the page may have changed, or nothing was found"
    return f"{name}: found 0 of {expected} on page {number + 1}: the end, or the page has changed"


def _page_room(_mime: str, _head: bytes, limits: Limits) -> int:
    return limits.max_page_bytes


def _place(item: Candidate | Refused) -> Candidate:
    return item.candidate if isinstance(item, Refused) else item


def _anywhere(_url: str) -> None:
    """Results are on any host; the guard is asked with every address."""
