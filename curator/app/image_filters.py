"""Which images Browse shows: a row of choices, kept in the page's address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from curator.app.text import number
from curator.records import SPLITS, ImageStatus
from curator.store import images
from curator.store.dataset import Dataset
from curator.store.images import ImageFilter

# Heights of faces that can be chosen, pixels; the ends mean no limit.
HEIGHTS = (0, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 10_000)
FACES = {"with faces": True, "without faces": False}
PAGE, IMAGE = "page", "image"


def image_filters(dataset: Dataset, places: Sequence[DeltaGenerator]) -> ImageFilter:
    """Draw the choices, one in each of six places; return what they ask for."""
    with dataset.read() as connection:
        sources = images.counts_by(connection, "source")
        splits = images.counts_by(connection, "split")
        statuses = images.counts_by(connection, "status")
        licences = images.counts_by(connection, "licence_id")
    with places[0]:
        text = st.text_input("Name", key="name", bind="query-params", on_change=from_the_start)
    with places[1]:
        source = _choice("Source", list(sources), sources)
    with places[2]:
        split = _choice("Split", [name for name in SPLITS if name in splits], splits)
    with places[3]:
        status = _choice("Status", [name for name in ImageStatus if name in statuses], statuses)
    with places[4]:
        faces, scores, heights = _face_choices()
    with places[5]:
        licence, commercial = _licence_choices(licences)
    return ImageFilter(
        text=text or None,
        licence=licence,
        commercial=commercial,
        source=source,
        split=split,
        status=None if status is None else ImageStatus(status),
        faces=None if faces is None else FACES[faces],
        min_score=scores[0] if scores[0] > 0 else None,
        max_score=scores[1] if scores[1] < 1 else None,
        min_size=float(heights[0]) if heights[0] != HEIGHTS[0] else None,
        max_size=float(heights[1]) if heights[1] != HEIGHTS[-1] else None,
    )


def from_the_start() -> None:
    """Other choices: back to the first page, and to the grid."""
    st.session_state[PAGE] = 1
    st.query_params.pop(IMAGE, None)


def clear() -> None:
    """Back to all images."""
    cleared = {"name": "", "score": (0.0, 1.0), "height": (HEIGHTS[0], HEIGHTS[-1])}
    chosen = ("source", "split", "status", "faces", "licence")
    st.session_state.update(cleared | {"commercial": False} | dict.fromkeys(chosen))
    from_the_start()


def _choice(label: str, options: list[str], counts: Mapping[str, int]) -> str | None:
    return st.selectbox(
        label,
        options,
        index=None,
        key=label.lower(),
        placeholder="any",
        format_func=lambda name: f"{name} ({number(counts[name])})",
        bind="query-params",
        on_change=from_the_start,
    )


def _face_choices() -> tuple[str | None, tuple[float, float], tuple[int, int]]:
    faces = st.selectbox(
        "Images",
        list(FACES),
        index=None,
        key="faces",
        placeholder="with or without faces",
        bind="query-params",
        on_change=from_the_start,
    )
    scores = st.slider(
        "Some face has a score of",
        0.0,
        1.0,
        (0.0, 1.0),
        0.05,
        key="score",
        bind="query-params",
        on_change=from_the_start,
        help="Faces that people drew or imported count as 1.",
    )
    heights = st.select_slider(
        "and a height of",
        HEIGHTS,
        (HEIGHTS[0], HEIGHTS[-1]),
        format_func=_height,
        key="height",
        bind="query-params",
        on_change=from_the_start,
    )
    return faces, scores, heights


def _licence_choices(counts: Mapping[str, int]) -> tuple[str | None, bool]:
    licence = _choice("Licence", list(counts), counts)
    commercial = st.toggle(
        "Commercial use allowed",
        key="commercial",
        bind="query-params",
        on_change=from_the_start,
        help="Only images whose licence is known to allow it; most of the web states none.",
    )
    return licence, commercial


def _height(pixels: int) -> str:
    # The slider finds its values again by these words, so no two may be the same.
    return "any more" if pixels == HEIGHTS[-1] else f"{pixels} px"
