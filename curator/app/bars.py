"""Counts as bars: plain HTML, so that they load at once, read aloud, and follow the theme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from curator.app.text import escape_html, number


def bars(
    counts: Mapping[str, float],
    notes: Mapping[str, str] | None = None,
    *,
    most: float | None = None,
) -> None:
    """One bar a name, lying.

    Args:
        counts: What to show, in this order; not negative.
        notes: A line below the bar of a name.
        most: What a bar as long as there is room stands for; the largest count without it.
    """
    most = max(counts.values(), default=0) if most is None else most
    rows = []
    for name, value in counts.items():
        share = 100 * value / most if most else 0
        rows.append(
            f'<span class="name">{escape_html(name)}</span>'
            f'<span class="track"><span class="fill" style="width:{share:.2f}%">'
            f'</span></span><span class="value">{number(value)}</span>'
        )
        if notes and name in notes:
            rows.append(f'<span class="note">{escape_html(notes[name])}</span>')
    st.html(f'<div class="bars">{"".join(rows)}</div>')


def histogram(counts: Sequence[tuple[str, int]]) -> None:
    """One bar a range, standing, side by side; empty ones keep their place."""
    most = max((value for _, value in counts), default=0)
    shafts = []
    for name, value in counts:
        share = 100 * value / most if most else 0
        shafts.append(
            f'<div><div class="value">{number(value)}</div>'
            f'<div class="shaft"><div class="fill" style="height:{share:.2f}%"></div></div>'
            f'<div class="name">{escape_html(name)}</div></div>'
        )
    st.html(f'<div class="columns">{"".join(shafts)}</div>')
