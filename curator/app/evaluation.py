"""One judged run: figures, curves, slices, mistakes as pictures, and what to do next."""

from __future__ import annotations

import streamlit as st

from curator.app import navigation, sentences
from curator.app.bars import bars
from curator.app.facts import facts
from curator.app.match_pictures import match_url
from curator.app.text import escape_html, of_many
from curator.evaluate.confusion import Confusion
from curator.evaluate.slices import SIZE, SIZES
from curator.pipeline import mistakes
from curator.pipeline import report as reports
from curator.pipeline.what_next import relabel
from curator.records import Run
from curator.store.dataset import Dataset

_PICTURES = 24
# Below it the bar would read 0.
_LEAST_GAIN = 0.0005


def figures(run: Run) -> None:
    """The numbers, and the curves they come from."""
    with st.container(key="figures-and-curves"):
        about, drawn = st.columns([2, 3], gap="medium")
    with about:
        facts(reports.facts(run))
    with drawn:
        curves = reports.curves(run.metrics)
        if curves:
            st.html(f'<div class="charts">{"".join(curves)}</div>')
        else:
            st.caption("Nothing was found, so there is no curve.")
    rows = reports.point_rows(run.metrics)
    if rows:
        st.markdown("**What finding faces costs the points**")
        st.dataframe(
            [
                dict(zip(reports.POINT_HEADER, (name, *map(_in_words, both)), strict=True))
                for name, *both in rows
            ],
            hide_index=True,
        )


def _in_words(value: object) -> str:
    """Counts and shares share a column, so both are text."""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def slices(run: Run) -> None:
    """Recall by part of the faces, group by group."""
    every = run.metrics["slices"]
    groups = list(dict.fromkeys(one["group"] for one in every))
    for place, group in zip(st.columns(2) * len(groups), groups, strict=False):
        told = [one for one in every if one["group"] == group][:20]
        if group == SIZE:
            told.sort(key=lambda one: SIZES.get(one["name"], 0))
        with place:
            st.markdown(f"**Recall by {group}**")
            bars(
                {one["name"]: round(one["recall"], 3) for one in told},
                {
                    one["name"]: f"{of_many(one['faces'], 'face')}, {one['missed']} missed, "
                    f"{one['trained']} in training"
                    for one in told
                },
                most=1,
            )


def pictures(dataset: Dataset, run: Run) -> None:
    """The worst mistakes of one kind, and a way to send them to the queue."""
    counts = run.metrics["mistakes"]
    left, right = st.columns(2, gap="medium")
    if counts:
        with left:
            st.markdown("**How often, at the working point**")
            bars(reports.mistake_counts(run.metrics))
    gains = reports.gains(run.metrics)
    worth = {kind: round(value, 3) for kind, value in gains.items() if value >= _LEAST_GAIN}
    if worth:
        with right:
            st.markdown("**AP at IoU 0.5 to gain without them**")
            bars(worth)
    with_points = ["points"] if run.metrics["points"] else []
    kinds = [kind for kind in mistakes.KINDS if kind in counts] + with_points
    if not kinds:
        st.caption("At the working point no mistake was made.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox(
            "Mistakes",
            kinds,
            format_func=lambda one: (
                mistakes.KINDS[one] + (f" ({counts[one]})" if one in counts else "")
            ),
            key="mistakes",
        )
        ask = st.button("Put these into the queue")
        navigation.queue_link()
    shown = mistakes.worst(dataset, run.id, kind, _PICTURES)
    if ask:
        with sentences.told():
            new = relabel(dataset, run, shown, f"{mistakes.KINDS[kind].lower()} by {run.method}")
            st.toast(f"{of_many(new, 'new task')} in the queue")
    figures_ = "".join(
        f'<a href="browse?image={one.image_id}" target="_self"><figure>'
        f'<img src="{match_url(run, one)}" alt="" loading="lazy">'
        f"<figcaption>{escape_html(reports.caption(one, kind))}</figcaption></figure></a>"
        for one in shown
    )
    st.html(f'<div class="pictures">{figures_}</div>')
    st.caption("Orange: what was found. Green: a face that was not.")


def confusion(run: Run) -> None:
    """Who was taken for whom."""
    table = Confusion(**run.metrics["confusion"])
    rows = {"": list(table.rows)}
    columns = {
        name: [counts[place] for counts in table.counts] for place, name in enumerate(table.columns)
    }
    st.dataframe(rows | columns, hide_index=True)
    pairs = table.pairs()[:12]
    if pairs:
        st.markdown("**Most often**")
        bars({f"{true} taken for {said}": count for true, said, count in pairs})
