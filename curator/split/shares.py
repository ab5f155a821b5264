"""Shares of a whole, and the whole numbers that come closest to them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType

from curator.errors import ConfigError

SHARES: Mapping[str, float] = MappingProxyType({"train": 0.80, "val": 0.13, "test": 0.07})


def quotas(count: int, shares: Mapping[str, float] = SHARES) -> dict[str, int]:
    """Divide ``count`` images by largest remainder; ties go to the split named first.

    Raises:
        ConfigError: if a share is negative or the shares do not sum to 1.
    """
    return dict(zip(shares, largest_remainder(count, exact(shares)), strict=True))


def exact(shares: Mapping[str, float]) -> list[Fraction]:
    """The shares as the decimals they were written as, summing to exactly 1.

    Raises:
        ConfigError: if a share is negative or the shares do not sum to 1.
    """
    bad = [name for name, share in shares.items() if not 0 <= share <= 1]
    if bad:
        raise ConfigError(f"the share of {bad[0]} is {shares[bad[0]]}, not between 0 and 1")
    # Through the decimal text: 0.8 as a binary fraction is a little more than 8/10.
    fractions = [Fraction(str(share)) for share in shares.values()]
    total = sum(fractions, Fraction())
    if abs(total - 1) > Fraction(1, 10**6):
        raise ConfigError(f"the shares of {', '.join(shares)} sum to {float(total):g}, not to 1")
    return [share / total for share in fractions]


def largest_remainder(count: int, weights: Sequence[int] | Sequence[Fraction]) -> list[int]:
    """Whole numbers summing to ``count``, in proportion to the weights (Hamilton's method).

    Args:
        count: What to divide.
        weights: Not negative, at least one positive; a weight of 0 always gets 0.
    """
    total = sum(weights)
    wanted = [Fraction(count * weight) / total for weight in weights]
    given = [math.floor(share) for share in wanted]
    by_remainder = sorted(range(len(weights)), key=lambda i: given[i] - wanted[i])
    for i in by_remainder[: count - sum(given)]:
        given[i] += 1
    return given
