"""What is measured, and the buttons that measure the rest and look for copies."""

from __future__ import annotations

import streamlit as st

from curator.app import job_cards
from curator.app.text import number, of_many
from curator.store.dataset import Dataset


def measure_row(dataset: Dataset, total: int, measured: int) -> None:
    """Draw it; its buttons start jobs."""
    with st.container(horizontal=True, vertical_alignment="center"):
        left = total - measured
        said = f"{number(measured)} of {of_many(total, 'face')} are measured."
        st.markdown(said if left else f"All {of_many(total, 'face')} are measured.")
        if st.button(
            f"Measure {of_many(left, 'face')}" if left else "Measure again what changed",
            type="primary" if left else "secondary",
        ):
            job_cards.begin(dataset, "measure", {})
        if st.button("Look for copies"):
            job_cards.begin(dataset, "duplicates", {})
