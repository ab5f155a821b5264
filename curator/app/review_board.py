"""FiftyOne on the Review page: started for one run, shown in a frame, its tags taken over."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import streamlit as st

from curator.app import job_cards, job_words, session
from curator.app.text import escape
from curator.records import Run
from curator.review.serving import is_open
from curator.store.dataset import Dataset

_FIRST_PORT, _PORTS = 5151, 40
_HEIGHT = 860


def review_board(dataset: Dataset, judged: Sequence[Run]) -> None:
    """Draw it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        run = st.selectbox(
            "Run",
            judged,
            format_func=lambda each: f"{each.name} — {each.method} on {each.params['release']}",
            key="reviewed",
        )
        start = st.button("Show it in FiftyOne", type="primary")
        take = st.button("Take over the tags")
    st.caption(
        "Tag samples or labels there with relabel, drop, ignore or wrong-person. Taken over, they "
        "become tasks in the queue, verdicts or faces marked invalid, once each."
    )
    if start:
        job_cards.begin(dataset, "review", {"run": run.name, "port": _free_port()})
    if take:
        job_cards.begin(dataset, "pull", {"run": run.name, "user": session.current().name})
    _frame(dataset)


def _frame(dataset: Dataset) -> None:
    """What is being shown; the job's own card draws the page again once it changes."""
    living = [job for job in job_cards.recent(dataset, ("review",)) if job_words.is_live(job)]
    if not living:
        return
    job = living[0]
    port = int(job.params["port"])
    if not is_open(port):
        st.info("FiftyOne is starting; the first time takes a while.")
        st.fragment(_waiting, run_every=2)(port)
        return
    # Only under the same name as this page does the browser hand it its own storage.
    host = urlsplit(str(st.context.url or "")).hostname or "127.0.0.1"
    address = f"http://{host}:{port}"
    st.link_button("Open in a tab", address, icon=":material/open_in_new:")
    st.iframe(address, height=_HEIGHT)
    st.caption(escape(f"FiftyOne listens at 127.0.0.1:{port} only. Cancel its job to stop it."))


def _waiting(port: int) -> None:
    if is_open(port):
        st.rerun()


def _free_port() -> int:
    ports = range(_FIRST_PORT, _FIRST_PORT + _PORTS)
    return next((port for port in ports if not is_open(port)), _FIRST_PORT)
