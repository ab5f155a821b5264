"""The images that came last, as a strip that leads to Browse."""

from __future__ import annotations

import streamlit as st

from curator.app import navigation
from curator.app.gallery import gallery
from curator.app.image_filters import IMAGE
from curator.store import faces, images
from curator.store.dataset import Dataset

_PICKED = "newest-picked"


def newest_images(dataset: Dataset, *, key: str, most: int = 8) -> None:
    """Draw them; the one that is picked opens large."""
    picked = st.session_state.pop(_PICKED, None)
    if picked is not None:
        st.switch_page(navigation.page("browse"), query_params={IMAGE: str(picked)})
    with dataset.read() as connection:
        found = images.newest(connection, limit=most)
        current = faces.current(connection, [image.id for image in found])
    gallery(
        [(image, current[image.id]) for image in found],
        key=key,
        height=110,
        one_row=True,
        on_pick=lambda image_id: st.session_state.update({_PICKED: image_id}),
    )
