"""Collect's form: which source, where, and under which limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from curator.app import job_cards
from curator.app.text import escape
from curator.collect import SOURCES
from curator.store.dataset import Dataset


@dataclass(frozen=True, slots=True)
class _Target:
    label: str
    example: str


_TARGETS = {
    "folder": _Target("Folder or archive on this machine", "/home/me/Pictures"),
    "urls": _Target("List of addresses on this machine (.txt or .csv)", "/home/me/list.csv"),
    "web": _Target("Start page", "https://example.org/gallery"),
}
_OTHER = _Target("Target", "")


def collect_form(dataset: Dataset) -> None:
    """Draw it; its button starts a job."""
    entries = SOURCES.entries()
    source = st.radio(
        "Source",
        list(entries),
        captions=[escape(entry.summary) for entry in entries.values()],
        key="collect-source",
    )
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
    return limits
