"""A picture from the camera of whoever sits here: kept like any other image."""

from __future__ import annotations

import streamlit as st

from curator.app import sentences
from curator.pipeline.snapshot import keep_snapshot
from curator.store.dataset import Dataset

_KEPT = "snapshots-kept"


def camera(dataset: Dataset) -> None:
    """Draw it; the camera is asked for only when somebody turns it on."""
    taken = st.session_state.setdefault(_KEPT, 0)
    with st.expander("Take a picture with the camera of this computer"):
        if not st.toggle("Use the camera", key="camera-on"):
            st.caption("The picture goes into this dataset and nowhere else.")
            return
        # Another key empties the widget, ready for the next picture.
        snapshot = st.camera_input("Picture", key=f"camera-{taken}", label_visibility="collapsed")
        author = st.text_input("Who takes it", key="camera-author")
        licence = st.text_input("Licence", key="camera-licence")
        if snapshot is not None and st.button("Keep this picture", type="primary"):
            with sentences.told():
                keep_snapshot(
                    dataset, snapshot.getvalue(), author=author.strip(), licence=licence.strip()
                )
                st.session_state[_KEPT] = taken + 1
                st.rerun()
