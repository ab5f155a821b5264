"""TensorBoard's event files of a run whose figures another program writes into a table.

Written by TensorBoard's own package: PyTorch, which has a writer too, is not needed here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

_OWN = "events.out.tfevents.*"
_ACROSS, _SECONDS = "epoch", "time"


class Events:
    """The rows of a table as scalars, one step an epoch.

    A run that goes on writes its table anew from the first row: what an earlier start left is
    replaced, so that no epoch is told twice.

    Args:
        folder: Of the run.
    """

    def __init__(self, folder: Path) -> None:
        for file in folder.glob(_OWN):
            file.unlink(missing_ok=True)
        self._writer = EventFileWriter(str(folder))
        self._told = 0
        self._began = time.time()

    def follow(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Write what is new in the table; everything in it at first."""
        new = rows[self._told :]
        if not new:
            return
        if not self._told:
            self._began -= rows[-1].get(_SECONDS, 0.0)
        for number, row in enumerate(new, self._told + 1):
            values = [
                Summary.Value(tag=name, simple_value=value)
                for name, value in row.items()
                if name not in (_ACROSS, _SECONDS)
            ]
            event = Event(
                wall_time=self._began + row.get(_SECONDS, 0.0),
                step=int(row.get(_ACROSS, number)),
                summary=Summary(value=values),
            )
            self._writer.add_event(event)
        self._writer.flush()
        self._told = len(rows)

    def close(self) -> None:
        """Let go of the file."""
        self._writer.close()
