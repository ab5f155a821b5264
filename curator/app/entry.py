"""The script that Streamlit runs for every visit and every click: frame, navigation, page."""

from __future__ import annotations

import streamlit as st

from curator.app import navigation, sentences, theme


def main() -> None:
    """Draw one page."""
    st.set_page_config(page_title="curator", page_icon=str(theme.ICON), layout="wide")
    theme.style()
    with sentences.told():
        navigation.choose().run()


main()
