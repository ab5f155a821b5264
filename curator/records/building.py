"""Frozen records by the hundred thousand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import make_dataclass
from typing import Any, TypeVar, cast

R = TypeVar("R")


def builder(record: type[R], order: Sequence[str]) -> Callable[..., R]:
    """A constructor that takes all fields of a frozen, slotted dataclass in this order.

    The record's own sets each field by ``object.__setattr__``, since plain assignment is
    forbidden: four microseconds for a face, and an export makes half a million of them. This one
    fills a twin that is not frozen, then turns it into the record, in less than one.
    """
    twin: Any = make_dataclass(record.__name__, order, slots=True)

    def build(*values: Any) -> R:
        made: Any = twin(*values)
        made.__class__ = record
        return cast("R", made)

    return build
