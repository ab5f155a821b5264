"""Collect: bring images in, watch them come, see what was refused, detect faces on them."""

import streamlit as st

from curator.app import job_cards, opened
from curator.app.arrivals import arrivals
from curator.app.collect_form import collect_form
from curator.app.detect_form import detect_form
from curator.app.refusals import refusals

TASKS = ("collect", "detect")

dataset = opened.dataset()
st.title("Collect", anchor=False)
job_cards.watch(dataset, TASKS, more=lambda job: arrivals(dataset, job))
job_cards.latest(dataset, TASKS)

collecting, detecting = st.columns(2, gap="medium")
with collecting, st.container(border=True):
    st.subheader("Bring images in", anchor=False)
    collect_form(dataset)
with detecting, st.container(border=True):
    st.subheader("Detect faces", anchor=False)
    detect_form(dataset)

refusals(dataset)
job_cards.past(dataset, TASKS, key="past-jobs")
