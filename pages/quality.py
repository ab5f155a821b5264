"""Quality: what the measures say, where to draw the line, copies, and what a source is worth."""

import streamlit as st

from curator.app import job_cards, navigation, opened, sentences
from curator.app.quality_attributes import proposals
from curator.app.quality_copies import copies
from curator.app.quality_form import measure_row
from curator.app.quality_pairs import two_measures
from curator.app.quality_sheets import by_verdict, sources, worst_and_best
from curator.app.quality_state import counts_of, judgement_of, rules_form, table_of
from curator.app.quality_thresholds import thresholds
from curator.app.quality_verdicts import ask_button, verdicts

TASKS = ("measure", "duplicates")
PARTS = ("Thresholds", "Verdicts", "Two measures", "Ends", "Sources", "Copies", "Attributes")

dataset = opened.dataset()
total, measured = counts_of(dataset)
st.title("Quality", anchor=False)
if total == 0:
    with sentences.nothing_yet(
        "Nothing to judge yet", "Quality is measured of faces: detect some."
    ):
        navigation.lead_to("collect", "Detect faces")
    st.stop()

job_cards.watch(dataset, TASKS)
job_cards.latest(dataset, TASKS)
measure_row(dataset, total, measured)
if measured == 0:
    st.caption("Measuring takes a few milliseconds a face; it can be stopped and gone on with.")
    st.stop()

table = table_of(dataset)
left, right = st.columns([2, 3], gap="medium")
with left:
    rules = rules_form()
judgement = judgement_of(dataset, table, rules)
with right:
    verdicts(table, judgement)
    ask_button(dataset, table, judgement)

# One part at a time: a threshold that is moved need not draw all the others.
part = st.segmented_control(
    "What is shown", PARTS, default=PARTS[0], required=True, key="part", bind="query-params",
    label_visibility="collapsed",
)  # fmt: skip
if part == "Thresholds":
    thresholds(dataset, table, rules, judgement)
elif part == "Verdicts":
    by_verdict(dataset, table, judgement)
elif part == "Two measures":
    two_measures(dataset, table)
elif part == "Ends":
    worst_and_best(dataset, table)
elif part == "Sources":
    sources(table, judgement)
elif part == "Copies":
    copies(dataset)
else:
    proposals(dataset, table)
