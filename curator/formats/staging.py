"""A folder that appears complete or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Container
from pathlib import Path

from curator.errors import InputError, RunError

# Network file systems without a lock manager: two exports at once are then the user's business.
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EINVAL})


class Staging:
    """Builds a folder under a hidden name beside its target and renames it when complete.

    Whatever interrupts it, a kill included, the target is the old folder, the new one, or
    absent; what was left behind is removed by the next start.

    Args:
        target: The place of the complete folder.

    Attributes:
        build: Where the folder grows, empty after :meth:`begin`.
    """

    def __init__(self, target: Path) -> None:
        self.target = Path(os.path.realpath(target))
        self.build = self.target.with_name(f".{self.target.name}.partial")
        self._old = self.target.with_name(f".{self.target.name}.replaced")
        self._lock: int | None = None

    def begin(self) -> None:
        """Clear what an interrupted start left, and hold the place against another.

        Raises:
            RunError: if another process is building the same folder.
            OSError: if the disk does not allow it.
        """
        self.build.parent.mkdir(parents=True, exist_ok=True)
        self.build.mkdir(exist_ok=True)
        self._lock = os.open(self.build, os.O_RDONLY)
        try:
            self._hold(self._lock)
            if self._old.exists():
                self._undo_or_finish()
            _clear(self.build)
        except BaseException:
            self._release()
            raise

    def complete(self) -> None:
        """Put the folder in place of whatever stands there.

        Raises:
            OSError: if the disk does not allow it; what stood there still does.
        """
        if self.target.exists():
            self.target.rename(self._old)
        try:
            self.build.rename(self.target)
        except OSError:
            if self._old.exists():
                self._old.rename(self.target)
            raise
        self._release()
        # Should this fail, the next start tries again.
        shutil.rmtree(self._old, ignore_errors=True)

    def discard(self) -> None:
        """Remove what was built."""
        shutil.rmtree(self.build, ignore_errors=True)
        self._release()

    def refuse_to_replace(self, known: Container[str]) -> None:
        """Make sure that replacing the target destroys nothing of anybody.

        Args:
            known: The files that may go, as POSIX paths relative to the target.

        Raises:
            InputError: if the target is a file or holds another one.
        """
        if self.target.exists() and not self.target.is_dir():
            raise InputError(f"{self.target} is a file: choose a folder that does not exist yet")
        for folder, _, files in os.walk(self.target):
            for name in files:
                path = Path(folder, name).relative_to(self.target).as_posix()
                # Trainers keep caches of the labels beside them.
                if path not in known and not path.endswith(".cache"):
                    raise InputError(
                        f"{self.target} holds {path}, which no export wrote: "
                        "move it away or choose another folder"
                    )

    def _undo_or_finish(self) -> None:
        """Where a start was killed between the renames of complete(), or after them."""
        if self.target.exists():
            shutil.rmtree(self._old)
        else:
            self._old.rename(self.target)

    def _hold(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as cause:
            raise RunError(f"another export to {self.target} is under way") from cause
        except OSError as cause:
            if cause.errno not in _NO_LOCKS:
                raise

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _clear(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
