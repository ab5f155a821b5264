"""Collect's form: which source, where, and under which limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from curator.app import job_cards
from curator.app.text import escape
from curator.collect import SOURCES
from curator.collect.engines import ENGINES
from curator.store.dataset import Dataset


@dataclass(frozen=True, slots=True)
class _Target:
    label: str
    example: str


_QUERY = _Target("What to search for", "old portrait")
_TARGETS = {
    "folder": _Target("Folder or archive on this machine", "/home/me/Pictures"),
    "urls": _Target("List of addresses on this machine (.txt or .csv)", "/home/me/list.csv"),
    "web": _Target("Start page", "https://example.org/gallery"),
    "video": _Target("Video, or folder of videos, on this machine", "/home/me/clip.mp4"),
    "storage": _Target("Address of the storage", "s3://bucket/photos"),
    **dict.fromkeys(ENGINES, _QUERY),
}
_FRAMES = {
    "scenes": "the sharpest of each scene",
    "tracks": "the best shot of each face that is followed",
    "every": "one every so often",
}
_LICENCES = ("commercial", "commercial,modify", "noncommercial", "creativecommons", "publicdomain")
_OTHER = _Target("Target", "")


def collect_form(dataset: Dataset) -> None:
    """Draw it; its button starts a job."""
    entries = SOURCES.entries()
    source = st.selectbox("Source", list(entries), key="collect-source")
    st.caption(escape(entries[source].summary))
    where = _TARGETS.get(source, _OTHER)
    with st.form("collect", border=False):
        target = st.text_input(where.label, placeholder=where.example, key=f"target-{source}")
        with st.expander("Limits, licence and author"):
            limits = _limits(source)
        if not st.form_submit_button("Collect", type="primary"):
            return
    if not target.strip():
        st.warning(f"Fill in: {where.label.lower()}.")
        return
    job_cards.begin(dataset, "collect", {"source": source, "target": target.strip(), **limits})


def fill_in(source: str, target: str | None) -> None:
    """Have the form stand like this when it is drawn next, for the page that leads to it.

    Args:
        source: Chosen if it is one that can be asked; of an import nothing more can be collected.
        target: Written into its field.
    """
    if source in SOURCES.entries():
        st.session_state["collect-source"] = source
        if target is not None:
            st.session_state[f"target-{source}"] = target


def _limits(source: str) -> dict[str, Any]:
    left, right = st.columns(2)
    with left:
        most = st.number_input("Images at most", 1, value=None, placeholder="all", key="most")
        licence = st.text_input("Licence, where the source states none", key="licence")
    with right:
        side = st.number_input("Shorter side at least, pixels", 1, value=1, key="side")
        author = st.text_input("Author, where the source states none", key="author")
    limits: dict[str, Any] = {
        "max_images": most,
        "min_side": side,
        "licence": licence.strip() or None,
        "author": author.strip() or None,
    }
    if source == "web":
        with left:
            limits["depth"] = st.number_input("Links to follow from the start page", 0, 50, 3)
        with right:
            hosts = st.text_input("Other hosts whose images to take", placeholder="none")
            limits["also_hosts"] = hosts.replace(",", " ").split()
    if source == "video":
        with left:
            frames = st.selectbox("Frames", list(_FRAMES), format_func=lambda name: _FRAMES[name])
            limits["frames"] = frames
        with right:
            limits["frame_seconds"] = st.number_input("Seconds between two frames", 0.1, value=1.0)
    if source in ENGINES:
        with left:
            limits["max_results"] = st.number_input("Results to look at", 1, 1000, 200)
        with right:
            limits["filters"] = _filters(source)
    return limits


def _filters(engine: str) -> dict[str, str]:
    """Those that matter for photos of people; the command line has all of them."""
    offered = ENGINES[engine].filters
    chosen: dict[str, str | None] = {}
    if "license" in offered:
        chosen["license"] = st.selectbox("Licence filter", _LICENCES, index=None, placeholder="any")
    if "people" in offered:
        chosen["people"] = "face" if st.toggle("Faces only", key="people") else None
    elif "type" in offered:
        chosen["type"] = "face" if st.toggle("Faces only", key="type-face") else None
    return {name: value for name, value in chosen.items() if value}
