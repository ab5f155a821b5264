"""Where the images of an export came from: a table for programs, a document for readers.

``provenance.csv`` has a line an image with everything that is known. ``ATTRIBUTION.md`` names
author, title, page and licence, as most licences of Creative Commons ask for, by licence.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

from curator.formats.csv_rows import PROVENANCE
from curator.records import Image, Sample

TABLE = "provenance.csv"
DOCUMENT = "ATTRIBUTION.md"
HTTP = ("status", "url", "redirects", "type", "etag", "last_modified", "date")
COLUMNS = (
    *("file", "split", "sha256", "name", *PROVENANCE, "licence_id", "engine", "fetched_at"),
    *(f"http_{name}" for name in HTTP),
)
_HEAD = "# Attribution\n\nThe images of this dataset, by licence. More in provenance.csv.\n"
_NOT_STATED = "Licence not stated"
_MARKUP = re.compile(r"([\\`*_\[\]<>#|])")


class Provenance:
    """Takes note of every image of an export.

    Args:
        write: Appends to ``provenance.csv``.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._line = io.StringIO()
        self._writer = csv.writer(self._line, lineterminator="\n")
        self._credits: dict[str, list[str]] = {}
        self._row(COLUMNS)

    def add(self, sample: Sample, path: str) -> None:
        """One more image, at this path of the export."""
        image = sample.image
        http = image.http or {}
        self._row(
            (
                *(path, sample.split, image.sha256, image.name),
                *(getattr(image, name) for name in PROVENANCE),
                *(image.licence_id, image.engine, image.fetched_at.isoformat()),
                *(http.get(name) for name in HTTP),
            )
        )
        heading = image.licence_id or image.licence or _NOT_STATED
        self._credits.setdefault(heading, []).append(_credit(image, path))

    def document(self) -> str:
        """The text of ``ATTRIBUTION.md``."""
        parts = [_HEAD]
        for heading in sorted(self._credits):
            lines = self._credits[heading]
            parts.append(f"\n## {_plain(heading)} ({len(lines)})\n\n{''.join(lines)}")
        return "".join(parts)

    def _row(self, cells: tuple[object, ...]) -> None:
        self._writer.writerow(cells)
        self._write(self._line.getvalue())
        self._line.seek(0)
        self._line.truncate()


def _credit(image: Image, path: str) -> str:
    title = _plain(image.title) if image.title else _plain(image.name)
    author = _plain(image.author) if image.author else "author not stated"
    place = image.page_url or image.url
    # Where a photo lay on somebody's disk is no address for readers.
    source = "" if place.startswith("file:") else f", <{place}>"
    stated = f", {_plain(image.licence)}" if image.licence else ""
    return f"- `{path}`: {title}, {author}{source}{stated}\n"


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
