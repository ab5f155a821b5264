"""init, collect, import and detect: what fills a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from curator.cli import console
from curator.cli.console import DatasetOption, JsonOption
from curator.collect import SOURCES
from curator.config import settings
from curator.detect import DETECTORS
from curator.errors import ConfigError
from curator.formats import FORMATS
from curator.pipeline.annotate import DetectReport, DetectRequest, detect
from curator.pipeline.ingest import CollectReport, CollectRequest, collect
from curator.pipeline.labels import ImportOptions, ImportReport, import_labels
from curator.pipeline.predict import predict
from curator.store.dataset import create_dataset


class Frames(StrEnum):
    """Which frames of a video are taken."""

    EVERY = "every"
    SCENES = "scenes"
    TRACKS = "tracks"


def register(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command("init")(init)
    app.command("collect")(collect_command)
    app.command("import")(import_command)
    app.command("detect")(detect_command)


def init(
    folder: Annotated[Path, typer.Argument(help="A new or empty folder.", metavar="DIR")],
) -> None:
    """Make an empty dataset. Example: `curator init photos`."""
    with create_dataset(folder, database_url=settings().database_url) as made:
        console.say(f"dataset ready: {made.folder}")


def collect_command(
    source: Annotated[str, typer.Argument(help=f"One of: {', '.join(SOURCES.names())}.")],
    target: Annotated[
        str,
        typer.Argument(help="A folder, archive, list of URLs, page's address, video, or query."),
    ],
    dataset: DatasetOption = None,
    licence: Annotated[
        str | None, typer.Option(help="Of all these images, where the source does not say.")
    ] = None,
    author: Annotated[
        str | None, typer.Option(help="Of all these images, where the source does not say.")
    ] = None,
    max_images: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many images.")
    ] = None,
    min_side: Annotated[
        int, typer.Option(min=1, help="Refuse images whose shorter side has fewer pixels.")
    ] = 1,
    depth: Annotated[int, typer.Option(min=0, help="web: follow links so many clicks deep.")] = 3,
    also_host: Annotated[
        list[str] | None,
        typer.Option(help="web: take images of this host too, such as cdn.example.com; repeat."),
    ] = None,
    filter: Annotated[
        list[str] | None,
        typer.Option(help="Search engines: name=value, such as license=commercial; repeat."),
    ] = None,
    max_results: Annotated[
        int, typer.Option(min=1, help="Search engines: look at so many results.")
    ] = 200,
    frames: Annotated[
        Frames, typer.Option(help="video: every so often, one a scene, or the best of each face.")
    ] = Frames.SCENES,
    frame_seconds: Annotated[
        float, typer.Option(min=0.01, help="video: seconds between two frames of `every`.")
    ] = 1.0,
    max_megabytes: Annotated[
        int | None, typer.Option(min=1, help="Stop after images of so many million bytes.")
    ] = None,
    max_minutes: Annotated[float | None, typer.Option(help="Stop after so many minutes.")] = None,
    ignore_robots: Annotated[
        bool,
        typer.Option(
            "--ignore-robots", help="Take what robots.txt or noai forbid: for sites of your own."
        ),
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="Ask this host or network though it is not public; repeat."),
    ] = None,
    refresh: Annotated[
        bool,
        typer.Option("--refresh", help="Ask again for pictures of the web that may have changed."),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Bring images in; run again to go on. Example: `curator collect web https://example.org`."""
    request = CollectRequest(
        source=source,
        target=target,
        licence=licence,
        author=author,
        max_images=max_images,
        min_side=min_side,
        depth=depth,
        also_hosts=tuple(also_host or ()),
        filters=parse_filters(filter or ()),
        max_results=max_results,
        frames=frames,
        frame_seconds=frame_seconds,
        max_megabytes=max_megabytes,
        max_minutes=max_minutes,
        obey=not ignore_robots,
        allow_hosts=tuple(allow_host or ()),
        refresh=refresh,
    )
    with console.opened_or_made(dataset) as opened, console.bar() as bar:
        report = collect(opened, request, bar)
    if json:
        console.print_json(report)
    else:
        print_collected(report)


def import_command(
    format: Annotated[str, typer.Argument(help=f"One of: {', '.join(FORMATS.names())}.")],
    path: Annotated[Path, typer.Argument(help="The annotation file, or the folder that has it.")],
    images: Annotated[
        Path | None, typer.Option(help="The folder that the image names are relative to.")
    ] = None,
    dataset: DatasetOption = None,
    keep_splits: Annotated[
        bool, typer.Option("--keep-splits", help="Take over the split that the file states.")
    ] = False,
    licence: Annotated[str | None, typer.Option(help="Of all these images.")] = None,
    json: JsonOption = False,
) -> None:
    """Bring labels in with their images. Example: `curator import wider gt.txt --images WIDER`."""
    limits = settings()
    options = ImportOptions(
        keep_splits=keep_splits,
        licence=licence,
        max_bytes=limits.max_image_bytes,
        max_pixels=limits.max_image_pixels,
        threads=limits.threads,
    )
    with console.opened_or_made(dataset) as opened, console.bar() as bar:
        report = import_labels(opened, format, path, images, options=options, progress=bar)
    if json:
        console.print_json(report)
    else:
        print_imported(report, keep_splits=keep_splits)


