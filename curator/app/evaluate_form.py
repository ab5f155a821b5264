"""The form that judges a detector on a release."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from curator.app import job_cards
from curator.detect import DETECTORS
from curator.records import Release
from curator.store import runs
from curator.store.dataset import Dataset

_TRAINED = "run:"


def evaluate_form(dataset: Dataset, releases: Sequence[Release]) -> None:
    """Draw it; its button starts a job."""
    with dataset.read() as connection:
        trained = [run.name for run in runs.every(connection, kind="train")]
    models = [f"{_TRAINED}{name}" for name in dict.fromkeys(trained)]
    others = [name for name in DETECTORS.names() if f"{name}:" != _TRAINED]
    with st.form("evaluate", border=False):
        left, middle, right = st.columns([2, 1, 2])
        with left:
            release = st.selectbox("Release", [each.name for each in releases], key="judged-on")
        with middle:
            split = st.selectbox("Split", ["val", "test"], key="judged-split")
        with right:
            detector = st.selectbox("Model", [*models, *others], key="judged-model")
        with st.expander("Weights, confidence, predictions, ground truth"):
            variant = st.text_input(
                "Pack or weights", placeholder="the detector's own choice", key="judged-variant"
            )
            confidence = st.number_input(
                "Works at confidence",
                0.0,
                1.0,
                None,
                0.05,
                placeholder="where F1 is best",
                key="judged-at",
            )
            predictions = st.text_input(
                "Predictions instead of a model",
                placeholder="folder in WIDER FACE's text form, or file of COCO results",
                key="judged-predictions",
            )
            official = st.text_input(
                "Ground truth of WIDER FACE",
                placeholder="folder of its four .mat files, for easy, medium and hard",
                key="judged-official",
            )
        proposals = st.toggle(
            "Take proposals for true",
            key="judged-proposals",
            help="Else only faces that somebody has labelled or accepted count.",
        )
        if not st.form_submit_button("Evaluate", type="primary"):
            return
    name = detector if detector.startswith(_TRAINED) else f"{detector}:{variant.strip()}"
    params = {
        "release": release,
        "split": split,
        "detector": None if predictions.strip() else name.rstrip(":"),
        "predictions": predictions.strip() or None,
        "confidence": confidence,
        "count_proposals": proposals,
        "ground_truth": official.strip() or None,
    }
    job_cards.begin(dataset, "evaluate", params)
