"""How long work tells what it is doing, without knowing who listens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")


class Progress(Protocol):
    """A listener: the command line draws a bar, a job writes a row, a test counts."""

    def begin(self, stage: str, total: int | None) -> None:
        """A stage starts; ``total`` is None where it cannot be known."""

    def advance(self, done: int = 1, note: str = "") -> None:
        """``done`` more items of the stage are finished; ``note`` says what they were."""


class Silent:
    """Listens to nothing."""

    def begin(self, stage: str, total: int | None) -> None:
        """Ignored."""

    def advance(self, done: int = 1, note: str = "") -> None:
        """Ignored."""


def track(items: Iterable[T], progress: Progress, stage: str, total: int | None) -> Iterator[T]:
    """Yield the items and report each once its turn is over."""
    progress.begin(stage, total)
    for item in items:
        yield item
        progress.advance()
