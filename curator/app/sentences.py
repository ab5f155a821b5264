"""Errors as sentences: what a visitor sees when something does not work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from curator.app.text import escape
from curator.errors import CuratorError


@contextmanager
def told() -> Iterator[None]:
    """Show an error of ours as its sentence; everything else is a bug and goes on.

    Around each page, and around each fragment, which Streamlit runs without its page.
    """
    try:
        yield
    except CuratorError as error:
        tell(error)


def tell(error: CuratorError) -> None:
    """One sentence, beginning with a capital and ending with a full stop."""
    sentence = str(error)
    st.error(escape(sentence[:1].upper() + sentence[1:].rstrip(".") + "."))


@contextmanager
def nothing_yet(title: str, sentence: str) -> Iterator[None]:
    """What a page shows instead of an empty table: why it is empty, and within, what to do."""
    with st.container(border=True, key="nothing-yet"):
        st.subheader(title, anchor=False)
        st.write(sentence)
        yield
