"""Every error this package raises on purpose, and the exit status of each.

::

    CuratorError              1
    +-- ConfigError           2   a setting, an option or an unknown name
    +-- Forbidden             2   a role does not include what somebody asks for
    +-- InputError            3   a file or value given by the user
    |   +-- FormatError       3   an annotation file: file, line, reason
    +-- MissingExtra          4   an optional library is not installed
    +-- StoreError            5   the dataset folder or its database
    |   +-- SchemaMismatch    5   a database newer than this program
    |   +-- StaleEdit         5   someone else changed the record first
    |   +-- NotFound          5   no such dataset, image, release or run
    +-- SourceError           6   a source of images cannot be read at all
    +-- RunError              7   a detector, trainer or export cannot go on

The failure of one item (an image, a line, a download) is data: a status and a reason.
The failure of a whole run is one of these, raised ``from`` its cause.
"""

from __future__ import annotations

from pathlib import Path


class CuratorError(Exception):
    """Base of all errors a user can understand and act on; its text is one sentence."""

    exit_status = 1


class ConfigError(CuratorError):
    """A setting or option is wrong, or a name is not known."""

    exit_status = 2


class Forbidden(CuratorError):
    """Somebody asks for what their role does not include, or is logged out."""

    exit_status = 2


class InputError(CuratorError):
    """A file or value handed in by the user cannot be used."""

    exit_status = 3


class FormatError(InputError):
    """An annotation file breaks its own format.

    Args:
        reason: What is wrong, without the place.
        file: The file that was read.
        line: The 1-based line number, when there is one.
    """

    def __init__(self, reason: str, *, file: str | Path, line: int | None = None) -> None:
        self.reason = reason
        self.file = str(file)
        self.line = line
        place = self.file if line is None else f"{self.file}, line {line}"
        super().__init__(f"{place}: {reason}")


class MissingExtra(CuratorError):
    """An optional library is needed; the text names the command that installs it."""

    exit_status = 4


class StoreError(CuratorError):
    """The dataset folder or its database cannot be used."""

    exit_status = 5


class SchemaMismatch(StoreError):
    """The database was written by a newer program than this one."""


class StaleEdit(StoreError):
    """The record was changed by someone else since it was read."""


class NotFound(StoreError):
    """No dataset, image, release or run of that name."""


class SourceError(CuratorError):
    """A source of images cannot be read at all."""

    exit_status = 6


class RunError(CuratorError):
    """A detector, trainer or export cannot go on."""

    exit_status = 7
