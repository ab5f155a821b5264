"""What changed from one release to another."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from curator.app.text import number
from curator.pipeline.release import compare
from curator.records import Release
from curator.store.dataset import Dataset

_SHOWN = 500


def release_compare(dataset: Dataset, chosen: Release, others: Sequence[Release]) -> None:
    """Draw the choice of another release, and the differences."""
    other_names = [release.name for release in others if release.name != chosen.name]
    if not other_names:
        st.caption("There is no other release to compare with.")
        return
    other = st.selectbox("Compared with", other_names, key="compared-with")
    difference = compare(dataset, other, chosen.name)
    changes = {
        "added": difference.added,
        "removed": difference.removed,
        "changed": difference.changed,
    }
    places = st.columns(4)
    for place, (kind, names) in zip(places, changes.items(), strict=False):
        place.metric(kind.capitalize(), number(len(names)))
    places[-1].metric("Unchanged", number(difference.unchanged))
    listed = [(kind, name) for kind, names in changes.items() for name in names]
    if not listed:
        st.caption("Both hold the same images with the same faces and splits.")
        return
    st.dataframe(
        {
            "image": [name for _, name in listed[:_SHOWN]],
            "change": [kind for kind, _ in listed[:_SHOWN]],
        },
        hide_index=True,
    )
    if len(listed) > _SHOWN:
        st.caption(f"The first {_SHOWN} of {number(len(listed))}.")
