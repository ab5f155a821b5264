"""Collect: bring images in, watch them come, see what was refused, detect faces on them."""

import streamlit as st

from curator.app import job_cards, opened
from curator.app.after_collect import after_collect
from curator.app.arrivals import arrivals
from curator.app.camera import camera
from curator.app.collect_form import collect_form
from curator.app.detect_form import detect_form
from curator.app.refusals import refusals
from curator.app.yields import yields

TASKS = ("collect", "detect", "prepare")

dataset = opened.dataset()
st.title("Collect", anchor=False)
job_cards.watch(dataset, TASKS, more=lambda job: arrivals(dataset, job))
job_cards.latest(dataset, TASKS)
after_collect(dataset)

collecting, detecting = st.columns(2, gap="medium")
with collecting, st.container(border=True):
    st.subheader("Bring images in", anchor=False)
    collect_form(dataset)
    camera(dataset)
with detecting, st.container(border=True):
    st.subheader("Detect faces", anchor=False)
    detect_form(dataset)

yields(dataset)
refusals(dataset)
job_cards.past(dataset, TASKS, key="past-jobs")
