"""A dataset counted: by source, status, split and licence, and the runs that labelled it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from curator.app.bars import bars
from curator.app.text import when
from curator.pipeline.overview import Overview

_MOST = 8


def show(found: Overview) -> None:
    """Draw the counts two by two, then the runs."""
    counted = (
        ("Status", found.by_status, ""),
        ("Source", found.by_source, ""),
        ("Split", found.by_split, "not split yet"),
        ("Licence of the images", found.by_licence, "not stated"),
    )
    for place, (title, counts, none) in zip(st.columns(2) * 2, counted, strict=True):
        with place:
            st.subheader(title, anchor=False)
            bars(_largest(counts, none))
    runs = [run for run in found.runs if run.kind != "collect"]
    if not runs:
        return
    st.subheader("Labels", anchor=False)
    st.dataframe(
        {
            "run": [run.id for run in runs],
            "kind": [run.kind for run in runs],
            "method": [run.method for run in runs],
            "licence of the weights": [run.licence or "–" for run in runs],
            "images": [found.run_images.get(run.id, 0) for run in runs],
            "status": [str(run.status) for run in runs],
            "last": [when(run.finished_at or run.started_at) for run in runs],
        },
        hide_index=True,
    )


def _largest(counts: Mapping[str, int], none: str) -> dict[str, int]:
    """The largest first; what is too many to show is summed up as others."""
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    shown = {none if name == "none" and none else name: count for name, count in ordered[:_MOST]}
    if len(ordered) > _MOST:
        shown[f"{len(ordered) - _MOST} others"] = sum(count for _, count in ordered[_MOST:])
    return shown
