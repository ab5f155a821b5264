"""Words for people: names made safe to show, numbers, times and sizes."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import escape as escape_html

__all__ = ["duration", "escape", "escape_html", "number", "of_many", "when"]

# Everything that means something in Streamlit's Markdown, which takes a backslash before any.
_SPECIAL = re.compile(r"([!-/:-@\[-`{-~])")
# Names between colons become emoji and icons even behind a backslash.
_COLON = re.compile(r"\\:(?=\w)")
_WORD_JOINER = "\u2060"


def escape(text: str) -> str:
    """Text that shows as itself where Streamlit takes Markdown, on one line.

    File names, labels and messages come from strangers: none may format, link or load anything.
    """
    line = " ".join(text.split())
    return _COLON.sub(rf"\\:{_WORD_JOINER}", _SPECIAL.sub(r"\\\1", line))


def number(value: float) -> str:
    """``12,345``; three digits after the point at most for what is no whole number."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.3g}"


def of_many(count: int, noun: str, plural: str | None = None) -> str:
    """``1 image``, ``12,345 images``."""
    return f"{number(count)} {noun if count == 1 else plural or noun + 's'}"


def when(at: datetime | None) -> str:
    """A moment in the time zone of this machine, to the minute; a dash for none."""
    return "–" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M")


def duration(span: timedelta) -> str:
    """``8 s``, ``2 min 5 s``, ``1 h 20 min``."""
    seconds = max(0, round(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
