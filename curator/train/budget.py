"""How long a run trains, and where in it a step stands."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median

# A step that took longer was interrupted: the machine slept, or the process was stopped.
_PAUSE = 3.0
_REMEMBERED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """At most so long; at least one of the two is given.

    Attributes:
        minutes: Spent in steps, so that pauses and looks at the validation split are free.
        epochs: An epoch draws as many crops as there are photos.
    """

    minutes: float | None = None
    epochs: float | None = None

    def share(self, steps: int, seconds: float, steps_an_epoch: int) -> float:
        """How much of the budget is used up; from 1 on the run is over."""
        shares = [0.0]
        if self.epochs is not None:
            shares.append(steps / max(self.epochs * steps_an_epoch, 1))
        if self.minutes is not None:
            shares.append(seconds / max(self.minutes * 60, 1e-9))
        return max(shares)


class StepClock:
    """Adds up the seconds of steps; a step during which the process slept counts as a usual one."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self._recent: deque[float] = deque(maxlen=_REMEMBERED)

    def add(self, seconds: float) -> None:
        """A step took so long by the clock on the wall."""
        if len(self._recent) == _REMEMBERED:
            seconds = min(seconds, _PAUSE * median(self._recent))
        self._recent.append(seconds)
        self.seconds += seconds
