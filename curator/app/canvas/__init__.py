"""The annotator: images and their faces, put right by hand, in the browser.

The component only mounts the editor; images, saves and everything else go over the routes under
``/label``, so that a labelling session makes Streamlit run nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from curator.app.canvas.scripts import address
from curator.records.labelling import Reason
from curator.schemes import SCHEMES, Scheme
from curator.store.dataset import Dataset

_HERE = Path(__file__).parent
# Why something is in the queue: stable words, and what they mean.
REASONS = {
    Reason.DISAGREEMENT: "two detectors disagree",
    Reason.LOW_SCORE: "the detector was unsure",
    Reason.SHAPE: "odd shape of the landmarks",
    Reason.QUALITY: "quality at the edge",
    Reason.FLAGGED: "flagged in the grid",
    Reason.REVIEW: "a review asks",
    Reason.AUDIT: "random check",
    Reason.CONFLICT: "people disagree",
    Reason.SECOND_OPINION: "second opinion",
    Reason.NEW: "not labelled yet",
}
# Which colour a point has, by a word in its name; the first that fits.
_TONES = {
    "pupil": "eye",
    "eye": "eye",
    "brow": "brow",
    "nose": "nose",
    "mouth": "mouth",
    "lips": "mouth",
}

_STYLES = ("desk", "stage", "panel", "grid", "windows", "narrow")

# The editor's own modules import each other, which the text of a component cannot.
_MOUNT = """
export default async function ({ data, parentElement }) {
  const { mount } = await import(new URL(data.modules, location.origin));
  mount(parentElement, data);
}
"""

_mount = st.components.v2.component(
    "curator.canvas",
    css="\n".join((_HERE / f"{part}.css").read_text() for part in _STYLES),
    js=_MOUNT,
)


def canvas(
    dataset: Dataset, *, user: str, mode: str, filters: Mapping[str, str | int | None], key: str
) -> None:
    """Draw the annotator.

    Args:
        dataset: Whose images are labelled.
        user: Who labels; what they could not send yet is kept by the browser under this name.
        mode: ``image`` for one image after the other, ``grid`` for pages of faces.
        filters: Which images; see the route ``/label/next``.
        key: Of the widget; the same one keeps the editor as it is.
    """
    data = {
        "modules": address("mount.js"),
        "dataset": hashlib.sha256(str(dataset.folder.resolve()).encode()).hexdigest()[:16],
        "user": user,
        "mode": mode,
        "filters": {name: value for name, value in filters.items() if value is not None},
        "reasons": REASONS,
        "scheme": {name: _drawn(scheme) for name, scheme in SCHEMES.items()},
    }
    _mount(key=key, data=data)


def _drawn(scheme: Scheme) -> dict[str, Any]:
    """Names, lines between points, and the colour of each point, by its part of the face."""
    links = [
        [*curve.points, curve.points[0]] if curve.closed else list(curve.points)
        for curve in scheme.curves
        if len(curve.points) > 1
    ]
    return {"names": scheme.points, "links": links, "tones": [_tone(p) for p in scheme.points]}


def _tone(point: str) -> str:
    return next((tone for word, tone in _TONES.items() if word in point), "contour")
