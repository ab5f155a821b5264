"""What the Quality page works on: the table of measures, kept while nothing changes, and rules."""

from __future__ import annotations

from functools import lru_cache

import streamlit as st

from curator.app import sentences
from curator.errors import ConfigError
from curator.pipeline.quality import load_table, people_said
from curator.quality import PRESETS, Judgement, Rule, Table, judge, parse
from curator.store import measures
from curator.store.dataset import DATABASE, Dataset

RULES = "quality-rules"
_FIRST = "detection"


def table_of(dataset: Dataset) -> Table:
    """The table of a dataset; read anew only when faces, measures or pairs changed."""
    return _table(dataset, _stamp_of(dataset))


def counts_of(dataset: Dataset) -> tuple[int, int]:
    """How many faces count, and how many of them are measured as they are now."""
    return _counts(dataset, _stamp_of(dataset))


def _stamp_of(dataset: Dataset) -> tuple[int, ...]:
    marks = tuple(
        (file.stat().st_mtime_ns, file.stat().st_size)
        for file in (dataset.folder / DATABASE, dataset.folder / f"{DATABASE}-wal")
        if file.is_file()
    )
    # Counting everything costs a fifth of a second; while the files stay as they are, once.
    return _stamp(dataset, marks) if marks else _stamp.__wrapped__(dataset, marks)


@lru_cache(maxsize=4)
def _stamp(dataset: Dataset, _marks: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    with dataset.read() as connection:
        return measures.stamp(connection)


@lru_cache(maxsize=2)
def _counts(dataset: Dataset, _stamp: tuple[int, ...]) -> tuple[int, int]:
    with dataset.read() as connection:
        return measures.count(connection)


@lru_cache(maxsize=2)
def _table(dataset: Dataset, _stamp: tuple[int, ...]) -> Table:
    return load_table(dataset)


def lines_of(text: str) -> list[str]:
    """Rules as they are shown: one a line."""
    return [line.strip() for line in text.replace(";", "\n").splitlines() if line.strip()]


def rules_form() -> tuple[Rule, ...]:
    """Draw where rules are written; return them, or those before where they cannot be read."""
    st.session_state.setdefault(RULES, "\n".join(lines_of(PRESETS[_FIRST].rules)))
    st.selectbox(
        "Start from",
        list(PRESETS),
        index=None,
        placeholder="rules for a purpose",
        format_func=lambda name: f"{name}: {PRESETS[name].about}",
        key="quality-preset",
        on_change=_take_preset,
    )
    text = st.text_area(
        "Rules, one a line",
        key=RULES,
        height=190,
        help="Such as: face height >= 32 px, Sharpness >= 40, abs(yaw) <= 60, single face, "
        "best copy. With ask: before it a rule asks a person instead of dropping.",
    )
    try:
        rules = parse(text)
    except ConfigError as error:
        sentences.tell(error)
        return tuple(st.session_state.get("quality-read", ()))
    st.session_state["quality-read"] = rules
    return rules


def judgement_of(dataset: Dataset, table: Table, rules: tuple[Rule, ...]) -> Judgement:
    """The verdicts as they are now."""
    return judge(table, rules, people_said(dataset))


def move_limit(rule: Rule, value: float) -> None:
    """Write a rule anew with another limit."""
    lines = lines_of(st.session_state[RULES])
    changed = [rule.moved(value) if line == rule.source else line for line in lines]
    st.session_state[RULES] = "\n".join(changed)


def add_rule(text: str) -> None:
    """One more rule."""
    st.session_state[RULES] = "\n".join([*lines_of(st.session_state[RULES]), text])


def _take_preset() -> None:
    name = st.session_state["quality-preset"]
    if name is not None:
        st.session_state[RULES] = "\n".join(lines_of(PRESETS[name].rules))
