"""A queue between threads that nobody hangs on."""

from __future__ import annotations

import threading
from queue import Full, Queue
from typing import TypeVar

T = TypeVar("T")

_TICK = 0.1


class Handover(Queue[T]):
    """A bounded queue whose writers wait for room, and let go when the work is called off."""

    def __init__(self, maxsize: int, stop: threading.Event) -> None:
        super().__init__(maxsize)
        self._stop = stop

    def put(self, item: T, block: bool = True, timeout: float | None = None) -> None:
        """Wait for room as long as it takes; drop the item if the work is called off."""
        while not self._stop.is_set():
            try:
                return super().put(item, timeout=_TICK)
            except Full:
                continue
        return None
