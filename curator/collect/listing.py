"""Lists of addresses: a text file with one a line, or a csv with a header.

The columns of a csv, in any order and case, extra ones ignored: ``url`` (required),
``licence`` or ``license``, ``author``, ``page`` or ``page_url``, ``title``, ``query``. The
columns are divided by commas, semicolons or tabs, as its header shows. UTF-8.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from curator.errors import InputError, SourceError

_FIELDS = {
    "url": "url",
    "licence": "licence",
    "license": "licence",
    "author": "author",
    "page": "page_url",
    "page_url": "page_url",
    "title": "title",
    "query": "query",
}
# How Python holds bytes that are no UTF-8.
_NO_TEXT = re.compile("[\udc80-\udcff]")
_DELIMITERS = ",;\t"
_START = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a list.

    Attributes:
        line: The 1-based number of the line it begins on.
        fields: Of ``url licence author page_url title query`` those that are stated.
        problem: Why it cannot be used, in one sentence; None for a good row.
    """

    line: int
    fields: dict[str, str]
    problem: str | None = None


def rows(path: Path) -> Iterator[Row]:
    """The rows of a list, one at a time; blank lines and ``#`` comments are none.

    Raises:
        InputError: if there is no such file, it is no UTF-8 text, or a csv without ``url``.
        SourceError: if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_START)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError) as cause:
        raise InputError(f"{path}: there is no such file") from cause
    except OSError as cause:
        raise SourceError(f"{path}: cannot be read ({cause.strerror})") from cause
    if b"\0" in start:
        raise InputError(f"{path}: is not a text file in UTF-8")
    header = start.decode("utf-8-sig", "replace").partition("\n")[0].strip()
    delimiter = next((d for d in _DELIMITERS if "url" in _names(header, d)), None)
    if delimiter is not None:
        return _table(path, delimiter)
    if path.suffix.lower() in (".csv", ".tsv"):
        raise InputError(f"{path}, line 1: a csv needs a column url; this one has: {header[:200]}")
    return _lines(path)


def _names(header: str, delimiter: str) -> list[str]:
    return [cell.strip(" \"'\r").lower() for cell in header.split(delimiter)]


def _lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        for number, line in enumerate(file, 1):
            text = line.strip()
            if text and not text.startswith("#"):
                yield _row(number, number, {"url": text})


def _table(path: Path, delimiter: str) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
        columns = [_FIELDS.get(cell.strip().lower()) for cell in next(reader)]
        while True:
            first = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(line=first, fields={}, problem=f"line {first}: {error}")
                continue
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(columns):
                problem = f"line {first}: {len(cells)} columns where the header has {len(columns)}"
                yield Row(line=first, fields={}, problem=problem)
                continue
            stated = zip(columns, map(str.strip, cells), strict=False)
            yield _row(
                first, reader.line_num, {name: cell for name, cell in stated if name and cell}
            )


def _row(first: int, last: int, fields: dict[str, str]) -> Row:
    problem = None
    if "url" not in fields:
        problem = f"line {first}: there is no url"
    elif "\n" in fields["url"]:
        problem = f"lines {first} to {last}: a quotation mark is not closed"
    elif any(map(_NO_TEXT.search, fields.values())):
        problem = f"line {first}: it is not UTF-8"
    return Row(line=first, fields={} if problem else fields, problem=problem)
