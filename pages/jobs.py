"""Jobs: everything that runs, live; what ran, with its log; start it again."""

import streamlit as st

from curator.app import job_cards, navigation, opened, sentences
from curator.app.job_watch import watched
from curator.jobs.tasks import TASKS

dataset = opened.dataset()
st.title("Jobs", anchor=False)
if not job_cards.recent(dataset, tuple(TASKS)):
    with sentences.nothing_yet(
        "Nothing has run yet",
        "Collecting, detecting, training and all else that takes time runs here, in processes of "
        "their own: closing the browser or the app does not stop them.",
    ):
        navigation.lead_to("collect", "Collect images")
    st.stop()

job_cards.watch(dataset, tuple(TASKS), more=lambda job: watched(dataset, job))
job_cards.past(dataset, tuple(TASKS), key="past-jobs")
