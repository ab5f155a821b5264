"""Faces side by side, cut out, each leading to its image."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from curator.app.pictures import crop_url
from curator.app.text import escape_html
from curator.quality import Table
from curator.store import faces, images
from curator.store.dataset import Dataset


def strip(
    dataset: Dataset, table: Table, chosen: Sequence[int], note: Callable[[int], str], title: str
) -> None:
    """Draw a row of faces.

    Args:
        dataset: That holds them.
        table: Of its measures.
        chosen: Indices into the table.
        note: What stands below a face, by index.
        title: Above the row.
    """
    ids = [int(table.images[index]) for index in chosen]
    with dataset.read() as connection:
        records = images.many(connection, ids)
        current = faces.current(connection, ids)
    cells = []
    for index, image_id in zip(chosen, ids, strict=True):
        face = next((f for f in current[image_id] if f.id == int(table.faces[index])), None)
        if face is None:
            continue
        image = records[image_id]
        cells.append(
            f'<a href="/browse?image={image_id}" title="{escape_html(image.name)}">'
            f'<img src="{crop_url(image, face)}" alt="" loading="lazy">'
            f"<span>{escape_html(note(index))}</span></a>"
        )
    body = "".join(cells) or '<span class="none">none</span>'
    st.html(
        f'<div class="face-strip"><div class="title">{escape_html(title)}</div>'
        f'<div class="row">{body}</div></div>'
    )
