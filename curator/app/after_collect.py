"""What to do with what has just been collected: one button."""

from __future__ import annotations

import streamlit as st

from curator.app import job_cards, job_words
from curator.app.text import of_many
from curator.records import ImageStatus
from curator.store import images
from curator.store.dataset import Dataset
from curator.store.images import ImageFilter


def after_collect(dataset: Dataset) -> None:
    """Offer to detect, measure and filter when the newest job brought images nobody looked at."""
    found = job_cards.recent(dataset, ("collect", "detect", "prepare"))
    if not found or found[0].task != "collect" or job_words.is_live(found[0]):
        return
    with dataset.read() as connection:
        new = images.count(connection, ImageFilter(status=ImageStatus.NEW))
    if not new:
        return
    if st.button(
        f"Detect, measure and filter {of_many(new, 'new image')}",
        type="primary",
        icon=":material/face:",
        help="Finds faces with the default detector, measures them, and judges them by the rules "
        "for training a detector. Doubtful ones go into the queue; nothing is deleted.",
    ):
        job_cards.begin(dataset, "prepare", {})
