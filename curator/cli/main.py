"""The ``curator`` command: its verbs, and how an error becomes one line and an exit status."""

from __future__ import annotations

import gc
import logging
import sys
from typing import Annotated

import typer

from curator import __version__
from curator.cli import (
    collecting,
    evaluating,
    forgetting,
    judging,
    labelling,
    people,
    releasing,
    reviewing,
    serving,
    showing,
    training,
)
from curator.cli.console import say
from curator.errors import CuratorError

app = typer.Typer(
    name="curator",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Collect, label, filter, split and export face datasets.",
    epilog="Start with: `curator init photos` then `curator collect folder ~/Pictures -d photos`",
)
STORY = (
    collecting,
    showing,
    judging,
    labelling,
    people,
    forgetting,
    releasing,
    training,
    evaluating,
    reviewing,
    serving,
)
for module in STORY:
    module.register(app)


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error, and debug logs.")
    ] = False,
) -> None:
    """Options of every command; they stand before the verb."""
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING)


@app.command()
def version() -> None:
    """Print the version. Example: `curator version`."""
    typer.echo(__version__)


def main() -> None:
    """Run the command line; errors of ours are one line on stderr."""
    # Half a million objects of imported modules never become garbage; looking through them again
    # and again cost an export a third of its time.
    gc.freeze()
    try:
        app(standalone_mode=True)
    except CuratorError as error:
        if "--debug" in sys.argv:
            raise
        say(f"curator: {error}")
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        say("curator: interrupted; run the same command again to go on")
        sys.exit(130)
