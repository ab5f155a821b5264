"""Opt out: what must not be collected is put on a list that every source honours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from curator.collect.addresses import canonical
from curator.collect.reasons import Refusal
from curator.errors import InputError
from curator.store import opt_outs
from curator.store.dataset import Dataset
from curator.store.opt_outs import OptOut

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_HOST = re.compile(r"[\w-]+(\.[\w-]+)*\.?")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOuts:
    """Hosts, addresses, and contents by SHA-256."""

    hosts: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    contents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutList:
    """What the list holds: kind -> how many, and the hosts, which alone stand there in clear."""

    counts: Mapping[str, int]
    hosts: tuple[str, ...]


def opt_out(dataset: Dataset, wanted: OptOuts, file: Path | None = None) -> OptOutList:
    """Add to the list, and tell what is on it.

    What was collected already stays: :func:`curator.pipeline.forget.forget` removes it.

    Args:
        dataset: Whose list.
        wanted: What to add.
        file: More of it: a host, an address or a SHA-256 a line, ``#`` begins a comment.

    Raises:
        InputError: if something is none of these, with file and line; nothing is added then.
    """
    entries = [
        *((OptOut.HOST, _host(value)) for value in wanted.hosts),
        *((OptOut.ADDRESS, _address(value)) for value in wanted.urls),
        *((OptOut.CONTENT, _content(value)) for value in wanted.contents),
        *(_lines(file) if file is not None else ()),
    ]
    with dataset.write() as connection:
        for kind in OptOut:
            opt_outs.add(connection, kind, [value for of, value in entries if of is kind])
        return OptOutList(
            counts=opt_outs.counts(connection), hosts=tuple(opt_outs.hosts(connection))
        )


def _lines(file: Path) -> list[tuple[OptOut, str]]:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as cause:
        raise InputError(f"{file}: cannot be read as text ({cause})") from cause
    found = []
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip() if "://" not in line else line.strip()
        try:
            if text:
                found.append(_entry(text))
        except InputError as cause:
            raise InputError(f"{file}, line {number}: {cause}") from cause
    return found


def _entry(text: str) -> tuple[OptOut, str]:
    if "://" in text:
        return OptOut.ADDRESS, _address(text)
    if _SHA256.fullmatch(text):
        return OptOut.CONTENT, text
    return OptOut.HOST, _host(text)


def _host(text: str) -> str:
    if not _HOST.fullmatch(text.strip()):
        raise InputError(f"{text!r} is no host, such as example.org")
    return text


def _address(text: str) -> str:
    if text.startswith("file:"):
        return text
    try:
        return canonical(text)
    except Refusal as cause:
        raise InputError(cause.detail) from cause


def _content(text: str) -> str:
    if not _SHA256.fullmatch(text):
        raise InputError(f"{text!r} is no SHA-256: 64 hexadecimal digits")
    return text
