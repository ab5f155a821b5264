"""The demo: from a web page to a dataset to train on, with a table of what each step did."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar
from urllib.parse import urlsplit

from curator.cli import console
from curator.cli.demo_site import build, serving
from curator.drawing import contact_sheet, draw_faces, encode_jpeg, shrink
from curator.imaging import decode
from curator.pipeline.annotate import DetectRequest, detect
from curator.pipeline.export import export, samples
from curator.pipeline.ingest import CollectRequest, collect
from curator.pipeline.release import Selection, SplitOptions, release_if_changed
from curator.progress import Progress
from curator.store.blobs import write_atomic
from curator.store.dataset import Dataset

T = TypeVar("T")

FORMATS = ("yolo", "wider", "wflw")
CELL = 420


def run_demo(folder: Path, *, detector: str | None) -> None:
    """Crawl, detect, split, release and export real photographs; print a table.

    Run again, it goes on where it was and makes a new release only if something changed.
    """
    rows: list[tuple[str, str, float]] = []

    def timed(step: str, work: Callable[[], tuple[str, T]]) -> T:
        started = time.monotonic()
        summary, result = work()
        rows.append((step, summary, time.monotonic() - started))
        return result

    with console.opened_or_made(folder) as dataset, console.bar() as bar:
        with TemporaryDirectory() as site, serving(build(Path(site))) as address:
            timed("collect", lambda: _collect(dataset, address, bar))
        timed("detect", lambda: _detect(dataset, detector, bar))
        name = timed("split and release", lambda: _release(dataset, bar))
        for format_name in FORMATS:
            timed(f"export {format_name}", partial(_export, dataset, name, format_name, bar))
        timed("contact sheet", lambda: _sheet(dataset, name))
    console.print_table("The loop", ("step", "what came of it", "seconds"), rows)
    console.say(f"everything is in {folder}")


def _collect(dataset: Dataset, address: str, bar: Progress) -> tuple[str, None]:
    # Its own server: only public hosts are asked unless told otherwise.
    request = CollectRequest(source="web", target=address, allow_hosts=(urlsplit(address).netloc,))
    report = collect(dataset, request, bar)
    refused = sum(report.refused.values()) + sum(report.failed.values())
    words = ", ".join((*report.refused, *report.failed))
    return (
        f"{report.kept} new photos, {report.duplicates} copies, {refused} refused ({words})",
        None,
    )


def _detect(dataset: Dataset, detector: str | None, bar: Progress) -> tuple[str, None]:
    report = detect(dataset, DetectRequest(detector=detector), bar)
    return f"{report.faces} faces in {report.images} photos with {report.method}", None


def _release(dataset: Dataset, bar: Progress) -> tuple[str, str]:
    made = release_if_changed(dataset, "demo", Selection(), SplitOptions(), bar)
    shares = ", ".join(
        f"{split} {count}" for split, count in made.report["split"]["counts"].items()
    )
    return f"{made.name}: {shares}; {made.faces} faces", made.name


def _export(dataset: Dataset, release: str, format_name: str, bar: Progress) -> tuple[str, None]:
    out = dataset.exports / f"{release}-{format_name}"
    export(dataset, release, format_name, out, progress=bar)
    return str(out), None


def _sheet(dataset: Dataset, release: str) -> tuple[str, None]:
    pictures = []
    for sample in samples(dataset, release):
        small, factor = shrink(decode(sample.file.read_bytes()), CELL)
        pictures.append(draw_faces(small, sample.faces, factor))
    out = dataset.exports / f"{release}-contact-sheet.jpg"
    write_atomic(out, encode_jpeg(contact_sheet(pictures, columns=5, cell=CELL)))
    return str(out), None
