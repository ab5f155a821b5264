"""Colours, type and spacing: settings for Streamlit, and the few rules it has no setting for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

ICON = Path(__file__).with_name("icon.svg")
LOGO = Path(__file__).with_name("logo.svg")
_RULES = Path(__file__).with_name("page.css")

THEME: dict[str, Any] = {
    "theme.baseRadius": "0.375rem",
    "theme.headingFontSizes": ["1.75rem", "1.25rem", "1.0625rem"],
    "theme.headingFontWeights": [600, 600, 600],
    "theme.light.primaryColor": "#0b6b73",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f3f5f6",
    "theme.light.textColor": "#1d262b",
    "theme.light.borderColor": "#dbe1e4",
    "theme.dark.primaryColor": "#21858f",
    "theme.dark.backgroundColor": "#14191c",
    "theme.dark.secondaryBackgroundColor": "#1d2428",
    "theme.dark.textColor": "#e4e9eb",
    "theme.dark.borderColor": "#323c42",
}


def style() -> None:
    """Apply the rules and show the logo; once a page."""
    st.html(_RULES)
    st.logo(str(LOGO), size="large")
