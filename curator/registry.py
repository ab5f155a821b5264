"""Plugin seams: a name maps to a dotted path that is imported on first use.

A registry is a literal dict next to the step it serves. Other packages join through an
entry-point group of the same name (``curator.sources``, ``curator.detectors``,
``curator.formats``, ``curator.trainers``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Generic, TypeVar, cast

from curator.errors import ConfigError, MissingExtra

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a plugin before it is imported.

    Attributes:
        target: Where it lives, ``module:attribute``.
        summary: One line about it.
        extra: The extra of this package that installs what it needs.
        licence: Of the weights it uses, where it is known without opening them.
        variants: What can be chosen within it, the usual choice first; empty where nothing can.
    """

    target: str
    summary: str
    extra: str | None = None
    licence: str | None = None
    variants: tuple[str, ...] = ()


class Registry(Generic[T]):
    """The named plugins of one kind.

    Args:
        kind: The singular noun used in messages, such as ``detector``.
        entries: The plugins of this package; the entry points of the group
            ``curator.<kind>s`` are added to them and cannot replace them.
    """

    def __init__(self, kind: str, entries: Mapping[str, Entry]) -> None:
        self.kind = kind
        self._own = dict(entries)

    def entries(self) -> dict[str, Entry]:
        """All plugins by name, own ones first."""
        others = {
            point.name: Entry(point.value, f"from {point.dist.name if point.dist else 'a plugin'}")
            for point in entry_points(group=f"curator.{self.kind}s")
        }
        return self._own | {name: e for name, e in others.items() if name not in self._own}

    def names(self) -> list[str]:
        """The names that :meth:`load` accepts."""
        return list(self.entries())

    def load(self, name: str) -> T:
        """Import and return one plugin.

        Raises:
            ConfigError: if no plugin has this name (the message lists those that exist).
            MissingExtra: if a library it needs is not installed.
        """
        entry = self.entries().get(name)
        if entry is None:
            known = ", ".join(self.names())
            raise ConfigError(f"unknown {self.kind} {name!r}; known: {known}")
        module, _, attribute = entry.target.partition(":")
        try:
            return cast(T, getattr(import_module(module), attribute))
        except ModuleNotFoundError as cause:
            wanted = f"curator[{entry.extra}]" if entry.extra else cause.name
            raise MissingExtra(
                f"{self.kind} {name!r} needs {cause.name}: pip install '{wanted}'"
            ) from cause
