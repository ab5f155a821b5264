"""Jobs on a page: the living ones as cards that move by themselves, the others as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from curator.app import job_words, sentences, session
from curator.app.job_log import log_tail
from curator.app.text import escape, when
from curator.jobs import start as jobs
from curator.records import Job, Role, RunStatus
from curator.store.dataset import Dataset

SECONDS = 2
_SHOWN = 50
_LOG_LINES = 200


def begin(dataset: Dataset, task: str, params: Mapping[str, Any]) -> None:
    """Start a job and draw the page anew with it; where it cannot start, say why instead."""
    with sentences.told():
        jobs.start(dataset, task, params)
        st.rerun()


def recent(dataset: Dataset, tasks: Sequence[str]) -> list[Job]:
    """The jobs of these kinds, the newest first."""
    found = [job for task in tasks for job in jobs.recent(dataset, task=task, limit=_SHOWN)]
    return sorted(found, key=lambda job: -job.id)[:_SHOWN]


def watch(
    dataset: Dataset, tasks: Sequence[str], more: Callable[[Job], None] | None = None
) -> None:
    """Draw a card for every living job of these kinds, and draw it again while it lives.

    Args:
        dataset: Whose jobs.
        tasks: The kinds to show.
        more: Draws further down on the card of a job.
    """
    living = [job.id for job in recent(dataset, tasks) if job_words.is_live(job)]

    def cards() -> None:
        with sentences.told():
            now = [job for job in recent(dataset, tasks) if job_words.is_live(job)]
            if [job.id for job in now] != living:
                # Something is over: the rest of the page shows what came of it.
                st.rerun()
            for job in now:
                _card(dataset, job, more)

    if living:
        st.fragment(cards, run_every=SECONDS)()


def latest(dataset: Dataset, tasks: Sequence[str]) -> None:
    """Say how the newest job of these kinds ended, as long as none lives."""
    found = recent(dataset, tasks)
    if not found or any(job_words.is_live(job) for job in found):
        return
    job = found[0]
    said = escape(f"{job_words.title(job)}: {job_words.outcome(job).rstrip('.')}.")
    if job.status is RunStatus.DONE:
        st.success(said, icon=":material/check:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if job.status is RunStatus.CANCELLED:
            st.info(said, icon=":material/pause:")
        else:
            st.error(said, icon=":material/error:")
        _again_button(dataset, job, key=f"latest-{job.id}")


def past(dataset: Dataset, tasks: Sequence[str], *, key: str) -> None:
    """A table of the jobs that are over; one of them can be looked into and started again."""
    over = [job for job in recent(dataset, tasks) if not job_words.is_live(job)]
    if not over:
        return
    st.subheader("Past jobs", anchor=False)
    columns = {
        "started": [when(job.created_at) for job in over],
        "job": [job_words.title(job) for job in over],
        "status": [str(job.status) for job in over],
        "outcome": [job_words.outcome(job) for job in over],
        "took": [job_words.took(job) for job in over],
    }
    table = st.dataframe(
        columns, hide_index=True, on_select="rerun", selection_mode="single-row-required", key=key
    )
    chosen: Sequence[int] = table["selection"]["rows"]
    _detail(dataset, over[chosen[0] if chosen and chosen[0] < len(over) else 0])


def _card(dataset: Dataset, job: Job, more: Callable[[Job], None] | None) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escape(job_words.title(job))}**", width="stretch")
            if session.current().role.may(Role.OWNER):
                # A crawl goes on where it was: the button says so.
                word = "Pause" if job.task == "collect" else "Cancel"
                st.button(word, key=f"cancel-{job.id}", on_click=_cancel, args=(dataset, job.id))
        said = escape(f"{job.message} · {job_words.took(job)}")
        if job.progress is None:
            # A bar would promise an end that is not known.
            st.write(said)
        else:
            st.progress(job.progress, text=said)
        if more is not None:
            more(job)


def _detail(dataset: Dataset, job: Job) -> None:
    with st.expander(escape(f"Job {job.id}: {job_words.title(job)}")):
        _again_button(dataset, job, key=f"again-{job.id}")
        lines = log_tail(dataset, job.id)
        if not lines:
            st.caption("Its log is gone.")
            return
        st.code("\n".join(lines[-_LOG_LINES:]), language=None, height=240)


def _again_button(dataset: Dataset, job: Job, *, key: str) -> None:
    label = "Run again" if job.status is RunStatus.DONE else "Go on"
    if session.current().role.may(Role.OWNER):
        st.button(label, key=key, on_click=_again, args=(dataset, job.id))


def _cancel(dataset: Dataset, job_id: int) -> None:
    with sentences.told():
        session.need(Role.OWNER)
        jobs.cancel(dataset, job_id)


def _again(dataset: Dataset, job_id: int) -> None:
    with sentences.told():
        session.need(Role.OWNER)
        jobs.again(dataset, job_id)
