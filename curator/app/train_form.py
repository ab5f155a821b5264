"""The form that starts a training run."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from curator.app import job_cards
from curator.app.text import escape
from curator.records import Release
from curator.store.dataset import Dataset
from curator.train import TRAINERS

_TASKS = {"detect": "boxes", "pose": "boxes and five points"}
_CLASSES = {"face": "one class: face", "identity": "one class a person"}


def train_form(dataset: Dataset, releases: Sequence[Release]) -> None:
    """Draw it; its button starts a job."""
    entries = TRAINERS.entries()
    trainer = st.selectbox("Trainer", list(entries), key="trainer")
    st.caption(escape(f"{entries[trainer].summary}. {entries[trainer].licence or ''}".strip()))
    recipes = entries[trainer].variants
    with st.form("train", border=False):
        left, middle, right = st.columns(3)
        with left:
            release = st.selectbox("Release", [each.name for each in releases], key="learned-from")
            recipe = st.selectbox("Recipe", recipes, key=f"recipe-{trainer}") if recipes else None
        with middle:
            minutes = st.number_input("Minutes at most", 0.1, None, 60.0, key="minutes")
            seed = st.number_input("Seed", 0, value=0, key="train-seed")
        with right:
            epochs = st.number_input(
                "Epochs at most", 0.1, None, None, placeholder="no limit", key="epochs"
            )
            device = st.selectbox("Device", ["auto", "cpu", "cuda"], key="device")
        choices = _choices() if trainer == "yolo" else {}
        if not st.form_submit_button("Train", type="primary"):
            return
    params = {
        "trainer": trainer,
        "release": release,
        "recipe": recipe,
        "minutes": minutes,
        "epochs": epochs,
        "seed": int(seed),
        "device": device,
        **choices,
    }
    job_cards.begin(dataset, "train", params)


def _choices() -> dict[str, str]:
    """What only Ultralytics' trainer can be asked for."""
    left, right = st.columns(2)
    with left:
        task = st.selectbox("Find", ["detect", "pose"], format_func=_TASKS.__getitem__, key="task")
    with right:
        classes = st.selectbox(
            "Classes", ["face", "identity"], format_func=_CLASSES.__getitem__, key="classes"
        )
    return {"task": task, "classes": classes}
