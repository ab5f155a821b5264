"""Where the pages are and how one leads to another."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

import curator
from curator.app import session
from curator.errors import ConfigError
from curator.records import Reason, Role

# In the order of the story; the first is shown first. Who may come where: below.
TITLES = {
    "overview": "Overview",
    "collect": "Collect",
    "label": "Label",
    "people": "People",
    "browse": "Browse",
    "quality": "Quality",
    "release": "Release",
    "train": "Train",
    "evaluate": "Evaluate",
    "review": "Review",
    "jobs": "Jobs",
}

# A page that is not named here is the owner's.
ROLES = {
    "overview": Role.LABELLER,
    "label": Role.LABELLER,
    "browse": Role.LABELLER,
    "people": Role.REVIEWER,
    "quality": Role.REVIEWER,
    "release": Role.REVIEWER,
}


def folder() -> Path:
    """Where the page files are: inside the installed package, or beside it in a working copy.

    Raises:
        ConfigError: if they are at neither place.
    """
    package = Path(curator.__file__).parent
    for place in (package / "pages", package.parent / "pages"):
        if (place / "overview.py").is_file():
            return place
    raise ConfigError(f"the pages are missing from {package}; install curator again")


def page(name: str) -> Page:
    """One page, to be run or linked to."""
    return st.Page(
        folder() / f"{name}.py",
        title=TITLES[name],
        url_path=name,
        default=name == next(iter(TITLES)),
    )


def choose() -> Page:
    """Draw the navigation; return the page that the visitor is at.

    A page that is not for this visitor is not there, whichever way it is asked for.
    """
    return st.navigation([page(name) for name in TITLES if allowed(name)], position="top")


def queue_link() -> None:
    """A link to the queue, filtered to what reviews and judgements ask for."""
    st.page_link(
        page("label"),
        label="Open the queue",
        icon=":material/arrow_forward:",
        query_params={"reason": Reason.REVIEW},
    )


def allowed(name: str) -> bool:
    """Whether the visitor may come to a page.

    Raises:
        Forbidden: if the visitor is logged out.
    """
    return session.current().role.may(ROLES.get(name, Role.OWNER))


def lead_to(name: str, label: str) -> None:
    """A button that goes to another page: the thing to do next."""
    if allowed(name) and st.button(label, type="primary"):
        st.switch_page(page(name))
