"""The People page in parts: each person's pace, agreement between people, what waits and why."""

from __future__ import annotations

import streamlit as st

from curator.app import navigation
from curator.app.bars import bars
from curator.app.canvas import REASONS
from curator.app.text import of_many
from curator.pipeline.agreement import Agreement, AgreementReport
from curator.pipeline.pace import Pace, ProgressReport
from curator.records.labelling import Reason


def decisions(agreed: AgreementReport) -> None:
    """What a reviewer has to decide, and the way there."""
    if agreed.undecided == 0:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"People disagree about **{of_many(agreed.undecided, 'image')}**.")
        if st.button("Decide", type="primary"):
            page = navigation.page("label")
            st.switch_page(page, query_params={"reason": Reason.CONFLICT})


def table(found: ProgressReport, agreed: AgreementReport) -> None:
    """A line a person; the last columns are about images that two were asked about."""
    by_user = {one.user: one for one in agreed.by_user}
    st.caption(f"{of_many(found.done, 'image')} labelled, {of_many(found.left, 'image')} left")
    rows = [_line(pace, by_user.get(pace.user)) for pace in found.by_user]
    st.dataframe(rows, hide_index=True, column_config=_COLUMNS)


def waiting(found: ProgressReport) -> None:
    """How much waits for each reason."""
    st.subheader("Waiting", anchor=False)
    if not found.waiting:
        st.caption("Nothing is in the queue but what nobody has labelled yet.")
    bars({REASONS.get(reason, reason): count for reason, count in found.waiting.items()})


def attributes(agreed: AgreementReport) -> None:
    """How far people agree about each attribute, beyond chance."""
    st.subheader("Agreement by attribute", anchor=False)
    known = {
        name.replace("_", "-"): kappa
        for name, kappa in agreed.everybody.kappa.items()
        if kappa is not None
    }
    if not known:
        st.caption("Known once two people have labelled the same faces.")
        return
    st.caption("Cohen's kappa over all pairs of answers: 1 is full agreement, 0 is chance.")
    bars({name: max(round(kappa, 2), 0) for name, kappa in known.items()}, most=1)


_COLUMNS = {
    "seconds a face": st.column_config.NumberColumn(format="%.1f", help="Median of late"),
    "actions a face": st.column_config.NumberColumn(format="%.1f", help="Keys and clicks"),
    "same faces": st.column_config.NumberColumn(
        format="percent", help="Of the faces that either has, the part that both have"
    ),
    "IoU": st.column_config.NumberColumn(format="%.2f", help="Mean overlap of the boxes"),
    "point NME": st.column_config.NumberColumn(
        format="percent", help="Mean distance of the points, by the distance of the eyes"
    ),
}


def _line(pace: Pace, agreed: Agreement | None) -> dict[str, str | float | None]:
    return {
        "person": pace.user,
        "images": pace.images,
        "faces": pace.faces,
        "seconds a face": pace.seconds_per_face,
        "actions a face": pace.actions_per_face,
        "asked twice": agreed.images if agreed else 0,
        "same faces": agreed.face_agreement if agreed else None,
        "IoU": agreed.iou if agreed else None,
        "point NME": agreed.nme if agreed else None,
        "conflicts": agreed.conflicts if agreed else 0,
    }
