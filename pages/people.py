"""People: who labelled what, how fast, how far they agree, and what waits for a decision."""

import streamlit as st

from curator.app import navigation, opened, people, sentences, session
from curator.pipeline.agreement import agreement
from curator.pipeline.pace import progress_of

dataset = opened.dataset()
st.title("People", anchor=False)
found = progress_of(dataset, session.current())
if not found.by_user:
    with sentences.nothing_yet(
        "Nobody has labelled anything yet",
        "Whoever labels images appears here, with their pace and how far they agree with others.",
    ):
        navigation.lead_to("label", "Label images")
    st.stop()

agreed = agreement(dataset)
people.decisions(agreed)
people.table(found, agreed)
waiting, attributes = st.columns(2, gap="medium")
with waiting:
    people.waiting(found)
with attributes:
    people.attributes(agreed)
