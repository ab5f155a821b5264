"""One entry of an archive, whatever its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from curator.collect.limits import Limits
from curator.collect.local import Stream
from curator.collect.reasons import Reason, Refusal

# Below this, a small file that unpacks to much more is only a very plain picture.
_BOMB_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Member:
    """A file, link or device in an archive; folders are none.

    Attributes:
        name: As the archive has it, not yet to be trusted.
        problem: Why it is not to be opened, or None.
        open: Starts reading it; raises what its library raises.
    """

    name: str
    problem: Refusal | None
    open: Callable[[], Stream]


def check_ratio(unpacked: int, packed: int, limits: Limits) -> None:
    """Notice what unpacks to far more than it is.

    Raises:
        Refusal: ``bomb``.
    """
    if unpacked > _BOMB_BYTES and unpacked > limits.max_ratio * max(packed, 1):
        raise Refusal(Reason.BOMB, f"{packed:,} bytes unpack to {unpacked:,} and more")
