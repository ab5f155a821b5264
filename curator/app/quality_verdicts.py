"""Keep, ask and drop in numbers, and what to do with them."""

from __future__ import annotations

import streamlit as st

from curator.app.text import number, of_many
from curator.pipeline.quality import ask_people
from curator.quality import Judgement, Table
from curator.records import Decision
from curator.store.dataset import Dataset


def verdicts(table: Table, judgement: Judgement) -> None:
    """Draw how many faces are kept, asked about and dropped."""
    counts, total = judgement.counts(), max(len(table), 1)
    bar = "".join(
        f'<i class="{name}" style="flex:{count}"></i>' for name, count in counts.items() if count
    )
    told = "".join(
        f'<div><b>{number(count)}</b><span><i class="{name}"></i>{name} · '
        f"{100 * count / total:.1f} %</span></div>"
        for name, count in counts.items()
    )
    st.html(
        f'<div class="verdicts"><div class="counts">{told}</div><div class="bar">{bar}</div></div>'
    )
    if judgement.people:
        st.caption(f"People decided about {of_many(len(judgement.people), 'face')}; that stands.")


def ask_button(dataset: Dataset, table: Table, judgement: Judgement) -> None:
    """Send the doubtful faces to the people who label."""
    count = judgement.counts()[Decision.ASK]
    label = f"Ask people about {of_many(count, 'face')}"
    if st.button(label, disabled=count == 0, icon=":material/contact_support:"):
        new = ask_people(dataset, table, judgement)
        st.toast(f"{of_many(new, 'face')} newly in the labelling queue.")
