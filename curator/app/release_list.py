"""All releases as a table, one of them chosen."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from curator.app.text import when
from curator.records import SPLITS, Release


def release_list(releases: Sequence[Release]) -> Release:
    """Draw it; return the chosen one, the newest to begin with."""
    counts = [release.report.get("split", {}).get("counts", {}) for release in releases]
    columns = {
        "release": [release.name for release in releases],
        "made": [when(release.created_at) for release in releases],
        "images": [release.images for release in releases],
        "faces": [release.faces for release in releases],
        **{split: [count.get(split) for count in counts] for split in SPLITS},
        "manifest": [release.manifest_sha256[:12] for release in releases],
    }
    table = st.dataframe(
        columns,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row-required",
        key="releases",
    )
    chosen: Sequence[int] = table["selection"]["rows"]
    return releases[chosen[0] if chosen and chosen[0] < len(releases) else 0]
