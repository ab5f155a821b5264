"""Images from a list of addresses."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from curator.collect.addresses import canonical
from curator.collect.budget import within
from curator.collect.download import ValidatorOf, is_ready, nothing_before, record_of
from curator.collect.fetch import Fetcher
from curator.collect.limits import Limits
from curator.collect.listing import Row, rows
from curator.collect.local import local_path
from curator.collect.names import escaped, file_url, file_validator, name_of_url
from curator.collect.reasons import Reason, Refusal, refused
from curator.collect.workers import as_done
from curator.progress import Progress
from curator.records import Candidate, Fetched, Refused, Unchanged

SOURCE = "urls"
# A thread that would wait longer for a host asks another one meanwhile, seconds.
_PATIENCE = 0.5


@dataclass(frozen=True, slots=True)
class _ListFile:
    """The list itself, under which its bad rows are remembered until it changes."""

    path: Path
    validator: str

    def refuse(self, line: int, reason: Reason, detail: str) -> Refused:
        place = Candidate(
            url=f"{file_url(self.path)}#line={line}",
            source=SOURCE,
            name=f"{escaped(self.path.name)}/line-{line}",
            validator=self.validator,
        )
        return refused(place, reason, detail)


@dataclass(frozen=True, slots=True)
class UrlsSource:
    """Fetches what a text or csv file lists; see :mod:`curator.collect.listing` for its form.

    The records come as the downloads end, not in the order of the list. A bad row is refused
    under the address of its line. An address that is listed again is fetched once; how often
    that happened is told at the end.
    """

    target: str
    limits: Limits
    licence: str | None = field(default=None, kw_only=True)
    author: str | None = field(default=None, kw_only=True)
    validator_of: ValidatorOf = field(default=nothing_before, kw_only=True)

    def refreshing(self, validator_of: ValidatorOf) -> UrlsSource:
        """The same, which asks only for what is not what it was."""
        return replace(self, validator_of=validator_of)

    def collect(
        self, settled: Callable[[Candidate], bool], progress: Progress
    ) -> Generator[Fetched | Refused | Unchanged, None, None]:
        """Yield a record for every row that is not settled.

        Raises:
            InputError: if the list is missing, no text, or a csv without a column ``url``.
            SourceError: if it cannot be read.
        """
        path = local_path(self.target)
        # Read the beginning now: a wrong file is an error before any thread starts.
        listed = rows(path)
        progress.begin(f"fetching the addresses of {path.name}", None)
        yield from within(self.limits, self._records(path, listed, settled, progress), progress)

    def _records(
        self,
        path: Path,
        listed: Iterator[Row],
        settled: Callable[[Candidate], bool],
        progress: Progress,
    ) -> Generator[Fetched | Refused | Unchanged, None, None]:
        fetcher = Fetcher(self.limits, _PATIENCE)
        work = partial(record_of, fetcher=fetcher, validator_of=self.validator_of)
        repeats: list[int] = []
        items = self._items(path, listed, settled, repeats)
        yield from as_done(
            work, items, self.limits.threads, fetcher.close, partial(is_ready, fetcher)
        )
        if repeats:
            lines = ", ".join(str(line) for line in repeats[:5])
            more = " and others" if len(repeats) > 5 else ""
            progress.advance(0, f"{len(repeats)} addresses were listed before: line {lines}{more}")

    def _items(
        self,
        path: Path,
        listed: Iterator[Row],
        settled: Callable[[Candidate], bool],
        repeats: list[int],
    ) -> Iterator[Candidate | Refused]:
        list_file = _ListFile(path, file_validator(path.stat()))
        # Of a hundred thousand addresses the addresses themselves would be the most of it.
        met: set[int] = set()
        for row in listed:
            item = self._item(row, list_file)
            candidate = item.candidate if isinstance(item, Refused) else item
            key = hash(candidate.url)
            if key in met:
                repeats.append(row.line)
            elif not settled(candidate):
                yield item
            met.add(key)

    def _item(self, row: Row, list_file: _ListFile) -> Candidate | Refused:
        if row.problem is not None:
            return list_file.refuse(row.line, Reason.BAD_ROW, row.problem)
        try:
            url = canonical(row.fields["url"])
        except Refusal as refusal:
            detail = f"line {row.line}: {refusal.detail}"
            return list_file.refuse(row.line, refusal.reason, detail)
        fields = row.fields
        return Candidate(
            url=url,
            source=SOURCE,
            name=name_of_url(url),
            page_url=fields.get("page_url"),
            title=fields.get("title"),
            licence=fields.get("licence") or self.licence,
            author=fields.get("author") or self.author,
            query=fields.get("query"),
        )
