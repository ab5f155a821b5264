"""The worst and the best faces by one number, and those a rule is about."""

from __future__ import annotations

import numpy as np
import streamlit as st

from curator.app.bars import bars
from curator.app.quality_faces import strip
from curator.app.quality_thresholds import quantities, title
from curator.app.text import number
from curator.pipeline.quality import by_source
from curator.quality import Judgement, Table
from curator.quality.rules import column
from curator.records import Decision
from curator.store.dataset import Dataset

_SHEET = 30


def worst_and_best(dataset: Dataset, table: Table) -> None:
    """Draw the two ends of a number."""
    chosen = st.selectbox("By", quantities(table), format_func=title, key="sheet-quantity")
    values = column(chosen)[0](table)
    order = np.argsort(values, kind="stable")
    order = order[np.isfinite(values[order])].tolist()

    def note(index: int) -> str:
        return f"{values[index]:.4g}"

    strip(dataset, table, order[:_SHEET], note, "Lowest")
    strip(dataset, table, order[::-1][:_SHEET], note, "Highest")


def by_verdict(dataset: Dataset, table: Table, judgement: Judgement) -> None:
    """Draw some faces of each verdict with the reasons."""
    for decision in (Decision.ASK, Decision.DROP, Decision.KEEP):
        found = judgement.chosen(decision)
        places = np.unique(np.linspace(0, max(len(found) - 1, 0), _SHEET // 2).astype(int))
        some = found[places].tolist() if len(found) else []
        strip(
            dataset,
            table,
            some,
            lambda index: "; ".join(judgement.reasons(index)) or "keeps all rules",
            f"{decision.capitalize()}: {number(len(found))}",
        )


def sources(table: Table, judgement: Judgement) -> None:
    """Draw how much of each source, and of what was searched for, is kept: the worst first."""
    found = by_source(table, judgement)
    shares = {
        name: round(100 * counts.get(Decision.KEEP, 0) / sum(counts.values()), 1)
        for name, counts in found.items()
    }
    st.caption(
        "Share of the faces that are kept, percent; the source that brought most rubbish first."
    )
    bars(
        shares,
        {
            name: ", ".join(f"{number(counts[d])} {d}" for d in Decision if d in counts)
            for name, counts in found.items()
        },
    )
