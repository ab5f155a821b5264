"""queue and agreement: what people should look at, and how far they say the same."""

from __future__ import annotations

from typing import Annotated

import typer

from curator.cli import console
from curator.cli.console import DatasetOption, JsonOption
from curator.pipeline.agreement import Agreement, agreement
from curator.pipeline.doubts import Limits
from curator.pipeline.fill import FillReport, FillRequest, fill_queue


def register(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command("queue")(queue_command)
    app.command("agreement")(agreement_command)


def queue_command(
    dataset: DatasetOption = None,
    compare_with: Annotated[
        str | None,
        typer.Option(help="A detector that has run as well: ask where it sees something else."),
    ] = None,
    min_score: Annotated[
        float, typer.Option(min=0, max=1, help="Ask about proposals of a lower score.")
    ] = 0.6,
    max_shape: Annotated[
        float,
        typer.Option(min=0, max=10, help="Ask about points farther from the mean face than this."),
    ] = 0.35,
    audit: Annotated[
        float, typer.Option(min=0, max=100, help="Percent of images to ask about at random.")
    ] = 5.0,
    seed: Annotated[int, typer.Option(help="Another seed draws other images.")] = 0,
    source: Annotated[str | None, typer.Option(help="Only images of this source.")] = None,
    json: JsonOption = False,
) -> None:
    """Ask people about doubtful faces. Example: `curator queue --compare-with yunet -d photos`."""
    limits = Limits(score=min_score, shape=max_shape, audit=audit / 100, seed=seed)
    request = FillRequest(limits=limits, compare_with=compare_with, source=source)
    with console.opened(dataset) as opened, console.bar() as bar:
        report = fill_queue(opened, request, bar)
    if json:
        console.print_json(report)
    else:
        _print_filled(report)


def agreement_command(dataset: DatasetOption = None, json: JsonOption = False) -> None:
    """How far people agree on what two were asked. Example: `curator agreement -d photos`."""
    with console.opened(dataset) as opened:
        report = agreement(opened)
    if json:
        console.print_json(report)
        return
    if report.everybody.images == 0:
        console.say(
            "no image has two opinions yet; set CURATOR_SECOND_OPINION=0.1 for the app to ask a "
            "second person about one finished image in ten"
        )
    else:
        rows = [_row(item) for item in (*report.by_user, report.everybody)]
        header = ("person", "images", "faces", "same faces", "IoU", "NME", "kappa", "conflicts")
        console.print_table("Agreement", header, rows)
    facts = {"wait for a second opinion": report.waiting, "conflicts to decide": report.undecided}
    console.print_facts("Waiting", facts)


def _print_filled(report: FillReport) -> None:
    facts = {
        "images looked through": report.images,
        "new tasks": report.added,
        "found": dict(report.found),
        "waiting": dict(report.waiting),
        "seconds": report.seconds,
    }
    console.print_facts("Queue", facts)
    if report.waiting:
        console.say("label them: curator app")


def _row(item: Agreement) -> tuple[object, ...]:
    kappa = {name: "-" if value is None else round(value, 3) for name, value in item.kappa.items()}
    figures = [
        "-" if value is None else f"{value:.3f}"
        for value in (item.face_agreement, item.iou, item.nme)
    ]
    return (item.user or "everybody", item.images, item.faces, *figures, kappa, item.conflicts)
