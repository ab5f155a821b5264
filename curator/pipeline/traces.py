"""Names in the files of a dataset folder: found, and taken out of the logs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from curator.store.blobs import write_atomic

# Pictures and small pictures are named by content and hold no names of ours.
_PICTURES = ("images", "cache")
_CHUNK = 1 << 20
_LONGEST = 4096


def clean_logs(logs: Path, words: Iterable[str]) -> None:
    """Rewrite the logs without the lines that hold one of the words."""
    pattern = _pattern(words)
    if pattern is None:
        return
    for log in logs.glob("*.log"):
        lines = log.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if not pattern.search(line)]
        if len(kept) < len(lines):
            write_atomic(log, b"".join(kept))


def naming(folder: Path, words: Iterable[str]) -> Iterator[str]:
    """Files, by path inside the folder, that hold one of the words, or are named so."""
    pattern = _pattern(words)
    if pattern is None:
        return
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if place.parts[0] in _PICTURES or not path.is_file():
            continue
        with suppress(OSError):
            if pattern.search(str(place).encode()) or _holds(path, pattern):
                yield str(place)


def _pattern(words: Iterable[str]) -> re.Pattern[bytes] | None:
    """Any of the words as a whole: ``1.jpg`` is no part of ``11.jpg``."""
    escaped = [re.escape(word.encode("utf-8", "surrogateescape")) for word in words]
    if not escaped:
        return None
    return re.compile(rb"(?<![A-Za-z0-9_.-])(?:" + b"|".join(escaped) + rb")(?![A-Za-z0-9_-])")


def _holds(path: Path, pattern: re.Pattern[bytes]) -> bool:
    rest = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if pattern.search(rest + chunk):
                return True
            rest = chunk[-_LONGEST:]
    return False
