"""How far AP would rise without each kind of mistake, against what the owners' code says.

``tide/*.json`` hold made-up faces and detections (``x_min, y_min, x_max, y_max``, who it is, and
the score), and the gains in AP at IoU 0.5 that ``tidecv`` 1.0.1 found on them, 0..1, by the
names of :class:`curator.records.Mistake`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from curator.evaluate.gains import gains
from curator.evaluate.judging import Photo, judge
from curator.records import Face, Mistake
from tests.evaluate.test_judging import face, found, image

CASES = sorted((Path(__file__).parent / "tide").glob("*.json"))


def read(row: Sequence[Any]) -> Face:
    x_min, y_min, x_max, y_max, who, *score = row
    return Face(box=(x_min, y_min, x_max, y_max), identity=who, score=score[0] if score else None)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_gains_are_those_tide_s_own_code_found(case: Path) -> None:
    kept = json.loads(case.read_text())
    truth, told = (
        [[read(row) for row in rows] for rows in kept[side]] for side in ("labels", "predictions")
    )
    ours = gains(truth, told, people=case.stem == "people")
    theirs = {Mistake(kind): gain for kind, gain in kept["said"].items()}
    assert len(theirs) == len(Mistake)
    # It also names kinds that nobody made, with a gain of 0.
    assert theirs == pytest.approx(dict.fromkeys(theirs, 0.0) | ours, abs=1e-12)


def test_the_gain_of_each_kind_adds_what_it_alone_costs() -> None:
    truth = [[face(0, id=1), face(100, id=2)]]
    told = [[found(300, 0.95), found(0, 0.9)]]
    # Precision 1/2 up to recall 1/2, which are 51 of COCO's 101 recalls.
    before = 51 / 101 / 2
    expected = {Mistake.BACKGROUND: 51 / 101 - before, Mistake.MISSED: 1 / 2 - before}
    assert gains(truth, told) == pytest.approx(expected)
    said = judge([Photo(image=image(1), faces=truth[0], found=told[0])])
    assert said.figures["AP50"] == pytest.approx(before)
    # The kind that costs most first, also those below the working point.
    assert list(said.gains) == [Mistake.BACKGROUND, Mistake.MISSED]


def test_of_several_detections_that_mean_one_face_only_the_best_becomes_right() -> None:
    truth = [[face(0, id=1), face(100, id=2)]]
    # Each a third of face 1; mended, the better one finds it and the other is gone.
    told = [[found(100, 0.9), found(20, 0.8), found(-20, 0.7)]]
    assert gains(truth, told) == pytest.approx({Mistake.LOCALISATION: 1 - 51 / 101})
    # A face that is found already needs no second one.
    again = [[found(100, 0.9), found(0, 0.8), found(20, 0.7)]]
    assert gains(truth, again) == {Mistake.LOCALISATION: 0.0}


def test_nothing_to_find_or_nothing_found_has_no_gain_to_tell() -> None:
    assert gains([[]], [[found(0, 0.9)]]) == {}
    assert gains([[face(0, identity=None)]], [[found(0, 0.9, identity="Ada")]], people=True) == {}
    (missed,) = gains([[face(0)]], [[]]).items()
    assert missed[0] is Mistake.MISSED
    assert math.isnan(missed[1])