def detect_command(
    detector: Annotated[
        str | None,
        typer.Option(help=f"One of: {', '.join(DETECTORS.names())}; insightface:PACK for a pack."),
    ] = None,
    dataset: DatasetOption = None,
    accurate: Annotated[
        bool,
        typer.Option("--accurate", help="Flipped and at five scales, merged: slow, for labelling."),
    ] = False,
    scales: Annotated[
        str | None,
        typer.Option(help="Accurate at these scales: short sides of the photo, such as 500,800."),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(min=64, max=4096, help="Long side of the network's input, pixels."),
    ] = None,
    min_score: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Propose no face below this score; the detector's own without."
        ),
    ] = None,
    images: Annotated[
        Path | None, typer.Option(help="Look at this folder of photos instead of a dataset.")
    ] = None,
    predictions: Annotated[
        Path | None,
        typer.Option(help="With --images: where to write `<event>/<photo>.txt` files."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Propose faces on new images. Example: `curator detect --detector yunet -d photos`."""
    request = DetectRequest(
        detector=detector,
        accurate=accurate,
        scales=_sides(scales),
        size=size,
        min_score=min_score,
    )
    if images is not None or predictions is not None:
        predict_command(request, images, predictions, json=json)
        return
    with console.opened(dataset) as opened, console.bar() as bar:
        report = detect(opened, request, bar)
    if json:
        console.print_json(report)
    else:
        print_detected(report)


def _sides(scales: str | None) -> tuple[int, ...]:
    try:
        return tuple(int(side) for side in (scales or "").split(",") if side.strip())
    except ValueError as cause:
        raise ConfigError(
            f"--scales wants whole pixels, such as 500,800, not {scales!r}"
        ) from cause


def predict_command(
    request: DetectRequest, images: Path | None, predictions: Path | None, *, json: bool
) -> None:
    """The form of ``detect`` that needs no dataset."""
    if images is None or predictions is None:
        raise ConfigError("--images and --predictions go together: photos in, text files out")
    with console.bar() as bar:
        report = predict(request, images, predictions, bar)
    if json:
        console.print_json(report)
        return
    facts = {
        "detector": report.method,
        "licence of its weights": report.licence,
        "photos": report.photos,
        "faces": report.faces,
        "unreadable": len(report.unreadable),
        "seconds": report.seconds,
    }
    console.print_facts("Detected", facts)


def parse_filters(words: Sequence[str]) -> dict[str, str]:
    """``name=value`` words as a mapping.

    Raises:
        ConfigError: if a word is none.
    """
    pairs = [word.partition("=") for word in words]
    for name, equals, value in pairs:
        if not (name and equals and value):
            raise ConfigError(f"--filter {name + equals!r}: not name=value, as license=commercial")
    return {name: value for name, _, value in pairs}


def print_collected(report: CollectReport) -> None:
    """What a collecting run brought, as a table."""
    facts = {
        "new images": report.kept,
        "same content as one we have": report.duplicates,
        "refused": report.refused,
        "failed, tried again next time": report.failed,
        "known from an earlier run": report.settled,
        "never to be collected": report.opted_out,
        "asked for again, unchanged": report.unchanged or None,
        "asked for again, gone; kept here": report.gone or None,
        "seconds": report.seconds,
    }
    console.print_facts("Collected", facts)
    if report.refused or report.failed:
        console.say("why, one by one: curator show refused")


def print_imported(report: ImportReport, *, keep_splits: bool) -> None:
    """What an import brought, as a table, with the names of what was left out."""
    skipped = {reason: len(names) for reason, names in report.skipped.items()}
    facts = {
        "labelled images": report.images,
        "of these new": report.new_images,
        "faces": report.faces,
        "left out": skipped,
        "known from an earlier run": report.settled,
        "seconds": report.seconds,
    }
    console.print_facts("Imported", facts)
    for reason, names in report.skipped.items():
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        console.say(f"{reason}: {', '.join(names[:3])}{more}")
    if report.stated_splits and not keep_splits:
        stated = ", ".join(report.stated_splits)
        console.say(f"the file states a split ({stated}); --keep-splits takes it over")


def print_detected(report: DetectReport) -> None:
    """What a detector proposed, as a table."""
    facts = {
        "detector": report.method,
        "licence of its weights": report.licence,
        "images": report.images,
        "faces proposed": report.faces,
        "images without a face": report.without_faces,
        "keep the labels of people": report.kept_labels,
        "unreadable": len(report.unreadable),
        "seen in an earlier run": report.settled,
        "seconds": report.seconds,
    }
    console.print_facts("Detected", facts)
    for name, reason in list(report.unreadable.items())[:5]:
        console.say(f"{name}: {reason}")
