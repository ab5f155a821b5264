"""app and demo: what runs until you stop it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from curator.cli import console
from curator.cli.console import DatasetOption
from curator.cli.demo import run_demo

HostOption = Annotated[
    str, typer.Option(metavar="ADDR", help="Address to listen at; beyond this machine with --team.")
]
PortOption = Annotated[int, typer.Option(min=1, max=65535, help="Of the app, on this machine.")]


def register(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    app.command("app")(app_command)
    app.command("demo")(demo_command)


def app_command(
    dataset: DatasetOption = None,
    port: PortOption = 8501,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open a browser window.")
    ] = True,
    team: Annotated[
        bool, typer.Option("--team", help="Let those in who log in: see curator user.")
    ] = False,
    host: HostOption = "127.0.0.1",
) -> None:
    """Open the app, on 127.0.0.1 unless told otherwise. Example: `curator app -d photos`."""
    from curator.app.serve import serve

    with console.opened_or_made(dataset) as opened:
        folder = opened.folder
    serve(folder, port=port, browser=browser, host=host, team=team)


def demo_command(
    folder: Annotated[
        Path, typer.Option(help="The dataset folder of the demo.", metavar="DIR")
    ] = Path("datasets/demo"),
    app: Annotated[bool, typer.Option("--app/--no-app", help="Open the app at the end.")] = True,
    detector: Annotated[str | None, typer.Option(help="As of: curator detect.")] = None,
    port: PortOption = 8501,
) -> None:
    """Walk the whole loop on real photos, then open the app. Example: `curator demo --no-app`."""
    from curator.app.serve import serve

    run_demo(folder, detector=detector)
    if app:
        serve(folder.resolve(), port=port, browser=True)
