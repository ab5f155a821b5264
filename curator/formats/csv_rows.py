"""The lines of a table of faces, checked as they are read."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curator.attributes import ATTRIBUTES, attribute_problem
from curator.errors import FormatError
from curator.formats.lines import finite, unreadable
from curator.records import Attributes, Face, FaceStatus, Origin, Points
from curator.schemes import SCHEMES, Visibility

CORNERS = ("x_min", "y_min", "x_max", "y_max")
PROVENANCE = ("source", "url", "page_url", "title", "licence", "author", "query")
IMAGE = ("image", "split", "width", "height", "sha256", *PROVENANCE, "fetched_at")
FACE = (*CORNERS, "score", "identity", "origin", "status", "scheme", "landmarks")
COLUMNS = (*IMAGE, *FACE, *ATTRIBUTES, "attributes")
REQUIRED = frozenset({"image", *CORNERS})


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table, by column; an absent column is as good as an empty cell."""

    file: Path
    line: int
    values: dict[str, str]

    @property
    def is_negative(self) -> bool:
        """True where the line says nothing about a face."""
        return not any(self.values.get(column) for column in (*FACE, *ATTRIBUTES, "attributes"))

    def error(self, reason: str) -> FormatError:
        """The error to raise about this line."""
        return FormatError(reason, file=self.file, line=self.line)

    def check_same_image(self, head: Row) -> None:
        """Make sure that both lines say the same of their image.

        Raises:
            FormatError: if they do not.
        """
        for column in IMAGE:
            if self.values.get(column) != head.values.get(column):
                raise self.error(f"{column} is not the same as in line {head.line}")

    def face(self) -> Face:
        """The face of this line.

        Raises:
            FormatError: if it is none.
        """
        values = self.values
        x_min, y_min, x_max, y_max = self._numbers([values[corner] for corner in CORNERS])
        if x_max < x_min or y_max < y_min:
            raise self.error("the corners of the box are swapped")
        points, visibility, scheme = self._points()
        score = values.get("score")
        try:
            origin = Origin(values.get("origin") or Origin.IMPORT)
            status = FaceStatus(values.get("status") or FaceStatus.ACCEPTED)
        except ValueError as cause:
            raise self.error(str(cause)) from cause
        return Face(
            box=(x_min, y_min, x_max, y_max),
            landmarks=points,
            visibility=visibility,
            scheme=scheme,
            attributes=self._attributes(),
            score=self._numbers([score])[0] if score else None,
            origin=origin,
            status=status,
            identity=values.get("identity") or None,
        )

    def _numbers(self, cells: Sequence[str]) -> list[float]:
        return finite(cells, self.file, self.line)

    def _points(self) -> tuple[Points, Visibility, str] | tuple[None, None, None]:
        numbers = self._numbers(self.values.get("landmarks", "").split())
        if not numbers:
            return None, None, None
        points = tuple(zip(numbers[::3], numbers[1::3], strict=False))
        seen = numbers[2::3]
        # pandas turns the names, which are numbers, into floats where some are missing.
        scheme = self.values.get("scheme", "").removesuffix(".0") or str(len(points))
        known = SCHEMES.get(scheme)
        if len(numbers) % 3 or (known is not None and len(points) != len(known)):
            raise self.error(f"landmarks of scheme {scheme} are not {len(numbers)} numbers")
        if not set(seen) <= {0, 1, 2}:
            raise self.error("v of a landmark must be 0, 1 or 2")
        return points, tuple(int(value) for value in seen), scheme

    def _attributes(self) -> Attributes:
        free = self._free_attributes()
        for name in ATTRIBUTES:
            cell = self.values.get(name)
            if cell:
                number = self._numbers([cell])[0]
                # pandas again.
                free[name] = int(number) if number.is_integer() else number
        for name, value in free.items():
            problem = attribute_problem(name, value)
            if problem is None and not isinstance(value, int | float | str | bool):
                problem = f"the attribute {name!r} is no plain value"
            if problem is not None:
                raise self.error(problem)
        return free

    def _free_attributes(self) -> dict[str, Any]:
        cell = self.values.get("attributes")
        if not cell:
            return {}
        try:
            free = json.loads(cell)
        except (ValueError, RecursionError) as cause:
            raise self.error(f"the attributes are no json: {cause}") from cause
        if not isinstance(free, dict):
            raise self.error("the attributes are no json object")
        return free


def rows_of(path: Path) -> Iterator[Row]:
    """The lines of a table after its header, as they come.

    Raises:
        InputError: if the file cannot be read.
        FormatError: if it is no csv with these columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = _header(next(reader, []), path)
            for cells in reader:
                if cells and len(cells) != len(header):
                    reason = f"{len(cells)} cells, but the header has {len(header)}"
                    raise FormatError(reason, file=path, line=reader.line_num)
                if cells:
                    values = dict(zip(header, cells, strict=True))
                    yield Row(path, reader.line_num, values)
    except OSError as cause:
        raise unreadable(path, cause) from cause
    except UnicodeDecodeError as cause:
        raise FormatError("the file is not UTF-8 text", file=path) from cause
    except csv.Error as cause:
        raise FormatError(f"no CSV: {cause}", file=path, line=reader.line_num) from cause


def _header(header: list[str], path: Path) -> list[str]:
    unknown = [name for name in header if name not in COLUMNS]
    missing = sorted(REQUIRED.difference(header))
    if missing:
        raise FormatError(f"the column {missing[0]} is missing", file=path, line=1)
    if unknown:
        raise FormatError(f"the column {unknown[0]!r} is not known", file=path, line=1)
    if len(set(header)) != len(header):
        raise FormatError("a column stands there twice", file=path, line=1)
    return header
