"""Reading annotation files: lines with their numbers, numbers that are numbers, JSON, folders."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from curator.errors import FormatError, InputError


class Lines:
    """The lines of a UTF-8 text file, one after the other, without their line ends.

    Attributes:
        number: The 1-based number of the line last taken.

    Raises:
        InputError: if the file cannot be read.
        FormatError: if a line is not UTF-8.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0
        self._lines = self._read()
        self._waiting: str | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._waiting is not None:
            line, self._waiting = self._waiting, None
        else:
            line = next(self._lines)
        self.number += 1
        return line

    def peek(self) -> str | None:
        """The line that comes next, None at the end."""
        if self._waiting is None:
            self._waiting = next(self._lines, None)
        return self._waiting

    def error(self, reason: str) -> FormatError:
        """The error to raise about the line last taken."""
        return FormatError(reason, file=self.path, line=self.number)

    def _read(self) -> Iterator[str]:
        try:
            with self.path.open(encoding="utf-8-sig") as file:
                for line in file:
                    yield line.rstrip()
        except OSError as cause:
            raise unreadable(self.path, cause) from cause
        except UnicodeDecodeError as cause:
            number = _first_undecodable(self.path)
            raise FormatError("the line is not UTF-8 text", file=self.path, line=number) from cause


def _first_undecodable(path: Path) -> int | None:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return None


def unreadable(path: Path, cause: OSError) -> InputError:
    """The error to raise about a file that cannot be read."""
    return InputError(f"{path} cannot be read: {cause.strerror or cause}")


def text_of(path: Path) -> str:
    """The whole content of a UTF-8 text file.

    Raises:
        InputError: if the file cannot be read.
        FormatError: if it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as cause:
        raise unreadable(path, cause) from cause
    except UnicodeDecodeError as cause:
        raise FormatError("the file is not UTF-8 text", file=path) from cause


def json_of(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        InputError: if the file cannot be read.
        FormatError: if it is no JSON.
    """
    try:
        return json.loads(text_of(path))
    except json.JSONDecodeError as cause:
        raise FormatError(f"no JSON: {cause.msg}", file=path, line=cause.lineno) from cause
    except (ValueError, RecursionError) as cause:
        raise FormatError(f"no usable JSON: {cause}", file=path) from cause


def finite(texts: Sequence[str], file: Path, line: int | None = None) -> list[float]:
    """These texts as numbers.

    Raises:
        FormatError: if one is no finite number.
    """
    try:
        values = [float(text) for text in texts]
    except ValueError as cause:
        wrong = next(text for text in texts if not _is_number(text))
        raise FormatError(f"{wrong!r} is no number", file=file, line=line) from cause
    # One test for all: the sum is finite exactly when every value is (none is near 1e308).
    if not math.isfinite(sum(values)):
        raise FormatError("a number is not finite", file=file, line=line)
    return values


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def first_folder(given: Path | None, candidates: Sequence[Path]) -> Path:
    """The folder that image names are relative to: as given, else the first that exists.

    The last candidate is taken as it is.
    """
    if given is not None:
        return given
    return next((folder for folder in candidates[:-1] if folder.is_dir()), candidates[-1])
