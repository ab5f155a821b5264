"""What a person can choose about an export."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

from curator.errors import ConfigError


class ClassBy(StrEnum):
    """What a class of an exported dataset is."""

    FACE = "face"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """Choices, with what is taken when nobody chooses.

    Attributes:
        class_by: One class ``face``, or one class a person.
    """

    class_by: ClassBy = ClassBy.FACE

    def require(self, known: frozenset[str], format_name: str) -> None:
        """Make sure that no choice would be ignored.

        Raises:
            ConfigError: if something is chosen that the format does not know.
        """
        for option in fields(self):
            if option.name not in known and getattr(self, option.name) != option.default:
                raise ConfigError(f"format {format_name!r} has no option {option.name!r}")


DEFAULT_OPTIONS = ExportOptions()
