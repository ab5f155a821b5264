"""The form that starts a detector on what it has not seen."""

from __future__ import annotations

import streamlit as st

from curator.app import job_cards
from curator.app.facts import facts
from curator.app.text import of_many
from curator.config import settings
from curator.detect import DEFAULT, DETECTORS
from curator.records import ImageStatus
from curator.store import images
from curator.store.dataset import Dataset
from curator.store.images import ImageFilter


def detect_form(dataset: Dataset) -> None:
    """Draw it; its button starts a job."""
    with dataset.read() as connection:
        total = images.count(connection, ImageFilter())
        new = images.count(connection, ImageFilter(status=ImageStatus.NEW))
    default = settings().detector or DEFAULT
    chosen = st.selectbox(
        "Detector", list(dict.fromkeys([default, *DETECTORS.names()])), key="detector"
    )
    facts(_about(chosen))
    with st.form("detect", border=False):
        accurate = st.toggle(
            "Accurate", key="accurate", help="Flipped and at five scales, merged: slow."
        )
        with st.expander("Weights and score"):
            variant = st.text_input(
                "Pack or weights",
                placeholder="the detector's own choice",
                disabled=":" in chosen,
                key="variant",
            )
            own_score = st.toggle(
                "Propose what the weights recommend",
                value=True,
                key="own_score",
                help="From the score on that was best on the photos they were watched on.",
            )
            min_score = st.slider("Else no face below a score of", 0.05, 0.95, 0.5, 0.05)
        label = f"Detect faces on {of_many(new, 'new image')}" if new else "Detect faces"
        started = st.form_submit_button(label, type="primary", disabled=total == 0)
    if total == 0:
        st.caption("Collect images first.")
    elif not new:
        st.caption("Every image has been looked at. Another detector looks at all of them again.")
    if started:
        name = chosen if ":" in chosen else f"{chosen}:{variant.strip()}".rstrip(":")
        job_cards.begin(
            dataset,
            "detect",
            {"detector": name, "accurate": accurate, "min_score": None if own_score else min_score},
        )


def _about(chosen: str) -> dict[str, str | None]:
    """What will run, and what its weights may be used for."""
    entry = DETECTORS.entries().get(chosen.partition(":")[0])
    if entry is None:
        return {"runs": chosen}
    return {"runs": chosen, "what": entry.summary, "licence": entry.licence or "not stated"}
