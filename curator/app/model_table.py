"""Judged models side by side; one of them chosen."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from curator.app.text import when
from curator.pipeline.comparison import row_of
from curator.records import Run


def model_table(judged: Sequence[Run]) -> Run:
    """Draw it; return the chosen run, the newest to begin with."""
    rows = [row_of(run) for run in judged]
    columns = {
        "model": [row.method for row in rows],
        "on": [f"{row.release}, {row.split}" for row in rows],
        "AP": [row.ap for row in rows],
        "AP at 0.5": [row.ap50 for row in rows],
        "best F1": [row.f1 for row in rows],
        "point error": [row.point_error for row in rows],
        "ms an image": [row.milliseconds for row in rows],
        "MB": [None if row.bytes is None else row.bytes / 1e6 for row in rows],
        "parameters": [row.parameters for row in rows],
        "judged": [when(run.finished_at) for run in judged],
        "run": [row.run for row in rows],
    }
    shares = ("AP", "AP at 0.5", "best F1", "point error")
    number = st.column_config.NumberColumn
    table = st.dataframe(
        columns,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row-required",
        key="judged",
        placeholder="–",
        column_config={
            **{name: number(format="%.3f") for name in shares},
            "ms an image": number(format="%.1f", help="On one thread of the machine that judged."),
            "MB": number(format="%.2f"),
            "parameters": number(format="localized"),
        },
    )
    chosen: Sequence[int] = table["selection"]["rows"]
    return judged[chosen[0] if chosen and chosen[0] < len(judged) else 0]
