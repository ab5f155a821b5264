"""Overview: the dataset in numbers, and what to do next."""

import streamlit as st

from curator.app import job_cards, next_steps, opened, tallies
from curator.app.newest_images import newest_images
from curator.app.text import escape
from curator.pipeline.overview import overview

TASKS = ("collect", "detect", "prepare", "release", "export")

dataset = opened.dataset()
found = overview(dataset)
st.title(escape(dataset.folder.name), anchor=False)
st.caption(escape(str(dataset.folder)))
next_steps.show(found)
job_cards.watch(dataset, TASKS)
if found.images:
    st.subheader("Newest images", anchor=False)
    newest_images(dataset, key="newest")
    tallies.show(found)
job_cards.past(dataset, TASKS, key="past-jobs")
