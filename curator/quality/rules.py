"""Rules that decide which faces stay: a small language that reads as it is meant.

::

    face height >= 32 px          a raw number, with its unit if you like
    Sharpness >= 40               a name of the standard: its 0..100 score
    raw(Sharpness) >= 120         its raw number
    abs(yaw) <= 60 degrees
    out of frame <= 10 %
    blur <= 1                     an attribute that people or files gave
    single face                   exactly one face in the image
    best copy                     no other copy of the image is better
    not Grey = 1
    ask: score >= 0.6             broken: a person is to look, instead of dropping it
    EyesOpen >= 50 if known       says nothing about a face that lacks the measure

Rules are separated by ``;`` or line ends; ``#`` begins a remark. A rule about something that
was not measured asks a person.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from curator.attributes import ATTRIBUTES
from curator.errors import ConfigError
from curator.quality.components import MEASURES
from curator.quality.table import Floats, Table
from curator.records import Decision

Bools = NDArray[np.bool_]
Column = Callable[[Table], Floats]

_OPERATORS: dict[str, Callable[[Floats, float], Bools]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_CONDITION = re.compile(
    r"(?P<what>[^<>=!]+?)\s*(?P<op>>=|<=|!=|==?|>|<)\s*"
    r"(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*(?P<unit>[^\d\s].*)?"
)
_NUMBER = re.compile(r"(?:[<>=])\s*(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)")
_FUNCTION = re.compile(r"(?P<name>abs|raw)\s*\((?P<of>.*)\)", re.IGNORECASE)
# How a unit may be written -> the unit of a measure that it stands for.
_UNITS = {
    "px": "px", "pixel": "px", "pixels": "px",
    "deg": "degrees", "degree": "degrees", "degrees": "degrees", "°": "degrees",
    "bits": "bits", "bit": "bits",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        source: As it was written.
        text: The same without the ``ask:``.
        quantity: What it speaks of, as :func:`column` takes it; empty for a flag.
        broken: What becomes of a face that breaks it.
        optional: Says nothing where the measure is absent.
        negated: Broken where the condition holds.
    """

    source: str
    text: str
    quantity: str
    column: Column
    compare: str
    limit: float
    broken: Decision
    optional: bool
    negated: bool

    def moved(self, limit: float) -> str:
        """The same rule with another limit, as text."""
        match = _NUMBER.search(self.source)
        if match is None:
            return self.source
        head, rest = self.source[: match.start("number")], self.source[match.end("number") :]
        value = 100 * limit if rest.lstrip().startswith("%") else limit
        return f"{head}{value:.4g}{rest}"

    def judge(self, table: Table) -> tuple[Bools, Bools]:
        """Which faces break it, and of which it cannot be said; both shape (N,)."""
        values = self.column(table)
        unknown = np.isnan(values)
        held = _OPERATORS[self.compare](values, self.limit)
        broken = ~unknown & (held if self.negated else ~held)
        return broken, np.zeros_like(unknown) if self.optional else unknown


def parse(text: str) -> tuple[Rule, ...]:
    """Read rules.

    Raises:
        ConfigError: names the rule that cannot be read, and why.
    """
    lines = [part.partition("#")[0].strip() for part in re.split(r"[;\n]", text)]
    return tuple(_rule(line) for line in lines if line)


def _rule(line: str) -> Rule:
    rest, broken, optional, negated = line, Decision.DROP, False, False
    if match := re.match(r"(ask|drop)\s*:\s*", rest, re.IGNORECASE):
        broken, rest = Decision(match[1].lower()), rest[match.end() :]
    text = rest
    if match := re.search(r"\s+if\s+known$", rest, re.IGNORECASE):
        optional, rest = True, rest[: match.start()]
    if match := re.match(r"not\s+", rest, re.IGNORECASE):
        negated, rest = True, rest[match.end() :]
    quantity, column, compare, limit = _condition(rest, line)
    return Rule(line, text, quantity, column, compare, limit, broken, optional, negated)


def _condition(text: str, line: str) -> tuple[str, Column, str, float]:
    flag = _FLAGS.get(_plain(text))
    if flag is not None:
        return "", flag, "=", 1.0
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise ConfigError(
            f"rule {line!r}: write it like 'face height >= 32 px', or as one of: "
            f"{', '.join(_FLAGS)}"
        )
    column, unit = _column(match["what"], line)
    limit = float(match["number"])
    written = (match["unit"] or "").strip().lower()
    if written == "%":
        limit /= 100
    elif written and _UNITS.get(written, written) != unit:
        wanted = f"in {unit}" if unit else "a plain number"
        raise ConfigError(f"rule {line!r}: {match['what']} is {wanted}, not in {written}")
    return _plain(match["what"]), column, match["op"].replace("==", "="), limit


def column(quantity: str) -> tuple[Column, str]:
    """How to get the numbers of what a rule can speak of, such as ``abs(yaw)``, and their unit.

    Raises:
        ConfigError: if nothing is called so.
    """
    return _column(quantity, quantity)


def _column(what: str, line: str) -> tuple[Column, str]:
    """How to get the numbers of a quantity, and their unit."""
    function = _FUNCTION.fullmatch(what.strip())
    kind = function["name"].lower() if function else ""
    name = _plain(function["of"] if function else what)
    if name not in _NAMES:
        near = get_close_matches(name, _NAMES, n=3, cutoff=0.5)
        hint = f"; did you mean: {', '.join(near)}" if near else ""
        raise ConfigError(f"rule {line!r}: nothing is called {what.strip()!r}{hint}")
    column, unit = _NAMES[name]
    if kind == "raw":
        column, unit = _raw_column(name, line)
    if kind == "abs":
        return lambda table: np.abs(column(table)), unit
    return column, unit


def _raw_column(name: str, line: str) -> tuple[Column, str]:
    for component in MEASURES.values():
        if name in (_plain(component.name), component.words):
            return _of(component.name, scored=False), component.unit
    raise ConfigError(f"rule {line!r}: only a measure has a raw number, not {name!r}")


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("_", " ").split())


def _of(name: str, *, scored: bool) -> Column:
    return (lambda table: table.scores(name)) if scored else (lambda table: table.values(name))


def _attribute(name: str) -> Column:
    return lambda table: table.attributes.get(name, np.full(len(table), np.nan))


_NAMES: dict[str, tuple[Column, str]] = {
    **{_plain(name): (_attribute(name), "") for name in ATTRIBUTES},
    "copies": (lambda table: table.copies, ""),
    **{c.words: (_of(c.name, scored=False), c.unit) for c in MEASURES.values()},
    **{
        _plain(c.name): (_of(c.name, scored=c.score is not None), "" if c.score else c.unit)
        for c in MEASURES.values()
    },
}
_FLAGS: dict[str, Column] = {
    "single face": lambda table: np.where(
        np.isnan(table.values("FacesInImage")), np.nan, table.values("FacesInImage") == 1
    ),
    "best copy": lambda table: table.best_copy.astype(np.float64),
    "has points": lambda table: (~np.isnan(table.values("ShapeDistance"))).astype(np.float64),
}


def names() -> Sequence[str]:
    """Everything a rule can speak of, as it is written."""
    return [*_NAMES, *_FLAGS]
