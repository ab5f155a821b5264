"""Where the images of an export came from: a table for programs, a document for readers.

``provenance.csv`` has a line an image with everything that is known. ``ATTRIBUTION.md`` names
author, title, page and licence, as most licences of Creative Commons ask for, by licence.
"""

from __future__ import annotations

import csv
from operator import attrgetter

from curator.formats.csv_rows import PROVENANCE
from curator.formats.text_file import TextFile
from curator.records import Image, Sample

TABLE = "provenance.csv"
DOCUMENT = "ATTRIBUTION.md"
HTTP = ("status", "url", "redirects", "type", "etag", "last_modified", "date")
_STATED = ("sha256", "name", *PROVENANCE, "licence_id", "engine")
COLUMNS = ("file", "split", *_STATED, "fetched_at", *(f"http_{name}" for name in HTTP))
_HEAD = "# Attribution\n\nThe images of this dataset, by licence. More in provenance.csv.\n"
_NOT_STATED = "Licence not stated"
_MARKUP = r"\`*_[]<>#|"
_stated = attrgetter(*_STATED)


class Provenance:
    """Takes note of every image of an export.

    Args:
        table: Becomes ``provenance.csv``.
    """

    def __init__(self, table: TextFile) -> None:
        self._table = csv.writer(table, lineterminator="\n")
        self._table.writerow(COLUMNS)
        self._credits: dict[str, list[str]] = {}

    def add(self, sample: Sample, path: str) -> None:
        """One more image, at this path of the export."""
        image = sample.image
        sent = map((image.http or {}).get, HTTP)
        fetched_at = image.fetched_at.isoformat()
        self._table.writerow((path, sample.split, *_stated(image), fetched_at, *sent))
        heading = image.licence_id or image.licence or _NOT_STATED
        self._credits.setdefault(heading, []).append(_credit(image, path))

    def document(self) -> str:
        """The text of ``ATTRIBUTION.md``."""
        parts = [_HEAD]
        for heading in sorted(self._credits):
            lines = self._credits[heading]
            parts.append(f"\n## {_plain(heading)} ({len(lines)})\n\n{''.join(lines)}")
        return "".join(parts)


def _credit(image: Image, path: str) -> str:
    title = _plain(image.title or image.name)
    author = _plain(image.author) if image.author else "author not stated"
    place = image.page_url or image.url
    # Where a photo lay on somebody's disk is no address for readers.
    source = "" if place.startswith("file:") else f", <{place}>"
    stated = f", {_plain(image.licence)}" if image.licence else ""
    return f"- `{path}`: {title}, {author}{source}{stated}\n"


def _plain(text: str) -> str:
    """The text on one line, with nothing that Markdown would take for markup."""
    text = " ".join(text.split())
    # The backslash, which the others get, comes first. A regular expression takes thrice the time.
    for sign in _MARKUP:
        if sign in text:
            text = text.replace(sign, f"\\{sign}")
    return text
