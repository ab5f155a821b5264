"""Two measures against each other, with the faces of the place that was picked."""

from __future__ import annotations

import numpy as np
import streamlit as st

from curator.app.quality_faces import strip
from curator.app.quality_thresholds import quantities, title
from curator.app.scatter import scatter
from curator.app.text import of_many
from curator.quality import Table
from curator.quality.rules import column
from curator.store.dataset import Dataset

_PICKED = "scatter-picked"
_SHOWN = 24


def two_measures(dataset: Dataset, table: Table) -> None:
    """Draw them."""
    options = quantities(table)
    first = options.index("face height") if "face height" in options else 0
    left, right = st.columns(2)
    with left:
        across = st.selectbox("Across", options, index=first, format_func=title, key="across")
    with right:
        up = st.selectbox("Up", options, format_func=title, key="up")
    x, y = column(across)[0](table), column(up)[0](table)
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if not len(known):
        st.caption("No face has both.")
        return

    def picked(*bounds: float) -> None:
        st.session_state[_PICKED] = (across, up, *bounds)

    scatter(x[known], y[known], names=(across, up), key=f"{across}-{up}", on_pick=picked)
    chosen = st.session_state.get(_PICKED)
    if chosen is None or chosen[:2] != (across, up):
        st.caption("Click into the map to see the faces of a place.")
        return
    low_x, high_x, low_y, high_y = chosen[2:]
    inside = (x >= low_x) & (x <= high_x) & (y >= low_y) & (y <= high_y)
    found = np.flatnonzero(inside).tolist()
    strip(
        dataset,
        table,
        found[:_SHOWN],
        lambda index: f"{x[index]:.3g} · {y[index]:.3g}",
        of_many(len(found), "face") + " here",
    )
