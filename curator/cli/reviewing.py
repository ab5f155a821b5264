"""review and doctor: mistakes to FiftyOne and tags back; what works on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from curator.cli import console
from curator.cli.console import DatasetOption, JsonOption

RunOption = Annotated[str, typer.Option("--run", "-r", help="A run of `curator evaluate release`.")]


def register(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Mistakes to FiftyOne and tags back. Example: `curator review push --help`.",
    )
    group.command("setup")(setup_command)
    group.command("push")(push_command)
    group.command("open")(open_command)
    group.command("pull")(pull_command)
    app.add_typer(group, name="review")
    app.command("doctor")(doctor_command)


def setup_command() -> None:
    """Make the environment FiftyOne runs in. Example: `curator review setup`."""
    from curator.environments import REVIEW, folder_of, make

    console.say(f"installing {REVIEW.about} into {folder_of(REVIEW)}")
    with console.bar() as bar:
        make(REVIEW, bar)
    console.say("next: curator review push --run NAME")


def push_command(run: RunOption, dataset: DatasetOption = None, json: JsonOption = False) -> None:
    """Make or refresh FiftyOne's copy of a run. Example: `curator review push --run evaluate-4`."""
    from curator.review.plotting import plot
    from curator.review.pushing import push

    with console.opened(dataset) as opened, console.bar() as bar:
        pushed, count = push(opened, run, bar)
        plotted = plot(opened, pushed, bar)
    if json:
        console.print_json({"run": pushed.name, "samples": count, "plot": plotted})
        return
    console.say(plotted)
    console.say(f"{count} samples are in FiftyOne; next: curator review open")


def open_command(
    dataset: DatasetOption = None,
    run: Annotated[
        str | None, typer.Option("--run", "-r", help="The run to show; the newest without it.")
    ] = None,
    port: Annotated[int, typer.Option(min=1024, max=65535, help="To listen on.")] = 5151,
) -> None:
    """Serve FiftyOne at 127.0.0.1 until Ctrl+C. Example: `curator review open`."""
    from curator.review.serving import serve

    with console.opened(dataset) as opened:
        serve(opened, run, port, lambda address: console.say(f"FiftyOne is at {address}"))


def pull_command(run: RunOption, dataset: DatasetOption = None, json: JsonOption = False) -> None:
    """Turn tags into tasks and edits. Example: `curator review pull --run evaluate-4`."""
    from curator.app.session import local_user
    from curator.review.pulling import pull

    with console.opened(dataset) as opened:
        report = pull(opened, run, local_user().name)
    if json:
        console.print_json(report)
        return
    facts = {
        "tags": report.found,
        "taken over before": report.settled,
        "new tasks in the queue": report.tasks,
        "faces marked invalid": report.edits,
        "faces and images dropped": report.verdicts,
        "not understood": report.strange,
    }
    console.print_facts(f"Review of {report.run}", facts)


def doctor_command(
    part: Annotated[
        str | None, typer.Argument(help="Only this part; fails if it is missing.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """What works on this machine, and how to mend the rest. Example: `curator doctor`."""
    from curator.cli.doctor import examine
    from curator.errors import ConfigError

    every = examine()
    if part is not None and part not in every:
        raise ConfigError(f"there is no part {part!r}; known: {', '.join(every)}")
    shown = every if part is None else {part: every[part]}
    if json:
        console.print_json(shown)
    else:
        rows = [(name, "works" if said is None else said) for name, said in shown.items()]
        console.print_table("This machine", ("part", ""), rows)
    if part is not None and shown[part] is not None:
        raise typer.Exit(4)
