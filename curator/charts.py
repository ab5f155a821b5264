"""Lines as pictures, the same on pages and in reports: no library, no script, any theme."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape

# Okabe and Ito's palette, as in :mod:`curator.drawing`.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
# Legible on white and on black.
_INK = "#7c868c"
_WIDTH, _HEIGHT = 460, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 34

Line = tuple[Sequence[float], Sequence[float]]
"""Values along x and y; a NaN breaks the line."""


def line_chart(
    lines: Mapping[str, Line],
    *,
    x: str,
    y: str = "",
    bounds: tuple[float, float, float, float] | None = None,
    mark: tuple[float, float] | None = None,
) -> str:
    """A figure in HTML with one line a name.

    Args:
        lines: Drawn in this order.
        x: What the horizontal axis is.
        y: What the vertical axis is; the names of the lines are beside them anyway.
        bounds: Least and most x, least and most y; what the lines need without it.
        mark: A point to be ringed.
    """
    least_x, most_x, least_y, most_y = bounds or _bounds(lines)

    def place(at: float, value: float) -> tuple[float, float]:
        right = (at - least_x) / (most_x - least_x) * (_WIDTH - _LEFT - _RIGHT)
        up = (value - least_y) / (most_y - least_y) * (_HEIGHT - _TOP - _BOTTOM)
        return _LEFT + right, _HEIGHT - _BOTTOM - up

    # Between two epochs there is nothing.
    whole = bounds is None and all(float(at).is_integer() for a, _ in lines.values() for at in a)
    parts = [*_grid(least_x, most_x, least_y, most_y, whole=whole), _axis_names(x, y)]
    for (name, (along, values)), colour in zip(lines.items(), _cycle(len(lines)), strict=True):
        for stretch in _stretches(along, values):
            points = " ".join("{:.1f},{:.1f}".format(*place(a, v)) for a, v in stretch)
            parts.append(
                f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2">'
                f"<title>{escape(name)}</title></polyline>"
            )
    if mark is not None:
        centre = place(*mark)
        parts.append(
            f'<circle cx="{centre[0]:.1f}" cy="{centre[1]:.1f}" r="5" fill="none" '
            'stroke="currentColor" stroke-width="2"/>'
        )
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" color="{_INK}" fill="{_INK}" '
        f'font-family="system-ui, sans-serif" font-size="11">{"".join(parts)}</svg>'
    )
    # As an image: pages refuse SVG among their HTML.
    source = f"data:image/svg+xml;base64,{b64encode(drawing.encode()).decode()}"
    said = escape(f"{', '.join(lines)} over {x}", quote=True)
    return f'<figure class="chart"><img src="{source}" alt="{said}">{_legend(lines)}</figure>'


def _bounds(lines: Mapping[str, Line]) -> tuple[float, float, float, float]:
    along = [v for xs, _ in lines.values() for v in xs if math.isfinite(v)] or [0.0, 1.0]
    values = [v for _, ys in lines.values() for v in ys if math.isfinite(v)] or [0.0, 1.0]
    least, most = min(along), max(along)
    low, high = min(0.0, *values), max(values)
    return least, most if most > least else least + 1, low, high if high > low else low + 1


def _stretches(along: Sequence[float], values: Sequence[float]) -> list[list[tuple[float, float]]]:
    """The line without its gaps; a point alone becomes a short dash."""
    found: list[list[tuple[float, float]]] = [[]]
    for at, value in zip(along, values, strict=True):
        if math.isfinite(at) and math.isfinite(value):
            found[-1].append((at, value))
        elif found[-1]:
            found.append([])
    return [one if len(one) > 1 else one * 2 for one in found if one]


def _grid(
    least_x: float, most_x: float, least_y: float, most_y: float, *, whole: bool
) -> list[str]:
    """Lines across at round heights, numbers at both axes."""
    parts = []
    for value in _ticks(least_y, most_y):
        share = (value - least_y) / (most_y - least_y)
        up = _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{up:.1f}" y2="{up:.1f}" '
            'stroke="currentColor" stroke-opacity="0.15"/>'
            f'<text x="{_LEFT - 6}" y="{up + 4:.1f}" text-anchor="end">{_number(value)}</text>'
        )
    for value in _ticks(least_x, most_x, whole=whole):
        share = (value - least_x) / (most_x - least_x)
        right = _LEFT + share * (_WIDTH - _LEFT - _RIGHT)
        parts.append(
            f'<text x="{right:.1f}" y="{_HEIGHT - _BOTTOM + 15}" text-anchor="middle">'
            f"{_number(value)}</text>"
        )
    return parts


def _ticks(least: float, most: float, *, whole: bool = False) -> list[float]:
    """Three to seven round numbers from ``least`` to ``most``, fewer where they are to be whole."""
    raw = (most - least) / 6
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * (1 - 1e-9))
    step = math.ceil(step) if whole else step
    first, last = math.ceil(least / step - 1e-9), math.floor(most / step + 1e-9)
    return [step * place for place in range(first, last + 1)]


def _axis_names(x: str, y: str) -> str:
    named = f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 4}" text-anchor="middle">{escape(x)}</text>'
    if not y:
        return named
    return named + f'<text x="{_LEFT + 4}" y="{_TOP + 2}">{escape(y)}</text>'


def _legend(lines: Mapping[str, Line]) -> str:
    keys = "".join(
        f'<span><i style="background:{colour}"></i>{escape(name)}</span>'
        for name, colour in zip(lines, _cycle(len(lines)), strict=True)
    )
    return f"<figcaption>{keys}</figcaption>"


def _cycle(count: int) -> list[str]:
    return [COLOURS[place % len(COLOURS)] for place in range(count)]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
