"""How the C library treats memory that a step frees: the next step wants the same again."""

from __future__ import annotations

import ctypes

# <malloc.h> of the GNU C library, the only one that has these.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
_NEVER = 2**31 - 1


def keep_freed_memory() -> None:
    """Keep what tensors free instead of giving it back to the system after each of them.

    Giving it back, and being handed it again page by page, cost a quarter of a step on a
    processor. Nothing happens where the C library has no such settings.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, _NEVER)
