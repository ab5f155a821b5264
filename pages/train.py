"""Train: a release becomes weights; watch them learn, compare runs."""

import streamlit as st

from curator.app import job_cards, navigation, opened, sentences, training_curves
from curator.app.train_form import train_form
from curator.app.training_runs import training_runs
from curator.store import releases, runs

dataset = opened.dataset()
st.title("Train", anchor=False)
with dataset.read() as connection:
    every = releases.every(connection)
if not every:
    with sentences.nothing_yet(
        "Nothing to learn from yet",
        "A model learns from the split train of a release. Make one first.",
    ):
        navigation.lead_to("release", "Make a release")
    st.stop()

job_cards.watch(dataset, ("train",), more=lambda job: training_curves.of_job(dataset, job))
job_cards.latest(dataset, ("train",))
# After the jobs, which settle what a killed one left.
with dataset.read() as connection:
    trained = runs.every(connection, kind="train")
with st.expander("Train a model", expanded=not trained):
    train_form(dataset, every)
if trained:
    st.subheader("Runs", anchor=False)
    chosen = training_runs(trained)
    if len(chosen) == 1:
        training_curves.of_run(dataset, chosen[0].name)
    elif chosen:
        training_curves.side_by_side(dataset, [run.name for run in chosen])
    navigation.lead_to("evaluate", "Evaluate a model")
job_cards.past(dataset, ("train",), key="past-jobs")
