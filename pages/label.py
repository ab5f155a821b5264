"""Label: images one after the other, or pages of faces, put right by hand."""

import streamlit as st

from curator.app import navigation, opened, sentences, session
from curator.app.canvas import canvas
from curator.app.label_filters import label_filters
from curator.store import images
from curator.store.images import ImageFilter

# The word on the button, which also stands in the address -> what the editor calls it.
MODES = {"Images": "image", "Faces": "grid"}

dataset = opened.dataset()
with dataset.read() as connection:
    total = images.count(connection, ImageFilter())
    known = images.count(connection, ImageFilter(annotated=True))
if total == 0:
    with sentences.nothing_yet("Nothing to label yet", "Collect images first."):
        navigation.lead_to("collect", "Collect images")
    st.stop()

with st.container(horizontal=True, vertical_alignment="center", key="label-row"):
    view = st.segmented_control(
        "What is shown",
        list(MODES),
        default=next(iter(MODES)),
        label_visibility="collapsed",
        required=True,
        key="view",
        bind="query-params",
    )
    filters = label_filters(dataset)
    if known == 0:
        st.caption("No faces are detected yet; labelling goes faster with proposals.")
        navigation.lead_to("collect", "Detect faces")
canvas(dataset, user=session.current().name, mode=MODES[view], filters=filters, key="canvas")
