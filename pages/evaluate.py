"""Evaluate: how good a model is, where it is wrong, and what would help."""

import streamlit as st

from curator.app import evaluation, job_cards, navigation, opened, sentences
from curator.app.advice import advice
from curator.app.evaluate_form import evaluate_form
from curator.app.model_table import model_table
from curator.pipeline.report import html_of
from curator.store import releases, runs

dataset = opened.dataset()
st.title("Evaluate", anchor=False)
with dataset.read() as connection:
    every = releases.every(connection)
    judged = [run for run in runs.every(connection, kind="evaluate") if run.metrics]
if not every:
    with sentences.nothing_yet(
        "Nothing to judge on yet",
        "A model is judged on a split of a release. Make one first.",
    ):
        navigation.lead_to("release", "Make a release")
    st.stop()

job_cards.watch(dataset, ("evaluate",))
job_cards.latest(dataset, ("evaluate",))
with st.expander("Judge a model", expanded=not judged):
    evaluate_form(dataset, every)
if judged:
    run = model_table(judged)
    names = ["Figures", "Mistakes", "Slices", "What next"]
    told = st.tabs([*names, "People"] if run.metrics["confusion"] else names, key="part")
    with told[0]:
        evaluation.figures(run)
        st.download_button(
            "Download the report", lambda: html_of(dataset, run), f"{run.name}.html", "text/html"
        )
    with told[1]:
        evaluation.pictures(dataset, run)
    with told[2]:
        evaluation.slices(run)
    with told[3]:
        advice(dataset, run)
    if run.metrics["confusion"]:
        with told[4]:
            evaluation.confusion(run)
