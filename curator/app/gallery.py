"""A grid of images: each with its faces drawn, its name and a word about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from curator.app.pictures import thumbnail_url
from curator.app.text import escape_html, of_many
from curator.drawing import PROPOSED, VOUCHED
from curator.records import Face, Image, ImageStatus

_HERE = Path(__file__).parent

_mount = st.components.v2.component(
    "curator.gallery",
    html='<ul aria-label="images"></ul>',
    css=(_HERE / "gallery.css").read_text(),
    js=(_HERE / "gallery.js").read_text(),
)


def gallery(
    shown: Sequence[tuple[Image, Sequence[Face]]],
    *,
    key: str,
    height: int = 190,
    one_row: bool = False,
    drawn: bool = True,
    focus: int | None = None,
    on_pick: Callable[[int], None],
) -> None:
    """Draw the grid.

    Args:
        shown: Images with their current faces.
        key: Of the widget.
        height: Of a row, pixels of the page.
        one_row: Let the pictures shrink rather than begin another row.
        drawn: Draw the faces into the pictures.
        focus: The image that has the keyboard, when the grid appears.
        on_pick: Called with the id of the image that was clicked, before the page runs again.
    """

    def picked() -> None:
        on_pick(int(st.session_state[key]["picked"]))

    items = [
        {
            "id": image.id,
            "src": thumbnail_url(image, faces if drawn else ()),
            # Panoramas and strips keep to the grid, with room left in their cell.
            "shape": round(min(max(image.width / image.height, 0.5), 3), 3),
            "name": image.name,
            "note": _note(image, faces),
        }
        for image, faces in shown
    ]
    data = {"height": f"{height}px", "one_row": one_row, "focus": focus, "items": items}
    _mount(key=key, data=data, on_picked_change=picked)


def legend(first: str) -> None:
    """A line of text, followed by what the colours of the boxes mean."""
    colours = {"proposed by a detector": PROPOSED, "vouched for by people": VOUCHED}
    said = "".join(
        f'<span><i style="border-color:rgb{colour}"></i>{meaning}</span>'
        for meaning, colour in colours.items()
    )
    st.html(f'<div class="legend"><span>{escape_html(first)}</span>{said}</div>')


def _note(image: Image, faces: Sequence[Face]) -> str:
    if image.status is ImageStatus.NEW:
        said = "not looked at yet"
    elif image.status is ImageStatus.UNREADABLE:
        said = "unreadable"
    else:
        said = of_many(len(faces), "face")
    return f"{said} · {image.split}" if image.split else said
