"""The command line: one verb per stop of the story."""

from curator.cli.main import main

__all__ = ["main"]
