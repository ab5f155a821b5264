"""Groups of copies and of similar images side by side, and what people decide about them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from curator.app import navigation, session
from curator.app.gallery import gallery
from curator.app.text import escape, of_many
from curator.duplicates import Group
from curator.pipeline.duplicates import all_groups, keep_best, tell_apart
from curator.records import CopyKind
from curator.store import faces, images
from curator.store.dataset import Dataset

_PICKED = "copies-picked"
_ON_A_PAGE = 8
_MEMBERS = 8


def copies(dataset: Dataset) -> None:
    """Draw the groups, the largest first."""
    found = [
        *all_groups(dataset, [CopyKind.COPY]),
        *(g for g in all_groups(dataset, [CopyKind.COPY, CopyKind.SIMILAR]) if g.kind != "copy"),
    ]
    if not found:
        st.caption("No copies are known. Look for them with the button above.")
        return
    alike = sum(group.kind is CopyKind.COPY for group in found)
    st.caption(
        f"{of_many(alike, 'group')} of copies, {of_many(len(found) - alike, 'group')} with images "
        "that are only similar. No split separates a group."
    )
    pages = -(-len(found) // _ON_A_PAGE)
    page = st.pagination(pages, key="copies-page") if pages > 1 else 1
    if (chosen := st.session_state.pop(_PICKED, None)) is not None:
        st.switch_page(navigation.page("browse"), query_params={"image": str(chosen)})
    for group in found[(page - 1) * _ON_A_PAGE : page * _ON_A_PAGE]:
        _group(dataset, group)


def _group(dataset: Dataset, group: Group) -> None:
    shown = group.images[:_MEMBERS]
    with dataset.read() as connection:
        records = images.many(connection, shown)
        current = faces.current(connection, shown)
    key = f"{group.kind}-{min(group.images)}-{len(group.images)}"
    with st.container(border=True):
        best = escape(records[group.images[0]].name)
        kind = "Copies" if group.kind is CopyKind.COPY else "Similar"
        more = len(group.images) - len(shown)
        st.markdown(
            f"**{kind}**, {of_many(len(group.images), 'image')}; the best is {best}"
            + (f" ({more} more not shown)" if more > 0 else "")
        )
        gallery(
            [(records[i], current[i]) for i in shown],
            key=f"copies-{key}",
            height=150,
            drawn=False,
            on_pick=_look_at,
        )
        with st.container(horizontal=True):
            user = session.current().name
            if group.kind is CopyKind.COPY:
                st.button(
                    "Keep the best only",
                    key=f"best-{key}",
                    type="primary",
                    on_click=keep_best,
                    args=(dataset, group, user),
                )
            for label, said in (
                ("They are copies", CopyKind.COPY),
                ("Only similar", CopyKind.SIMILAR),
                ("Different", CopyKind.DIFFERENT),
            ):
                if said is not group.kind:
                    st.button(
                        label,
                        key=f"{said}-{key}",
                        on_click=_tell,
                        args=(dataset, group.images, said, user),
                    )


def _tell(dataset: Dataset, image_ids: Sequence[int], kind: CopyKind, user: str) -> None:
    tell_apart(dataset, image_ids, kind, user)


def _look_at(image_id: int) -> None:
    st.session_state[_PICKED] = image_id
