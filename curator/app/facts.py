"""Name and value, line by line; values come from strangers and are shown as plain text."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import streamlit as st

from curator.app.text import escape_html


def facts(said: Mapping[str, str | None]) -> None:
    """A list of facts without those that are not known; web addresses can be followed."""
    lines = "".join(
        f"<dt>{escape_html(name)}</dt><dd>{_value(value)}</dd>"
        for name, value in said.items()
        if value
    )
    st.html(f'<dl class="facts">{lines}</dl>')


def _value(value: str) -> str:
    shown = escape_html(value)
    if not _is_web_address(value):
        return shown
    return f'<a href="{shown}" target="_blank" rel="noopener noreferrer">{shown}</a>'


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https") and bool(parts.netloc) and not set(value) & set(" \n\t")
    )
