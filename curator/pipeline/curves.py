"""The curves of training runs, as their trainers write them, read without the trainer."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from curator.errors import ConfigError, InputError
from curator.store.dataset import Dataset

# Of our own trainer, and of Ultralytics.
FILES = ("curve.csv", "results.csv")
_MOST_ROWS = 20_000
_ACROSS = ("epoch", "step")
_KEPT_ASIDE = ("time", "minutes", "lr/", "learning_rate", "step", "epoch", "score_", "confidence")

Told = TypeVar("Told")


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """What a run wrote down epoch by epoch.

    Attributes:
        epochs: Along the axis.
        losses: By name; lower is better. NaN where a row says nothing.
        figures: By name; higher is better.
    """

    epochs: tuple[float, ...]
    losses: Mapping[str, tuple[float, ...]]
    figures: Mapping[str, tuple[float, ...]]

    def line(self, values: Sequence[float]) -> tuple[list[float], list[float]]:
        """The epochs in which one of the curves says something, and what it says there.

        A split is not judged in every epoch: the line goes on to the next one that was.
        """
        told = [(e, v) for e, v in zip(self.epochs, values, strict=True) if not math.isnan(v)]
        return [epoch for epoch, _ in told], [value for _, value in told]


def curves_of(dataset: Dataset, run_name: str) -> Curves | None:
    """The curves of a training run, None where it has written none yet.

    Raises:
        ConfigError: if this cannot be the name of a run.
        InputError: if the file is there and no table.
    """
    if run_name in ("", ".", "..") or set(run_name) & set("/\\:\0"):
        raise ConfigError(f"{run_name!r} is no name of a run")
    file = curve_in(dataset.runs / run_name)
    return None if file is None else read_curves(file)


def curve_in(folder: Path) -> Path | None:
    """The table of epochs in the folder of a run, None where there is none yet."""
    return next((folder / name for name in FILES if (folder / name).is_file()), None)


def read_curves(file: Path) -> Curves | None:
    """The curves in a table; cells that are no number are NaN.

    Raises:
        InputError: if it cannot be read as a table.
    """
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            rows = [row for row, _ in zip(csv.DictReader(lines), range(_MOST_ROWS), strict=False)]
    except (OSError, UnicodeDecodeError, csv.Error) as cause:
        raise InputError(f"{file}: this is no table of a training run") from cause
    if not rows:
        return None
    columns = {
        name.strip(): tuple(_number(row.get(name)) for row in rows) for name in rows[0] if name
    }
    across = next((name for name in _ACROSS if name in columns), None)
    epochs = columns[across] if across else tuple(map(float, range(1, len(rows) + 1)))
    losses, figures = told_of({name: values for name, values in columns.items() if _any(values)})
    return Curves(epochs=epochs, losses=losses, figures=figures)


def told_of(columns: Mapping[str, Told]) -> tuple[dict[str, Told], dict[str, Told]]:
    """Losses and figures among what a trainer writes down, without times, rates and the like."""
    told = {name: v for name, v in columns.items() if not name.startswith(_KEPT_ASIDE)}
    losses = {name: value for name, value in told.items() if "loss" in name}
    return losses, {name: value for name, value in told.items() if name not in losses}


def _number(text: object) -> float:
    try:
        value = float(text) if isinstance(text, str) else math.nan
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _any(values: tuple[float, ...]) -> bool:
    return any(map(math.isfinite, values))
