"""Exports of a release: make one in any format, read its report, take it away as a zip."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from curator.app import job_cards
from curator.app.downloads import exported, zip_url
from curator.app.text import escape, of_many
from curator.formats import FORMATS
from curator.formats.folder import REPORT
from curator.records import Release
from curator.store.dataset import Dataset


def exports(dataset: Dataset, release: Release) -> None:
    """Draw the form, and what was exported before."""
    entries = FORMATS.entries()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Format",
            list(entries),
            format_func=lambda name: f"{name} — {entries[name].summary}",
            key="format",
        )
        wanted = st.button("Export", type="primary")
    if wanted:
        job_cards.begin(dataset, "export", {"release": release.name, "format": name})
    job_cards.watch(dataset, ("export",))
    job_cards.latest(dataset, ("export",))
    done = exported(dataset, release)
    for name, folder in done.items():
        _export(release, name, folder)
    if not done:
        st.caption("Nothing was exported from this release yet.")


def _export(release: Release, name: str, folder: Path) -> None:
    report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    images, faces = sum(report["images"].values()), sum(report["faces"].values())
    said = f"{of_many(images, 'image')}, {of_many(faces, 'face')}"
    with st.expander(escape(f"{name}: {said}")):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.link_button("Download as zip", zip_url(release, name), icon=":material/download:")
            st.caption(escape(str(folder)))
        _report(report)


def _report(report: Mapping[str, Any]) -> None:
    """What stands in an export and what does not."""
    st.dataframe(
        {
            "split": list(report["images"]),
            "images": list(report["images"].values()),
            "faces": [report["faces"].get(split, 0) for split in report["images"]],
        },
        hide_index=True,
        width="content",
    )
    st.caption(escape(f"Numbers: {report['precision']}."))
    for title, counts in (
        ("Not carried, or carried changed", report["losses"]),
        ("Left out", report["left_out"]),
    ):
        if not counts:
            continue
        st.markdown(f"**{title}**")
        st.dataframe(
            {
                "what": list(counts),
                "how often": [entry["count"] for entry in counts.values()],
                "such as": [", ".join(entry["examples"]) for entry in counts.values()],
            },
            hide_index=True,
        )
    if not report["losses"] and not report["left_out"]:
        st.caption("All faces are in it, with all that is known of them.")
