"""show: what is in a dataset."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from curator.cli import console
from curator.cli.console import DatasetOption, JsonOption
from curator.pipeline.overview import Overview, overview
from curator.store import candidates
from curator.store.dataset import Dataset


class Topic(StrEnum):
    """What can be shown."""

    SUMMARY = "summary"
    REFUSED = "refused"
    RUNS = "runs"
    RELEASES = "releases"


def register(app: typer.Typer) -> None:
    """Add this verb to the command line."""
    app.command("show")(show)


def show(
    topic: Annotated[Topic, typer.Argument(help="What to look at.")] = Topic.SUMMARY,
    dataset: DatasetOption = None,
    json: JsonOption = False,
) -> None:
    """Look at a dataset. Example: `curator show refused -d photos`."""
    with console.opened(dataset) as opened:
        if topic is Topic.REFUSED:
            _refused(opened, json=json)
            return
        found = overview(opened)
    if json:
        shown = {Topic.RUNS: found.runs, Topic.RELEASES: found.releases}
        console.print_json(shown.get(topic, found))
    elif topic is Topic.RUNS:
        _runs(found)
    elif topic is Topic.RELEASES:
        _releases(found)
    else:
        _summary(found)


def _summary(found: Overview) -> None:
    facts = {
        "images": found.images,
        "faces": found.faces,
        "by source": found.by_source,
        "by status": found.by_status,
        "by split": found.by_split,
        "by licence": found.by_licence,
        "candidates": found.outcomes,
        "releases": ", ".join(release.name for release in found.releases),
    }
    console.print_facts("Dataset", facts)
    if found.images == 0:
        console.say("empty so far; bring images in with: curator collect folder ~/Pictures")


def _refused(opened: Dataset, *, json: bool) -> None:
    with opened.read() as connection:
        rows = candidates.refused(connection)
    if json:
        console.print_json(rows)
        return
    if not rows:
        console.say("nothing was refused")
        return
    console.print_table(
        "Refused",
        ("reason", "what", "why"),
        [(row["reason"], row["url"], row["detail"]) for row in rows],
    )


def _runs(found: Overview) -> None:
    rows = [
        (run.id, run.kind, run.method, run.status, found.run_images.get(run.id, 0), run.started_at)
        for run in found.runs
    ]
    console.print_table("Runs", ("run", "kind", "method", "status", "images", "started"), rows)


def _releases(found: Overview) -> None:
    rows = [
        (item.name, item.images, item.faces, item.seed, item.manifest_sha256[:12], item.created_at)
        for item in found.releases
    ]
    header = ("release", "images", "faces", "seed", "manifest", "made")
    console.print_table("Releases", header, rows)
