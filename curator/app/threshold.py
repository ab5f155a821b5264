"""A histogram of one number with thresholds that can be dragged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

_HERE = Path(__file__).parent
_BINS = 120

_mount = st.components.v2.component(
    "curator.threshold",
    html='<div class="plot"></div><div class="said" aria-live="polite"></div>',
    css=(_HERE / "threshold.css").read_text(),
    js=(_HERE / "threshold.js").read_text(),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A threshold: where it stands, and whether faces above or below it are good."""

    value: float
    above: bool
    label: str


def threshold(
    values: NDArray[np.float64],
    lines: Sequence[Line],
    *,
    unit: str,
    key: str,
    on_move: Callable[[int, float], None],
) -> None:
    """Draw it.

    Args:
        values: Finite numbers, at least one.
        lines: What can be dragged, by mouse or with the arrow keys.
        unit: Of the numbers.
        key: Of the widget.
        on_move: Called with the index of a line and its new value when it was let go, before
            the page runs again.
    """

    def moved() -> None:
        told = st.session_state[key]["moved"]
        on_move(int(told["line"]), float(told["value"]))

    low, high = extent(values, [line.value for line in lines])
    counts, _ = np.histogram(np.clip(values, low, high), _BINS, (low, high))
    data = {
        "low": low,
        "high": high,
        "counts": counts.tolist(),
        "unit": unit,
        "lines": [asdict(line) for line in lines],
    }
    _mount(key=key, data=data, on_moved_change=moved)


def extent(values: NDArray[np.float64], limits: Sequence[float]) -> tuple[float, float]:
    """From where to where to draw: all but the outermost, and every limit."""
    low, high = np.percentile(values, [0.5, 99.5]).tolist()
    low, high = min([low, *limits]), max([high, *limits])
    return (low, high) if high > low else (low - 0.5, low + 0.5)
