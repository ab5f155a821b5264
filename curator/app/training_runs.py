"""Training runs as a table, some of them chosen."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from curator.app.text import when
from curator.records import Run

_MOST_FIGURES = 5


def training_runs(trained: Sequence[Run]) -> list[Run]:
    """Draw them; return those chosen, the newest where none is."""
    figures = dict.fromkeys(
        name for run in trained for name in run.metrics if "loss" not in name and _is_told(name)
    )
    columns = {
        "run": [run.name for run in trained],
        "release": [run.params.get("release") for run in trained],
        "status": [str(run.status) for run in trained],
        **{
            name: [run.metrics.get(name) for run in trained]
            for name in list(figures)[:_MOST_FIGURES]
        },
        "last": [when(run.finished_at or run.started_at) for run in trained],
    }
    table = st.dataframe(
        columns, hide_index=True, on_select="rerun", selection_mode="multi-row", key="trained"
    )
    rows: Sequence[int] = table["selection"]["rows"]
    return [trained[row] for row in rows if row < len(trained)] or [trained[0]]


def _is_told(name: str) -> bool:
    """Whether a figure says how good the run is."""
    return name not in ("epoch", "step", "minutes", "time") and not name.startswith(("lr", "learn"))
