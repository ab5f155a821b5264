"""What next: the worst slices of a judged run, each with what would help."""

from __future__ import annotations

import streamlit as st

from curator.app import collect_form, navigation, sentences
from curator.app.text import escape, of_many
from curator.evaluate.slices import LEAST_FACES, PERSON, SOURCE, Slice
from curator.pipeline.what_next import Suggestion, relabel_slice, suggestions
from curator.records import Reason, Run
from curator.store.dataset import Dataset

# Of the search engines the one whose own filter for faces is known to work.
_SEARCH = "bing"


def advice(dataset: Dataset, run: Run) -> None:
    """Draw a row a slice, with its buttons."""
    told = suggestions(run)
    if not told:
        missed = any(one["missed"] for one in run.metrics["slices"])
        few = f"Faces were missed, but no part of them has {LEAST_FACES} or more: judge on more."
        st.caption(few if missed else "No face was missed: judge on other photos.")
        return
    st.caption("Where recall is worst, and how many such faces there were to learn from.")
    for place, one in enumerate(told):
        _row(dataset, run, one, place)


def _row(dataset: Dataset, run: Run, one: Suggestion, place: int) -> None:
    part = one.slice
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        said = escape(f"{part.group}: {part.name}")
        st.markdown(
            f"**{said}** — recall {part.recall:.2f}, {part.missed} of "
            f"{of_many(part.faces, 'face')} missed, {part.trained} in training",
            width="stretch",
        )
        # Where there is no room beside the words, both go below them.
        with st.container(horizontal=True, width="content"):
            if st.button("Look at the missed ones again", key=f"relabel-{place}"):
                with sentences.told():
                    relabel_slice(dataset, run, part.group, part.name)
                    st.switch_page(navigation.page("label"), query_params=_queue_of(part))
            words = f"Collect more: {one.query}" if one.query else "Collect more"
            if st.button(words, key=f"collect-{place}"):
                collect_form.fill_in(_SEARCH if one.query else part.name, one.query)
                st.switch_page(navigation.page("collect"))


def _queue_of(part: Slice) -> dict[str, str]:
    """The choices of the Label page that show what reviews ask about, narrowed where it can be."""
    narrower = {PERSON: "identity", SOURCE: "source"}
    asked = {"reason": str(Reason.REVIEW)}
    return asked | {narrower[part.group]: part.name} if part.group in narrower else asked
