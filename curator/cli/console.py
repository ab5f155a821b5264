"""How commands talk: bars and tables for people, ``--json`` for programs, one line for errors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from curator.config import settings
from curator.errors import ConfigError
from curator.progress import Silent
from curator.store.dataset import DATABASE, Dataset, create_dataset, open_dataset

out = Console()
err = Console(stderr=True)

DatasetOption = Annotated[
    Path | None,
    typer.Option(
        "--dataset",
        "-d",
        metavar="DIR",
        help="The dataset folder; without it CURATOR_DATASET, or the folder you are in.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def locate(folder: Path | None) -> Path:
    """The dataset folder that was meant.

    Raises:
        ConfigError: if none was named and we stand in none.
    """
    if folder is not None:
        return folder
    named = settings().dataset
    if named is not None:
        return named
    here = Path.cwd()
    for parent in (here, *here.parents):
        if (parent / DATABASE).is_file():
            return parent
    raise ConfigError(
        "no dataset here; name one with --dataset DIR, or make one with: curator init DIR"
    )


def opened(folder: Path | None) -> Dataset:
    """Open the dataset that was meant.

    Raises:
        NotFound: if it is not there.
    """
    return open_dataset(locate(folder), database_url=settings().database_url)


def opened_or_made(folder: Path | None) -> Dataset:
    """Open the dataset that was meant, or make it where the folder is new or empty."""
    return create_dataset(locate(folder), database_url=settings().database_url)


class Bar:
    """Draws a rich progress bar a stage on stderr."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: Any = None

    def begin(self, stage: str, total: int | None) -> None:
        """A new bar."""
        if self._task is not None:
            self._progress.stop_task(self._task)
        self._task = self._progress.add_task(stage, total=total)

    def advance(self, done: int = 1, note: str = "") -> None:
        """Move the bar."""
        if self._task is not None:
            self._progress.advance(self._task, done)


@contextmanager
def bar() -> Iterator[Bar | Silent]:
    """Progress on stderr while the block runs; silent where nobody watches a terminal."""
    if not err.is_terminal:
        yield Silent()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err) as progress:
        yield Bar(progress)


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    typer.echo(json.dumps(_plain(value), ensure_ascii=False, indent=2))


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on stdout; numbers stand to the right."""
    table = Table(title=title, title_justify="left", title_style="bold")
    rows = [list(row) for row in rows]
    for index, name in enumerate(header):
        numbers = bool(rows) and all(isinstance(row[index], int | float) for row in rows)
        table.add_column(name, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    out.print(table)


def print_facts(title: str, facts: Mapping[str, object]) -> None:
    """A table of two columns, without the lines that have nothing to say."""
    table = Table(title=title, title_justify="left", title_style="bold", show_header=False)
    for name, value in facts.items():
        if value not in ({}, [], (), None, ""):
            table.add_row(name, _cell(value))
    out.print(table)


def say(sentence: str) -> None:
    """A remark for a person, on stderr so that pipes stay clean."""
    err.print(escape(sentence), highlight=False, soft_wrap=True)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M")
    if isinstance(value, Mapping):
        return escape(", ".join(f"{name} {_cell(part)}" for name, part in value.items()))
    return escape(str(value))


def _plain(value: Any) -> Any:
    if hasattr(value, "as_json"):
        return _plain(value.as_json())
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(part) for part in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    return value
