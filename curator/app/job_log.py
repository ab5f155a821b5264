"""The end of a job's log, as a person would have seen it in a terminal."""

from __future__ import annotations

import re

from curator.jobs.start import log_path
from curator.store.dataset import Dataset

_TAIL_BYTES = 65_536
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


def log_tail(dataset: Dataset, job_id: int) -> list[str]:
    """The last lines of a job's log; none where it has none."""
    try:
        with (dataset.folder / log_path(job_id)).open("rb") as log:
            log.seek(0, 2)
            log.seek(max(log.tell() - _TAIL_BYTES, 0))
            text = log.read().decode(errors="replace")
    except OSError:
        return []
    # Programs paint over their last line where they think somebody watches a terminal.
    painted = [line.rpartition("\r")[2] for line in text.replace("\r\n", "\n").split("\n")]
    return [_CONTROL.sub("", line) for line in painted if line.strip()]
