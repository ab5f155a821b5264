"""forget and optout: what leaves a dataset for good, and what never comes in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from curator.cli import console
from curator.cli.console import DatasetOption, JsonOption
from curator.pipeline.forget import ForgetRequest, Forgotten, forget
from curator.pipeline.optout import OptOuts, opt_out


def register(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command("forget")(forget_command)
    app.command("optout")(optout_command)


def forget_command(
    image: Annotated[
        str | None, typer.Option(help="The id, sha256, name or address of an image.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(help="All of a source such as folder, of a host, or below an address."),
    ] = None,
    identity: Annotated[
        str | None, typer.Option(help="Every image that shows this person.")
    ] = None,
    from_releases: Annotated[
        bool,
        typer.Option("--from-releases", help="Also from releases and FiftyOne; exports go."),
    ] = False,
    dataset: DatasetOption = None,
    json: JsonOption = False,
) -> None:
    """Remove images with all that was made of them. Example: `curator forget --image 7`."""
    request = ForgetRequest(
        image=image, source=source, identity=identity, from_releases=from_releases
    )
    from curator.review.forgetting import Reviews

    with console.opened(dataset) as opened:
        report = forget(opened, request, holders=[Reviews()])
    if json:
        console.print_json(report)
    else:
        print_forgotten(report)


def optout_command(
    host: Annotated[
        list[str] | None, typer.Option(help="A host with all below it; repeat.")
    ] = None,
    url: Annotated[list[str] | None, typer.Option(help="One address; repeat.")] = None,
    sha256: Annotated[list[str] | None, typer.Option(help="A content; repeat.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="A text file with a host, address or sha256 a line.")
    ] = None,
    dataset: DatasetOption = None,
    json: JsonOption = False,
) -> None:
    """Never collect these; shows the list. Example: `curator optout --host example.org`."""
    wanted = OptOuts(hosts=tuple(host or ()), urls=tuple(url or ()), contents=tuple(sha256 or ()))
    with console.opened(dataset) as opened:
        known = opt_out(opened, wanted, file)
    if json:
        console.print_json(known)
        return
    console.print_facts("Never collected", {**known.counts, "hosts": ", ".join(known.hosts)})


def print_forgotten(report: Forgotten) -> None:
    """What was removed, as a table, and where to look oneself."""
    facts = {
        "images": report.images,
        "releases that held them": ", ".join(report.releases),
        "exports removed": ", ".join(report.exports),
        "other places": ", ".join(report.elsewhere),
    }
    console.print_facts("Forgotten", facts)
    if report.releases:
        console.say("exports elsewhere, and copies of them, are yours to remove")
    for name in report.left:
        console.say(f"still named in {name}: look there yourself")
    if not report.scrubbed:
        console.say("another program reads the database: close it and say the same again")
