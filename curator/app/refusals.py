"""What was not kept, and why: counted by reason, one by one on demand."""

from __future__ import annotations

import streamlit as st

from curator.app.bars import bars
from curator.app.text import of_many, when
from curator.collect import SENTENCES, Reason
from curator.store import candidates
from curator.store.dataset import Dataset

_SHOWN = 1000


def refusals(dataset: Dataset) -> None:
    """Draw them; nothing where nothing was refused."""
    with dataset.read() as connection:
        outcomes = candidates.outcomes(connection)
    counts = {name: count for name, count in outcomes.items() if ": " in name}
    if not counts:
        return
    st.subheader("Refused and failed", anchor=False)
    st.caption("What failed is tried again by the next run; what was refused is not.")
    ordered = dict(sorted(counts.items(), key=lambda item: -item[1]))
    bars(ordered, {name: _sentence(name) for name in ordered if _sentence(name)})
    with st.expander(f"Each of the {of_many(sum(counts.values()), 'candidate')}"):
        _one_by_one(dataset, list(ordered))


def _one_by_one(dataset: Dataset, reasons: list[str]) -> None:
    reason = st.selectbox("Reason", reasons, index=None, placeholder="any", key="reason")
    with dataset.read() as connection:
        rows = candidates.refused(connection, limit=_SHOWN)
    shown = [row for row in rows if reason in (None, f"{row['outcome']}: {row['reason']}")]
    st.dataframe(
        {
            "reason": [row["reason"] for row in shown],
            "address": [row["url"] for row in shown],
            "why": [row["detail"] for row in shown],
            "page": [row["page_url"] for row in shown],
            "when": [when(row["at"]) for row in shown],
        },
        hide_index=True,
    )
    if len(rows) == _SHOWN:
        st.caption(f"The newest {_SHOWN}; all of them: curator show refused --json")


def _sentence(name: str) -> str:
    reason = name.partition(": ")[2]
    return SENTENCES[Reason(reason)] if reason in set(Reason) else ""
