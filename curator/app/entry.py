"""The script that Streamlit runs for every visit and every click: frame, navigation, page."""

from __future__ import annotations

from html import escape

import streamlit as st

from curator.app import navigation, sentences, session, theme


def main() -> None:
    """Draw one page."""
    st.set_page_config(page_title="curator", page_icon=str(theme.ICON), layout="wide")
    theme.style()
    with sentences.told():
        page = navigation.choose()
        if session.is_team():
            st.html(f'<a class="account" href="/account">{escape(session.current().name)}</a>')
        page.run()


main()
