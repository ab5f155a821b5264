"""Browse's grid: one page of the images that were asked for."""

from __future__ import annotations

import streamlit as st

from curator.app import sentences
from curator.app.gallery import gallery, legend
from curator.app.image_filters import IMAGE, PAGE, clear
from curator.app.text import number, of_many
from curator.store import faces, images
from curator.store.dataset import Dataset
from curator.store.images import ImageFilter

ON_A_PAGE = 48
_BELOW = "page-below"
_LAST = "last-image"


def show(dataset: Dataset, wanted: ImageFilter) -> None:
    """Draw a page of it, and the way to the others."""
    with dataset.read() as connection:
        total = images.count(connection, wanted)
        all_of_them = images.count(connection, ImageFilter())
    if total == 0:
        with sentences.nothing_yet("No image is like that", "Other filters find more."):
            st.button("Clear the filters", type="primary", on_click=clear)
        return
    pages = -(-total // ON_A_PAGE)
    if st.session_state.get(PAGE, 1) > pages:
        st.session_state[PAGE] = pages
    with st.container(horizontal=True, vertical_alignment="center"):
        place = st.container(width="stretch")
        drawn = st.toggle("Draw faces", True, key="drawn", bind="query-params")
        if pages > 1:
            st.pagination(pages, key=PAGE, bind="query-params")
    page = st.session_state.get(PAGE, 1) if pages > 1 else 1
    first = (page - 1) * ON_A_PAGE
    with dataset.read() as connection:
        found = images.find(connection, wanted, limit=ON_A_PAGE, offset=first)
        current = faces.current(connection, [image.id for image in found])
    here = f"{number(first + 1)} to {number(first + len(found))} of " if pages > 1 else ""
    with place:
        rest = f" ({number(all_of_them)} in all)" if total < all_of_them else ""
        legend(f"{here}{of_many(total, 'image')}{rest}")
    gallery(
        [(image, current[image.id]) for image in found],
        key="grid",
        drawn=drawn,
        focus=st.session_state.pop(_LAST, None),
        on_pick=open_image,
    )
    if pages > 1:
        st.session_state[_BELOW] = page
        st.pagination(pages, key=_BELOW, on_change=_turned_below)


def open_image(image_id: int) -> None:
    """Show this image large when the page runs next."""
    st.query_params[IMAGE] = str(image_id)


def close_image(image_id: int) -> None:
    """Go back to the grid, with the keyboard at this image."""
    st.query_params.pop(IMAGE, None)
    st.session_state[_LAST] = image_id


def _turned_below() -> None:
    st.session_state[PAGE] = st.session_state[_BELOW]
