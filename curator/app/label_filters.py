"""Which images are to be labelled: choices behind one button, kept in the page's address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from curator.app.canvas import REASONS
from curator.app.text import number, of_many
from curator.records import SPLITS, ImageStatus
from curator.store import images
from curator.store.dataset import Dataset

HEIGHTS = (0, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256)
_KEYS = ("label-source", "label-split", "label-status", "why", "identity", "face-min")


def label_filters(dataset: Dataset) -> dict[str, str | int | None]:
    """Draw the button and the choices behind it; return what the queue is asked for."""
    with dataset.read() as connection:
        sources = images.counts_by(connection, "source")
        splits = images.counts_by(connection, "split")
        statuses = images.counts_by(connection, "status")
    # Links from other pages know the words, and not what these are called here.
    if (reason := st.query_params.pop("reason", None)) in REASONS:
        st.session_state["why"] = reason
    if (source := st.query_params.pop("source", None)) in sources:
        st.session_state["label-source"] = source
    chosen = sum(bool(st.session_state.get(key)) for key in _KEYS)
    with st.popover(of_many(chosen, "filter") if chosen else "Filters"):
        reason = st.selectbox(
            "Why it is shown",
            list(REASONS),
            index=None,
            key="why",
            placeholder="any reason",
            format_func=lambda name: REASONS[name],
            bind="query-params",
        )
        source = _choice("Source", list(sources), sources)
        split = _choice("Split", [name for name in SPLITS if name in splits], splits)
        status = _choice("Status", [name for name in ImageStatus if name in statuses], statuses)
        identity = st.text_input("Identity", key="identity", bind="query-params")
        height = st.select_slider(
            "Some face has a height of at least",
            HEIGHTS,
            format_func=lambda pixels: f"{pixels} px" if pixels else "any",
            key="face-min",
            bind="query-params",
        )
        st.button("Clear the filters", on_click=clear, disabled=not chosen)
    return {
        "reason": reason,
        "source": source,
        "split": split,
        "status": status,
        "identity": identity or None,
        "face_min": height or None,
    }


def clear() -> None:
    """Back to all images."""
    st.session_state.update(dict.fromkeys(_KEYS) | {"identity": "", "face-min": HEIGHTS[0]})


def _choice(label: str, options: Sequence[str], counts: Mapping[str, int]) -> str | None:
    return st.selectbox(
        label,
        options,
        index=None,
        key=f"label-{label.lower()}",
        placeholder="any",
        format_func=lambda name: f"{name} ({number(counts[name])})",
        bind="query-params",
    )
