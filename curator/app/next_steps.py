"""The way from nothing to a dataset to train on: how far this one has come, what comes next."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from curator.app import navigation
from curator.app.text import of_many
from curator.pipeline.overview import Overview
from curator.records import ImageStatus


@dataclass(frozen=True, slots=True)
class Step:
    """One stop of the way.

    Attributes:
        page: Where it is done.
        action: What to do there.
        said: What has been reached, or what the step is for.
        reached: Whether the next step can be taken.
    """

    title: str
    page: str
    action: str
    said: str
    reached: bool


def steps(found: Overview) -> list[Step]:
    """All stops in their order."""
    new = found.by_status.get(ImageStatus.NEW, 0)
    known = found.images - new
    labelled = found.by_status.get(ImageStatus.LABELLED, 0)
    released = len(found.releases)
    return [
        Step(
            "Collect",
            "collect",
            "Collect images",
            of_many(found.images, "image") if found.images else "Bring photos in",
            found.images > 0,
        ),
        Step(
            "Detect",
            "collect",
            "Detect faces",
            _detected(found.faces, new, known),
            known > 0 and new == 0,
        ),
        Step("Label", "label", "Label images", _labelled(labelled, known), labelled > 0),
        Step(
            "Release",
            "release",
            "Make a release",
            of_many(released, "release") if released else "Split, freeze, export",
            released > 0,
        ),
    ]


def show(found: Overview) -> None:
    """Draw them side by side; the first that is not reached stands out."""
    way = [step for step in steps(found) if navigation.allowed(step.page)]
    next_one = next((step for step in way if not step.reached), None)
    for number, (place, step) in enumerate(zip(st.columns(len(way)), way, strict=True), 1):
        with place, st.container(border=True, height="stretch"):
            mark = ":material/check_circle:" if step.reached else f"{number}"
            st.markdown(f"{mark} **{step.title}**")
            st.caption(step.said)
            if st.button(
                step.action,
                key=f"step-{step.title}",
                type="primary" if step is next_one else "secondary",
                width="stretch",
            ):
                st.switch_page(navigation.page(step.page))


def _detected(faces: int, new: int, known: int) -> str:
    if known == 0:
        return "Propose boxes and five points"
    rest = f", {of_many(new, 'image')} to go" if new else ""
    return f"{of_many(faces, 'face')}{rest}"


def _labelled(labelled: int, known: int) -> str:
    if labelled == 0:
        return "Put right what is wrong"
    rest = f", {of_many(known - labelled, 'image')} to go" if known > labelled else ""
    return f"{of_many(labelled, 'image')} labelled{rest}"
