"""The Quality page without a browser: empty, to be measured, with rules and thresholds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from curator.app.quality_state import RULES
from curator.app.quality_thresholds import neighbours
from curator.pipeline.measure import MeasureRequest, measure
from curator.progress import Silent

from .conftest import Page, Studio

Started = list[tuple[str, Mapping[str, Any]]]


@pytest.fixture
def measured(filled: Studio) -> Studio:
    measure(filled.dataset, MeasureRequest(pose_network=False), Silent())
    return filled


def test_without_faces_the_page_says_what_to_do(studio: Studio, visit: Callable[..., Page]) -> None:
    assert "Nothing to judge yet" in visit("quality").markdown


def test_unmeasured_faces_are_measured_by_a_job(
    filled: Studio, visit: Callable[..., Page], started: Started
) -> None:
    page = visit("quality")
    page.button("Measure 4 faces").click().run()
    assert started == [("measure", {})]


def test_rules_are_counted_and_a_bad_one_is_told(
    measured: Studio, visit: Callable[..., Page]
) -> None:
    page = visit("quality")
    assert "keep" in page.html
    (area,) = page.app.text_area
    area.set_value("face height >= 30 px").run()
    assert page.component("threshold")["lines"][0]["value"] == 30
    assert "<b>2</b>" in page.html
    area.set_value("face heigth >= 30").run()
    assert any("did you mean" in error.value for error in page.app.error)


@pytest.mark.parametrize(
    "part", ["Verdicts", "Two measures", "Ends", "Sources", "Copies", "Attributes"]
)
def test_every_part_can_be_shown(measured: Studio, visit: Callable[..., Page], part: str) -> None:
    assert not visit("quality", part=part).app.exception


def test_a_preset_takes_the_place_of_the_rules(
    measured: Studio, visit: Callable[..., Page]
) -> None:
    page = visit("quality")
    page.field("Start from").select("wider").run()
    assert "out of frame <= 90 %" in page.app.session_state[RULES]


def test_the_faces_around_a_limit_are_the_nearest_on_either_side() -> None:
    values = np.array([5.0, np.nan, 1.0, 4.0, 2.0, 3.0])
    known = np.flatnonzero(np.isfinite(values))
    assert neighbours(values, known, 3.0, 2) == ([2, 4], [5, 3])
