"""measure, filter and duplicates: what the images are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from curator.cli import console
from curator.cli.console import DatasetOption, JsonOption
from curator.pipeline.duplicates import DuplicatesRequest, all_groups, find_duplicates, keep_best
from curator.pipeline.measure import MeasureRequest, measure
from curator.pipeline.quality import (
    FilterReport,
    ask_people,
    judged,
    propose_attributes,
    read_rules,
    report,
)
from curator.pipeline.quality_report import write_csv, write_html
from curator.quality import PRESETS
from curator.records import CopyKind
from curator.store import images
from curator.store.dataset import Dataset


def register(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command("measure")(measure_command)
    app.command("filter")(filter_command)
    app.command("duplicates")(duplicates_command)


def measure_command(
    dataset: DatasetOption = None,
    pose_network: Annotated[
        bool,
        typer.Option(help="Use the pose network where its weights are in CURATOR_MODELS."),
    ] = True,
    attributes: Annotated[
        bool, typer.Option("--attributes", help="Then propose blur, illumination, pose and so on.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Measure the quality of every face. Example: `curator measure -d photos`."""
    with console.opened(dataset) as opened:
        with console.bar() as bar:
            found = measure(opened, MeasureRequest(pose_network=pose_network), bar)
        proposed = propose_attributes(opened) if attributes else {}
    if json:
        console.print_json({"measured": found, "proposed": proposed})
        return
    facts = {
        "images looked at": found.images,
        "faces measured": found.faces,
        "measured before": found.settled,
        "compared with another detector": found.compared,
        "edited meanwhile": found.changed or None,
        "pose": found.pose,
        "absent": found.problems,
        "proposed": proposed,
        "seconds": found.seconds,
    }
    console.print_facts("Measured", facts)


def filter_command(
    dataset: DatasetOption = None,
    preset: Annotated[
        str | None, typer.Option(help=f"Rules for a purpose, one of: {', '.join(PRESETS)}.")
    ] = None,
    rule: Annotated[
        list[str] | None,
        typer.Option(help='Such as "face height >= 32 px"; several by ; or by repeating.'),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write every face with its numbers.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with pictures.")] = None,
    ask: Annotated[
        bool, typer.Option("--ask", help="Put the doubtful faces into the labelling queue.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Judge faces by rules; nothing is deleted. Example: `curator filter --preset detection`."""
    rules = read_rules(preset, ";".join(rule or []))
    with console.opened(dataset) as opened, console.bar() as bar:
        table, judgement = judged(opened, rules)
        found = report(table, judgement)
        if csv is not None:
            write_csv(csv, table, judgement)
        if html is not None:
            write_html(html, opened, (table, judgement, found), bar)
        asked = ask_people(opened, table, judgement) if ask else None
    if json:
        console.print_json({"report": found, "asked": asked})
    else:
        _print(found, asked)


def duplicates_command(
    dataset: DatasetOption = None,
    mirror: Annotated[bool, typer.Option("--mirror", help="Mirror images are copies too.")] = False,
    faces: Annotated[
        bool, typer.Option(help="Also find the same face in other cuts of a photo.")
    ] = True,
    drop: Annotated[
        bool, typer.Option("--drop", help="Decide to keep only the best copy of each group.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Find copies and similar images. Example: `curator duplicates -d photos`."""
    with console.opened(dataset) as opened:
        with console.bar() as bar:
            found = find_duplicates(opened, DuplicatesRequest(mirror=mirror, faces=faces), bar)
        groups = all_groups(opened, [CopyKind.COPY])
        for group in groups if drop else ():
            keep_best(opened, group, "curator duplicates --drop")
        names = _names(opened, {image for group in groups for image in group.images})
    told = [[names[image] for image in group.images] for group in groups]
    if json:
        console.print_json({"found": found, "groups": told})
        return
    facts = {
        "images": found.images,
        "looked at now": found.looked,
        "pairs of copies": found.copies,
        "similar pairs": found.similar,
        "groups of copies": found.groups,
        "spare copies": found.spare,
        "unreadable": found.unreadable,
        "seconds": found.seconds,
    }
    console.print_facts("Duplicates", facts)
    for members in told[:20]:
        console.say(f"{members[0]}: {', '.join(members[1:])}")


def _names(opened: Dataset, ids: set[int]) -> dict[int, str]:
    with opened.read() as connection:
        return {image.id: image.name for image in images.many(connection, ids).values()}


def _print(found: FilterReport, asked: int | None) -> None:
    facts = {
        "faces": found.faces,
        "measured": found.measured,
        **found.counts,
        "decided by people": found.people or None,
        "newly in the queue": asked,
    }
    console.print_facts("Verdicts", facts)
    if found.measured < found.faces:
        console.say("some faces are not measured yet: curator measure")
    rows = [(text, n, found.unknown.get(text, 0)) for text, n in found.broken.items()]
    console.print_table("Rules", ("rule", "broken", "not known"), rows)
    sources = [
        (name, *(counts.get(kind, 0) for kind in ("keep", "ask", "drop")))
        for name, counts in list(found.sources.items())[:20]
    ]
    console.print_table("By source", ("source", "keep", "ask", "drop"), sources)
