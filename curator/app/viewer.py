"""One image large, with its faces over it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from curator.app.pictures import SHOWN_BY_BROWSERS, crop_url, display_url, original_url
from curator.app.text import number, of_many
from curator.attributes import ATTRIBUTES
from curator.drawing import HIDDEN, POINTS, PROPOSED, VOUCHED, Colour
from curator.records import Face, FaceStatus, Image

_HERE = Path(__file__).parent

_mount = st.components.v2.component(
    "curator.viewer",
    html="""
    <div class="stage" tabindex="-1"><div class="zoom"><img><svg></svg></div></div>
    <div class="bar">
      <label><input type="checkbox" checked>boxes and points</label>
      <span class="said" aria-live="polite"></span>
    </div>
    <ul aria-label="faces"></ul>
    """,
    css=(_HERE / "viewer.css").read_text(),
    js=(_HERE / "viewer.js").read_text(),
)


def viewer(image: Image, faces: Sequence[Face], *, key: str) -> None:
    """Draw it; the faces can be looked at closely, one by one."""
    by_browsers = image.mime in SHOWN_BY_BROWSERS
    data = {
        "name": image.name,
        "src": display_url(image),
        "original": original_url(image) if by_browsers else None,
        "width": image.width,
        "height": image.height,
        "hint": f"{of_many(len(faces), 'face')}; choose one to look closely"
        if faces
        else "no faces",
        "faces": [_outline(image, face, place) for place, face in enumerate(faces, 1)],
    }
    _mount(key=key, data=data)


def _outline(image: Image, face: Face, place: int) -> dict[str, Any]:
    return {
        "box": face.box,
        "points": _points(face),
        "tone": _css(PROPOSED if face.status is FaceStatus.PROPOSED else VOUCHED),
        "text": f"face {place} · {describe(face)}",
        "crop": crop_url(image, face),
    }


def describe(face: Face) -> str:
    """All that is known of a face, on one line."""
    x_min, y_min, x_max, y_max = face.box
    said = [str(face.status)]
    if face.score is not None:
        said.append(f"score {face.score:.2f}")
    said.append(f"{number(round(x_max - x_min))} x {number(round(y_max - y_min))} px")
    if face.identity is not None:
        said.append(f"identity {face.identity}")
    said += [f"{name} {attribute_value(name, value)}" for name, value in face.attributes.items()]
    return " · ".join(said)


def attribute_value(name: str, value: int | float | str | bool) -> str:
    """What the value of an attribute means, or the value itself where that is not known."""
    known = ATTRIBUTES.get(name)
    if known is None or not isinstance(value, int) or value not in known.domain:
        return str(value)
    return known.values[value - known.first]


def _points(face: Face) -> list[dict[str, Any]]:
    seen = face.visibility or ()
    return [
        {"x": x, "y": y, "colour": _css(_point_colour(face, index, visible))}
        for index, ((x, y), visible) in enumerate(zip(face.landmarks or (), seen, strict=True))
        if visible
    ]


def _point_colour(face: Face, index: int, visible: int) -> Colour:
    if visible == 1:
        return HIDDEN
    return POINTS[index % len(POINTS)] if face.scheme == "5" else POINTS[0]


def _css(colour: Colour) -> str:
    return "rgb({} {} {})".format(*colour)
