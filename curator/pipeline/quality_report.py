"""Verdicts on paper: a CSV of every face, and one HTML page with pictures, all in one file."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import numpy as np

from curator.drawing import Pixels, encode_jpeg, shrink
from curator.imaging import BrokenImage, decode
from curator.pipeline.quality import FilterReport
from curator.progress import Progress
from curator.quality import MEASURES, Judgement, Table
from curator.records import Decision, Face, Image
from curator.store import faces, images
from curator.store.blobs import write_atomic
from curator.store.dataset import Dataset

_SHOWN = 24
_SIDE = 120
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; } td, th { padding: .2rem 1rem .2rem 0; text-align: left; }
td.n { font-variant-numeric: tabular-nums; text-align: right; }
.strip { display: flex; flex-wrap: wrap; gap: .5rem; }
figure { margin: 0; width: 120px; } figure img { border-radius: 5px; display: block; }
figcaption { font-size: .72rem; opacity: .7; overflow-wrap: anywhere; }
"""


def write_csv(path: Path, table: Table, judgement: Judgement) -> None:
    """One line a face: ids, verdict, reasons, every raw number and every score.

    Raises:
        StoreError: if the file cannot be written.
    """
    names = [name for name in MEASURES if name in table.raw]
    scored = [name for name in names if MEASURES[name].score is not None]
    columns = [table.values(name) for name in names] + [table.scores(name) for name in scored]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = ["face", "image", "source", "query", "verdict", "reasons"]
    writer.writerow([*head, *names, *(f"{name} score" for name in scored)])
    for index in range(len(table)):
        said = "; ".join(judgement.reasons(index))
        facts = (table.faces[index], table.images[index], table.sources[index])
        numbers = ["" if np.isnan(v := column[index]) else f"{v:.6g}" for column in columns]
        decision = str(judgement.decision(index))
        writer.writerow([*facts, table.queries[index], decision, said, *numbers])
    write_atomic(path, out.getvalue().encode())


def write_html(
    path: Path,
    dataset: Dataset,
    found: tuple[Table, Judgement, FilterReport],
    progress: Progress,
) -> None:
    """A page with the counts and pictures of what each rule drops, nothing loaded from outside.

    Raises:
        StoreError: if the file cannot be written.
    """
    table, judgement, report = found
    strips = _strips(judgement)
    progress.begin("cutting out pictures", sum(len(chosen) for _, chosen in strips))
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        f"<title>Quality of {escape(dataset.folder.name)}</title><style>{_STYLE}</style>",
        f"<h1>Quality of {escape(dataset.folder.name)}</h1>",
        f"<p>{report.faces:,} faces, {report.measured:,} of them measured.</p>",
        _counts("Verdicts", report.counts.items()),
        _counts("Faces that break a rule", report.broken.items()),
        _counts("Not known", report.unknown.items()),
    ]
    parts += [
        f"<h2>{escape(title)}</h2><div class='strip'>"
        + "".join(_figures(dataset, table, judgement, chosen, progress))
        + "</div>"
        for title, chosen in strips
    ]
    parts.append(_sources(report))
    write_atomic(path, "\n".join(parts).encode("utf-8", "replace"))


def _strips(judgement: Judgement) -> list[tuple[str, Sequence[int]]]:
    """Titles with the faces to show: some of each verdict, and of those that break each rule."""
    strips = [(f"Verdict: {decision}", _some(judgement.chosen(decision))) for decision in Decision]
    strips += [
        (f"Breaks: {rule.text}", _some(np.flatnonzero(broken)))
        for rule, broken in zip(judgement.rules, judgement.broken, strict=True)
    ]
    return [(title, chosen) for title, chosen in strips if chosen]


def _some(indices: np.ndarray) -> list[int]:
    """Spread over all of them, always the same."""
    places = np.unique(np.linspace(0, len(indices) - 1, min(_SHOWN, len(indices))).astype(int))
    return [int(index) for index in indices[places]] if len(indices) else []


def _figures(
    dataset: Dataset,
    table: Table,
    judgement: Judgement,
    chosen: Sequence[int],
    progress: Progress,
) -> Iterable[str]:
    ids = [int(table.images[index]) for index in chosen]
    with dataset.read() as connection:
        records = images.many(connection, ids)
        current = faces.current(connection, ids)
    for index, image_id in zip(chosen, ids, strict=True):
        progress.advance()
        face = next((f for f in current[image_id] if f.id == table.faces[index]), None)
        picture = None if face is None else _crop(dataset, records[image_id], face)
        if picture is None:
            continue
        data = base64.b64encode(encode_jpeg(picture, 80)).decode()
        said = escape("; ".join(judgement.reasons(index)) or records[image_id].name)
        yield (
            f"<figure><img width='120' alt='' src='data:image/jpeg;base64,{data}'>"
            f"<figcaption>{said}</figcaption></figure>"
        )


def _crop(dataset: Dataset, image: Image, face: Face) -> Pixels | None:
    """A square around a face; None where there is nothing to see."""
    try:
        pixels = decode(dataset.blobs.path(image.sha256, image.mime).read_bytes())
    except (BrokenImage, OSError):
        return None
    x_min, y_min, x_max, y_max = face.box
    half = max(x_max - x_min, y_max - y_min, 8) * 0.65
    x, y = (x_min + x_max) / 2, (y_min + y_max) / 2
    part = pixels[max(int(y - half), 0) : int(y + half), max(int(x - half), 0) : int(x + half)]
    return shrink(part, _SIDE)[0] if part.size else None


def _counts(title: str, counts: Iterable[tuple[str, int]]) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td class='n'>{count:,}</td></tr>" for name, count in counts
    )
    return f"<h2>{escape(title)}</h2><table>{rows}</table>" if rows else ""


def _sources(report: FilterReport) -> str:
    rows = "".join(
        f"<tr><td>{escape(name)}</td>"
        + "".join(f"<td class='n'>{counts.get(str(d), 0):,}</td>" for d in Decision)
        + "</tr>"
        for name, counts in report.sources.items()
    )
    head = "".join(f"<th>{decision}</th>" for decision in Decision)
    return f"<h2>By source</h2><table><tr><th>source</th>{head}</tr>{rows}</table>"
