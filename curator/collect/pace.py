"""How fast one host is asked: few requests at a time, a pause between them, its own wishes."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf

from curator.collect.limits import Limits
from curator.collect.reasons import Reason, Refusal

# Of those that nothing is asked of right now: a crawl of the whole web must not remember it all.
_REMEMBERED = 10_000

# How late a waiting thread may notice that the work is called off, seconds.
_TICK = 0.1


class Stopped(Exception):
    """The work was called off."""


class Later(Exception):
    """It is not this host's turn for a while: the thread may do something else meanwhile."""


@dataclass(slots=True)
class _Host:
    pause: float
    asking: int = 0
    free_at: float = 0.0


class Pace:
    """Whose turn it is, for all threads of a source.

    Args:
        limits: Of which ``host_pause``, ``host_requests`` and ``longest_wait`` count here.
        closed: Set when the work is called off.
    """

    def __init__(self, limits: Limits, closed: threading.Event) -> None:
        self._limits = limits
        self._closed = closed
        self._hosts: OrderedDict[str, _Host] = OrderedDict()
        self._change = threading.Condition()

    @contextmanager
    def turn(self, host: str, patience: float = inf) -> Iterator[None]:
        """Wait for the host to be free, and hold one of its places meanwhile.

        Raises:
            Later: if that would take more seconds than ``patience``.
            Stopped: if the work is called off while waiting.
            Refusal: ``server-busy`` if the host asked for more time than anyone should wait.
        """
        with self._change:
            while (seconds := self._seconds(state := self._of(host))) is None or seconds > 0:
                if seconds is not None and seconds > self._limits.longest_wait:
                    detail = f"{host} asks to be left alone for {seconds:.0f} seconds"
                    raise Refusal(Reason.SERVER_BUSY, detail)
                if seconds is not None and seconds > patience:
                    raise Later
                self._change.wait(_TICK if seconds is None else min(seconds, _TICK))
                if self._closed.is_set():
                    raise Stopped
            state.asking += 1
            state.free_at = time.monotonic() + state.pause
        try:
            yield
        finally:
            with self._change:
                state.asking -= 1
                self._change.notify_all()

    def is_free(self, host: str) -> bool:
        """Whether :meth:`turn` would not wait now."""
        with self._change:
            return self._seconds(self._of(host)) == 0

    def hold(self, host: str, seconds: float) -> None:
        """Ask this host nothing for so long."""
        with self._change:
            state = self._of(host)
            state.free_at = max(state.free_at, time.monotonic() + seconds)

    def slow(self, host: str, pause: float) -> None:
        """Leave at least this pause between requests to this host."""
        with self._change:
            state = self._of(host)
            state.pause = max(state.pause, pause)
            state.free_at = max(state.free_at, time.monotonic() + state.pause)

    def _of(self, host: str) -> _Host:
        state = self._hosts.setdefault(host, _Host(self._limits.host_pause))
        self._hosts.move_to_end(host)
        if len(self._hosts) > _REMEMBERED:
            oldest, resting = next(iter(self._hosts.items()))
            if not resting.asking and resting.free_at < time.monotonic():
                del self._hosts[oldest]
        return state

    def _seconds(self, state: _Host) -> float | None:
        """Until the host is free; None if nobody knows, because too much is asked of it now."""
        if state.asking >= self._limits.host_requests:
            return None
        return max(0.0, state.free_at - time.monotonic())
