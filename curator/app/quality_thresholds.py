"""One number of all faces: its histogram, its thresholds, and the faces around them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from curator.app.quality_faces import strip
from curator.app.quality_state import add_rule, move_limit
from curator.app.text import number
from curator.app.threshold import Line, threshold
from curator.quality import MEASURES, Judgement, Rule, Table
from curator.quality.rules import column, names
from curator.store.dataset import Dataset

_SHOWN = 12
_TURNED = ("yaw", "pitch", "roll")


@lru_cache(maxsize=2)
def quantities(table: Table) -> list[str]:
    """What rules can speak of and this table has, scores first."""
    scored = [name.lower() for name, item in MEASURES.items() if item.score is not None]
    order = [*scored, *(f"abs({name})" for name in _TURNED), *names()]
    found = dict.fromkeys(order)
    return [name for name in found if _known(table, name)]


def thresholds(
    dataset: Dataset, table: Table, rules: tuple[Rule, ...], judgement: Judgement
) -> None:
    """Draw them; a line that is let go changes its rule."""
    options = quantities(table)
    spoken = [rule.quantity for rule in rules if rule.quantity in options]
    chosen = st.selectbox(
        "Of all faces",
        options,
        index=options.index(spoken[0]) if spoken else 0,
        format_func=title,
        key="quantity",
    )
    get, unit = column(chosen)
    values = get(table)
    known = np.flatnonzero(np.isfinite(values))
    lines = [rule for rule in rules if rule.quantity == chosen]

    def moved(index: int, value: float) -> None:
        move_limit(lines[index], value)

    threshold(
        values[known],
        [Line(rule.limit, rule.compare in (">", ">="), rule.text) for rule in lines],
        unit=unit,
        key=f"threshold-{chosen}",
        on_move=moved,
    )
    missing = len(values) - len(known)
    if missing:
        st.caption(f"{number(missing)} faces are without this number.")
    if not lines:
        start = float(np.percentile(values[known], 10))
        text = f"{chosen} >= {start:.3g}"
        st.button(f"Add a threshold: {text}", on_click=add_rule, args=(text,))
        _around(dataset, table, values, known, float(np.median(values[known])))
    for rule in lines:
        _around(dataset, table, values, known, rule.limit)


def title(quantity: str) -> str:
    """A quantity as the page calls it, with what it is."""
    for name, component in MEASURES.items():
        if quantity == name.lower() and component.score is not None:
            return f"{name}, score 0 to 100: {component.about}"
        if quantity == component.words:
            unit = f", {component.unit}" if component.unit else ""
            return f"{quantity}{unit}: {component.about}"
    return f"{quantity}, degrees" if quantity.startswith("abs(") else quantity


def _around(
    dataset: Dataset,
    table: Table,
    values: NDArray[np.float64],
    known: NDArray[np.intp],
    limit: float,
) -> None:
    """The faces just below and just above a limit, nearest to it in the middle of both rows."""
    below, above = neighbours(values, known, limit)

    def note(index: int) -> str:
        return f"{values[index]:.4g}"

    left, right = st.columns(2, gap="medium")
    with left:
        strip(dataset, table, below, note, f"Just below {limit:.4g}")
    with right:
        strip(dataset, table, above, note, f"Just above {limit:.4g}")


def neighbours(
    values: NDArray[np.float64], known: NDArray[np.intp], limit: float, count: int = _SHOWN
) -> tuple[list[int], list[int]]:
    """Indices of the nearest values below a limit and at or above it, ascending."""
    low, high = known[values[known] < limit], known[values[known] >= limit]
    if len(low) > count:
        low = low[np.argpartition(-values[low], count)[:count]]
    if len(high) > count:
        high = high[np.argpartition(values[high], count)[:count]]
    below = low[np.argsort(values[low], kind="stable")]
    above = high[np.argsort(values[high], kind="stable")]
    return below.tolist(), above.tolist()


def _known(table: Table, quantity: str) -> bool:
    try:
        get, _ = column(quantity)
    except Exception:  # noqa: BLE001 - flags are no numbers
        return False
    return bool(np.isfinite(get(table)).any())
