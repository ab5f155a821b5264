"""The curves of training runs, alone and side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from curator.app import sentences
from curator.app.text import escape_html
from curator.charts import Line, line_chart
from curator.pipeline.curves import Curves, curves_of
from curator.records import Job
from curator.store.dataset import Dataset


def of_job(dataset: Dataset, job: Job) -> None:
    """The curves of the run that a training job makes."""
    from curator.pipeline.learn import folder_of, request_of

    params = {name: value for name, value in job.params.items() if value is not None}
    with sentences.told():
        of_run(dataset, folder_of(dataset, request_of(**params)).name)


def of_run(dataset: Dataset, name: str) -> None:
    """Losses and figures of one run, epoch by epoch."""
    found = curves_of(dataset, name)
    if found is None:
        st.caption("The curve begins with the first epoch.")
        return
    charts = [
        line_chart({n: found.line(v) for n, v in told.items()}, x="epoch")
        for told in (found.losses, found.figures)
        if told
    ]
    st.html(f'<div class="charts">{"".join(charts)}</div>')


def side_by_side(dataset: Dataset, names: Sequence[str]) -> None:
    """Every figure and loss that two of the runs have, one chart each."""
    found: dict[str, Curves] = {}
    for name in names:
        with sentences.told():
            curves = curves_of(dataset, name)
            if curves is not None:
                found[name] = curves
    charts = [
        f"<div><strong>{escape_html(title)}</strong>{line_chart(lines, x='epoch')}</div>"
        for title, lines in _common(found).items()
    ]
    if not charts:
        st.caption("These runs have no figure in common.")
        return
    st.html(f'<div class="charts">{"".join(charts)}</div>')


def _common(found: Mapping[str, Curves]) -> dict[str, dict[str, Line]]:
    """Figure -> run -> its line; figures first."""
    charts: dict[str, dict[str, Line]] = {}
    for kind in ("figures", "losses"):
        for name, curves in found.items():
            for figure, values in getattr(curves, kind).items():
                charts.setdefault(figure, {})[name] = curves.line(values)
    return {figure: lines for figure, lines in charts.items() if len(lines) > 1}
