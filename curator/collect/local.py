"""What the sources on this disk have in common: something found, and what was left out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from curator.collect.inspection import inspect, too_large
from curator.collect.limits import Limits
from curator.collect.reasons import Reason, Refusal, refused
from curator.records import Candidate, Fetched, Refused

SOURCE = "folder"
_CHUNK = 1 << 16


class Stream(Protocol):
    """Bytes to be read once, with a look ahead."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none at the end."""

    def peek(self, size: int, /) -> bytes:
        """The next bytes, more or less than ``size``, without taking them."""

    def close(self) -> None:
        """No more is needed."""


@dataclass(frozen=True, slots=True)
class Find:
    """A file that looks like an image; ``read`` gives its bytes or raises ``Refusal``."""

    candidate: Candidate
    read: Callable[[], bytes]

    def judged(self, limits: Limits) -> Fetched | Refused:
        """Read and inspect it."""
        try:
            data = self.read()
        except Refusal as refusal:
            return refused(self.candidate, refusal.reason, refusal.detail)
        return inspect(self.candidate, data, limits)


@dataclass(slots=True)
class LeftOut:
    """Files that nobody would take for images, by what they are."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, what: str) -> None:
        """One more ``what``, in the plural, such as ``hidden files``."""
        self.counts[what] += 1

    def sentence(self) -> str:
        """For a person; empty if there is nothing to say."""
        parts = [f"{what} ({count})" for what, count in sorted(self.counts.items())]
        return f"left out: {', '.join(parts)}" if parts else ""


def local_path(target: str) -> Path:
    """What the user typed as an absolute path; links in it stay, so that he recognises it."""
    return Path(os.path.abspath(os.path.expanduser(target)))  # noqa: PTH100, PTH111


def read_all(stream: Stream, limits: Limits) -> bytes:
    """Everything a stream holds.

    Raises:
        Refusal: ``too-large`` as soon as it passes the limit.
    """
    data = bytearray()
    while chunk := stream.read(_CHUNK):
        data += chunk
        if len(data) > limits.max_bytes:
            raise Refusal(Reason.TOO_LARGE, too_large(len(data), limits))
    return bytes(data)
