"""Two numbers of all faces as a map of where they crowd; a click asks for the faces there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from curator.app.threshold import extent

_HERE = Path(__file__).parent
COLUMNS, ROWS = 64, 40

_mount = st.components.v2.component(
    "curator.scatter",
    html='<div class="frame"><canvas tabindex="0"></canvas></div><div class="words"></div>',
    css=(_HERE / "scatter.css").read_text(),
    js=(_HERE / "scatter.js").read_text(),
)


def scatter(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    names: tuple[str, str],
    key: str,
    on_pick: Callable[[float, float, float, float], None],
) -> None:
    """Draw it.

    Args:
        x: Finite numbers, shape (N,), at least one.
        y: As many.
        names: Of the axes.
        key: Of the widget.
        on_pick: Called with the bounds of the place that was clicked: left, right, low, high.
    """
    left, right = extent(x, [])
    low, high = extent(y, [])
    counts, _, _ = np.histogram2d(
        np.clip(x, left, right),
        np.clip(y, low, high),
        (COLUMNS, ROWS),
        ((left, right), (low, high)),
    )

    def picked() -> None:
        column, row = st.session_state[key]["picked"]
        wide, tall = (right - left) / COLUMNS, (high - low) / ROWS
        # Three cells by three: one alone is hard to hit.
        on_pick(
            left + (column - 1) * wide,
            left + (column + 2) * wide,
            low + (row - 1) * tall,
            low + (row + 2) * tall,
        )

    data = {
        "columns": COLUMNS,
        "rows": ROWS,
        "counts": counts.T.astype(int).ravel().tolist(),
        "x": [left, right, names[0]],
        "y": [low, high, names[1]],
    }
    _mount(key=key, data=data, on_picked_change=picked)
