"""Review: look at the mistakes in FiftyOne, tag them, bring the tags back."""

import streamlit as st

from curator.app import job_cards, navigation, opened, sentences
from curator.app.review_board import review_board
from curator.environments import REVIEW
from curator.review.process import is_here
from curator.store import runs

TASKS = ("review", "pull")

dataset = opened.dataset()
st.title("Review", anchor=False)
with dataset.read() as connection:
    judged = [run for run in runs.every(connection, kind="evaluate") if run.metrics]
if not is_here():
    with sentences.nothing_yet(
        "FiftyOne is not installed",
        f"It needs an environment of its own ({REVIEW.about}). Make it with:",
    ):
        st.code(REVIEW.setup, language=None)
    st.stop()
if not judged:
    with sentences.nothing_yet(
        "Nothing to review yet", "A review shows what a judged model got wrong. Judge one first."
    ):
        navigation.lead_to("evaluate", "Evaluate a model")
    st.stop()

job_cards.watch(dataset, TASKS)
job_cards.latest(dataset, ("pull",))
review_board(dataset, judged)
job_cards.past(dataset, TASKS, key="past-jobs")
