"""Release: freeze what is there, see what is in it, compare, export, take away."""

import streamlit as st

from curator.app import job_cards, navigation, opened, sentences
from curator.app.exports import exports
from curator.app.release_compare import release_compare
from curator.app.release_form import release_form
from curator.app.release_list import release_list
from curator.app.release_report import release_report
from curator.store import images, releases
from curator.store.images import ImageFilter

dataset = opened.dataset()
st.title("Release", anchor=False)
with dataset.read() as connection:
    every = releases.every(connection)
    known = images.count(connection, ImageFilter(annotated=True))
if not every and not known:
    with sentences.nothing_yet(
        "Nothing to release yet",
        "A release freezes images with their faces. Collect images and detect faces first.",
    ):
        navigation.lead_to("collect", "Collect images")
    st.stop()

job_cards.watch(dataset, ("release",))
job_cards.latest(dataset, ("release",))
with st.expander("Make a release", expanded=not every):
    release_form(dataset)
if every:
    chosen = release_list(every)
    content, out, compared = st.tabs(["Content", "Export", "Compare"], key="part")
    with content:
        release_report(chosen)
    with out:
        exports(dataset, chosen)
    with compared:
        release_compare(dataset, chosen, every)
