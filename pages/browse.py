"""Browse: all images as a grid, one of them large."""

import streamlit as st

from curator.app import image_grid, navigation, one_image, opened, sentences
from curator.app.image_filters import IMAGE, image_filters
from curator.store import images
from curator.store.images import ImageFilter

dataset = opened.dataset()
with dataset.read() as connection:
    total = images.count(connection, ImageFilter())
if total == 0:
    with sentences.nothing_yet("No images yet", "Collect some first; they appear here at once."):
        navigation.lead_to("collect", "Collect images")
    st.stop()

chosen = st.query_params.get(IMAGE, "")
if chosen.isdecimal():
    line = st.container(horizontal=True, vertical_alignment="center")
    ways = line.container(horizontal=True)
    wanted = image_filters(dataset, [line.popover("Filters")] * 6)
    one_image.show(dataset, int(chosen), wanted, ways)
else:
    *row, faces, licence = st.columns([3, 2, 2, 2, 1.3, 1.4], vertical_alignment="bottom")
    faces, licence = (
        place.popover(name, width="stretch")
        for place, name in ((faces, "Faces"), (licence, "Licence"))
    )
    wanted = image_filters(dataset, [*row, faces, licence])
    image_grid.show(dataset, wanted)
