"""The ``curator`` command: its verbs, and how an error becomes one line and an exit status."""

from __future__ import annotations

import gc
import logging
import sys
from importlib import import_module
from typing import Annotated

import typer

from curator import __version__
from curator.cli.console import say
from curator.errors import CuratorError

STORY = {
    "collecting": ("init", "collect", "import", "detect"),
    "showing": ("show",),
    "judging": ("measure", "filter", "duplicates"),
    "labelling": ("queue", "agreement"),
    "people": ("user",),
    "forgetting": ("forget", "optout"),
    "releasing": ("split", "release", "compare", "verify", "export"),
    "training": ("teach", "train"),
    "evaluating": ("evaluate",),
    "reviewing": ("review", "doctor"),
    "serving": ("app", "demo"),
}
"""The modules of this room, and the verbs that each registers."""


def command_line(verb: str | None = None) -> typer.Typer:
    """The commands of all verbs, or those of the module that has this one.

    A module imports what its verbs work with, so one verb alone starts in half the time of all.
    """
    app = typer.Typer(
        name="curator",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="markdown",
        pretty_exceptions_enable=False,
        help="Collect, label, filter, split and export face datasets.",
        epilog="Start with: `curator init photos` then "
        "`curator collect folder ~/Pictures -d photos`",
    )
    asked = [name for name, verbs in STORY.items() if verb in verbs]
    for name in asked or STORY:
        import_module(f"curator.cli.{name}").register(app)
    app.callback()(options)
    app.command()(version)
    return app


def options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error, and debug logs.")
    ] = False,
) -> None:
    """Options of every command; they stand before the verb."""
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING)


def version() -> None:
    """Print the version. Example: `curator version`."""
    typer.echo(__version__)


def main() -> None:
    """Run the command line; errors of ours are one line on stderr."""
    app = command_line(next((word for word in sys.argv[1:] if not word.startswith("-")), None))
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
