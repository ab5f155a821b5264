"""Attributes proposed from measures, with their limits to be moved, beside what people said."""

from __future__ import annotations

import numpy as np
import streamlit as st

from curator.app.text import number, of_many
from curator.app.viewer import attribute_value
from curator.pipeline.quality import propose_attributes
from curator.quality import Table
from curator.quality.attributes import LIMITS, proposed
from curator.store.dataset import Dataset


def proposals(dataset: Dataset, table: Table) -> None:
    """Draw the limits, what would be proposed, and how that agrees with people."""
    st.caption(
        "A proposal is the machine's until a person touches it; what people or files said of a "
        "face is never changed. Releases take proposals over when they are asked to."
    )
    places = st.columns(len(LIMITS))
    limits = {}
    for place, (name, value) in zip(places, LIMITS.items(), strict=True):
        with place:
            limits[name] = st.number_input(
                name.capitalize(), value=value, step=value / 10, key=f"limit-{name}"
            )
    found = proposed(table, limits)
    rows = []
    for name, values in found.items():
        for value in sorted(set(values[~np.isnan(values)].tolist())):
            said = table.attributes.get(name)
            both = np.zeros(len(values), bool) if said is None else ~np.isnan(said)
            same = both & (values == value) & (said == value) if said is not None else both
            rows.append(
                {
                    "attribute": name,
                    "value": attribute_value(name, int(value)),
                    "faces": int((values == value).sum()),
                    "of these labelled": int((both & (values == value)).sum()),
                    "labelled the same": int(same.sum()),
                }
            )
    st.dataframe(rows, hide_index=True)
    if st.button("Propose these", type="primary"):
        told = propose_attributes(dataset, limits)
        st.toast(
            ", ".join(f"{name} for {number(count)}" for name, count in told.items())
            or of_many(0, "face")
        )
