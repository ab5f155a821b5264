"""Browse's single image: large, with its faces, where it came from, and the way on."""

from __future__ import annotations

from collections import Counter

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from curator.app.facts import facts
from curator.app.image_grid import close_image, open_image
from curator.app.text import number, when
from curator.app.viewer import attribute_value, viewer
from curator.records import Face, Image, Run
from curator.store import faces, images, runs
from curator.store.dataset import Dataset
from curator.store.images import ImageFilter


def show(dataset: Dataset, image_id: int, wanted: ImageFilter, ways: DeltaGenerator) -> None:
    """Draw it.

    Args:
        dataset: That holds it.
        image_id: Its number.
        wanted: Among which images the way leads on.
        ways: Where the buttons to them go.

    Raises:
        NotFound: if there is no such image.
    """
    with dataset.read() as connection:
        image = images.get(connection, image_id)
        current = faces.current(connection, [image_id])[image_id]
        run = None if image.run_id is None else runs.get(connection, image.run_id)
        before, after = images.neighbours(connection, wanted, image.name)
    with ways:
        _ways(image, before, after)
    with st.container(key="image-and-facts"):
        large, beside = st.columns([5, 2], gap="medium")
    with large:
        viewer(image, current, key="viewer")
    with beside:
        st.subheader("Image", anchor=False)
        facts(_about(image, run))
        st.subheader("Where it came from", anchor=False)
        facts(_provenance(image))
        _attributes(current)


def _ways(image: Image, before: int | None, after: int | None) -> None:
    st.button(
        "All images",
        icon=":material/arrow_back:",
        shortcut="Esc",
        on_click=close_image,
        args=(image.id,),
    )
    for label, key, to in (("Previous", "Left", before), ("Next", "Right", after)):
        st.button(label, shortcut=key, disabled=to is None, on_click=open_image, args=(to,))


def _about(image: Image, run: Run | None) -> dict[str, str | None]:
    return {
        "name": image.name,
        "size": f"{image.width} x {image.height} px",
        "type": image.mime,
        "status": image.status,
        "split": image.split,
        "group": image.group,
        "labels by": None if run is None else f"{run.method} ({run.kind})",
        "licence of weights": None if run is None else run.licence,
        "sha256": f"{image.sha256[:16]}…",
    }


def _provenance(image: Image) -> dict[str, str | None]:
    return {
        "source": image.source,
        "address": image.url,
        "page": image.page_url,
        "title": image.title,
        "author": image.author,
        "licence": _licence(image),
        "query": image.query,
        "fetched": when(image.fetched_at),
    }


def _attributes(current: tuple[Face, ...]) -> None:
    """How often each value of an attribute occurs among the faces."""
    told: dict[str, Counter[str]] = {}
    for face in current:
        for name, value in face.attributes.items():
            told.setdefault(name, Counter())[attribute_value(name, value)] += 1
    if not told:
        return
    st.subheader("Attributes of the faces", anchor=False)
    facts(
        {
            name: ", ".join(f"{number(count)} {value}" for value, count in values.most_common(6))
            for name, values in told.items()
        }
    )


def _licence(image: Image) -> str:
    stated = image.licence or "not stated"
    named = image.licence_id
    return stated if named in (None, image.licence) else f"{named} (stated: {stated})"
