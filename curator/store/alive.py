"""Which runs somebody works on: a lock on a file a run, let go by the system with its process.

A process that is killed can write nothing any more, but its locks end with it, at once and
however it ended. So a run that says it is running and that nobody holds was left behind.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

# What a file system says that knows no locks: then nobody can tell.
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EINVAL})


class Holds:
    """The runs that this process works on.

    Args:
        folder: Where a file a run lies.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[int, int] = {}

    def take(self, run_id: int) -> None:
        """Work on a run until :meth:`close` or the end of the process; others may too.

        Call it before anybody can read that the run is running.

        Raises:
            OSError: if the folder cannot be written.
        """
        if run_id in self._files:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._file(run_id), os.O_RDWR | os.O_CREAT, 0o644)
        self._files[run_id] = descriptor
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        except OSError as cause:
            if cause.errno not in _NO_LOCKS:
                raise

    def is_taken(self, run_id: int) -> bool:
        """Whether any process works on a run, this one included."""
        try:
            descriptor = os.open(self._file(run_id), os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False

    def close(self) -> None:
        """Work on none any more."""
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files.clear()

    def _file(self, run_id: int) -> Path:
        return self._folder / f"run-{run_id}.lock"
