"""The curve of a run: one row an epoch in a CSV file, the same for TensorBoard."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from curator.errors import RunError
from curator.train.losses import Loss

FILE = "curve.csv"


class Curve:
    """Figures by step; a run that goes on from a checkpoint goes on from its row.

    Args:
        folder: Where ``curve.csv`` and TensorBoard's event files are.
        steps: Rows beyond this step were written by a run that was then killed; they go.

    Raises:
        RunError: if the folder cannot be written.
    """

    def __init__(self, folder: Path, steps: int) -> None:
        self._file = folder / FILE
        self._rows = [row for row in read(folder) if int(row["step"]) <= steps]
        self._board = SummaryWriter(str(folder), purge_step=steps + 1)
        self._write()

    def add(self, step: int, figures: Mapping[str, float]) -> None:
        """One row.

        Raises:
            RunError: if it cannot be written.
        """
        self._rows.append({"step": str(step)} | {k: f"{v:.6g}" for k, v in figures.items()})
        self._write()
        for name, value in figures.items():
            self._board.add_scalar(name, value, step)
        self._board.flush()

    def close(self) -> None:
        """Let go of the files."""
        self._board.close()

    def _write(self) -> None:
        names = dict.fromkeys(name for row in self._rows for name in row)
        partial = self._file.with_suffix(".partial")
        try:
            with partial.open("w", newline="") as out:
                writer = csv.DictWriter(out, list(names) or ["step"], restval="")
                writer.writeheader()
                writer.writerows(self._rows)
            partial.replace(self._file)
        except OSError as cause:
            raise RunError(f"{self._file}: cannot be written ({cause.strerror})") from cause


class Diary:
    """The losses since the last row."""

    def __init__(self) -> None:
        self.count = 0
        self.last = 0.0
        self._sums: dict[str, float] = {}

    def add(self, loss: Loss) -> None:
        """Those of one step."""
        self.count += 1
        self.last = float(loss.total.detach())
        for name in Loss.__slots__:
            value = float(getattr(loss, name).detach())
            self._sums[name] = self._sums.get(name, 0.0) + value

    def means(self) -> dict[str, float]:
        """Mean of each, by name."""
        return {f"loss_{name}": value / self.count for name, value in self._sums.items()}

    def state(self) -> dict[str, float]:
        """Plain numbers, for a checkpoint."""
        return {"count": float(self.count), **self._sums}

    @classmethod
    def of(cls, state: Mapping[str, float]) -> Diary:
        """The diary that :meth:`state` described."""
        diary = cls()
        diary._sums = {name: value for name, value in state.items() if name != "count"}
        diary.count = int(state.get("count", 0))
        return diary


def read(folder: Path) -> list[dict[str, str]]:
    """The rows of a curve, oldest first; none where there is no curve yet."""
    file = folder / FILE
    if not file.is_file():
        return []
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))
