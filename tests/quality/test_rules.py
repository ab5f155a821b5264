"""Rules read as they are meant, say what is wrong with them, and people win over them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import ConfigError
from curator.quality import PRESETS, Table, judge, parse, preset
from curator.records import Decision, Verdict

NAN = float("nan")


def table(**columns: list[float]) -> Table:
    count = len(next(iter(columns.values())))
    attributes = {name: np.array(columns.pop(name)) for name in ("blur",) if name in columns}
    copies = np.array(columns.pop("copies", [0.0] * count))
    return Table(
        faces=np.arange(1, count + 1),
        images=np.arange(101, 101 + count),
        raw={name: np.array(values, float) for name, values in columns.items()},
        attributes=attributes,
        copies=copies,
        best_copy=copies == 0,
        sources=np.array(["web"] * count, object),
        queries=np.array([""] * count, object),
    )


def decisions(faces: Table, text: str) -> list[str]:
    found = judge(faces, parse(text))
    return [str(found.decision(index)) for index in range(len(faces))]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("face height >= 32 px", ["drop", "keep", "keep"]),
        ("FaceHeight > 32", ["drop", "drop", "keep"]),
        ("abs(yaw) <= 60", ["keep", "drop", "keep"]),
        ("abs( yaw ) <= 60 degrees", ["keep", "drop", "keep"]),
        ("yaw <= 60", ["keep", "keep", "keep"]),
        ("out of frame <= 10 %", ["keep", "drop", "keep"]),
        ("not face height >= 100", ["keep", "keep", "drop"]),
        ("single face", ["keep", "drop", "keep"]),
        ("best copy", ["keep", "keep", "drop"]),
        ("copies = 0", ["keep", "keep", "drop"]),
        ("blur <= 1", ["keep", "ask", "drop"]),
        ("blur <= 1 if known", ["keep", "keep", "drop"]),
        ("ask: face height >= 33", ["ask", "ask", "keep"]),
        # HeadPoseYaw is a score: 100 cos^2.
        ("HeadPoseYaw >= 75", ["keep", "drop", "keep"]),
        ("raw(HeadPoseYaw) < 0", ["drop", "keep", "drop"]),
        ("EyesOpen >= 50", ["ask", "ask", "ask"]),
        ("# nothing", ["keep", "keep", "keep"]),
        ("face height >= 10; ask: single face # why", ["keep", "ask", "keep"]),
    ],
)
def test_a_rule_decides_as_it_reads(rule: str, expected: list[str]) -> None:
    faces = table(
        FaceHeight=[31, 32, 200],
        HeadPoseYaw=[0, -70, 30],
        OutOfFrame=[0.0, 0.2, 0.1],
        FacesInImage=[1, 2, 1],
        blur=[0, NAN, 2],
        copies=[0.0, 0.0, 1.0],
    )
    assert decisions(faces, rule) == expected


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("face heigth >= 32", "did you mean: face height"),
        ("face height", "write it like"),
        ("face height >= x", "write it like"),
        ("face height >= 32 degrees", "is in px, not in degrees"),
        ("Sharpness >= 40 px", "a plain number"),
        ("raw(copies) = 1", "only a measure has a raw number"),
    ],
)
def test_a_rule_that_cannot_be_read_is_told_in_a_sentence(rule: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse(rule)


def test_the_worst_rule_counts_and_every_reason_is_told() -> None:
    faces = table(FaceHeight=[5], HeadPoseYaw=[80])
    found = judge(faces, parse("ask: abs(yaw) <= 60; face height >= 10 px; MouthClosed >= 1"))
    assert found.decision(0) is Decision.DROP
    assert found.reasons(0) == (
        "not abs(yaw) <= 60",
        "not face height >= 10 px",
        "not known: MouthClosed >= 1",
    )


def test_a_person_wins_over_rules_and_on_a_face_over_its_image() -> None:
    faces = table(FaceHeight=[5, 50, 5])
    people = [
        Verdict(image_id=101, face_id=1, decision=Decision.KEEP, user="ada", reasons=("small",)),
        Verdict(image_id=101, decision=Decision.DROP, user="bob"),
        Verdict(image_id=102, decision=Decision.DROP, user="bob"),
    ]
    found = judge(faces, parse("face height >= 10"), people)
    assert [found.decision(i) for i in range(3)] == [Decision.KEEP, Decision.DROP, Decision.DROP]
    assert found.reasons(0) == ("ada decided", "small")
    assert found.counts() == {Decision.KEEP: 1, Decision.ASK: 0, Decision.DROP: 2}


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_read_and_written_back(name: str) -> None:
    rules = parse(preset(name).rules)
    assert rules
    assert parse("; ".join(rule.source for rule in rules)) is not None


@given(st.floats(-1e4, 1e4, allow_nan=False), st.sampled_from(["px", "", "if known"]))
def test_a_moved_limit_reads_back_as_the_number_it_was_moved_to(limit: float, tail: str) -> None:
    (rule,) = parse(f"face height >= 32 {tail}")
    (again,) = parse(rule.moved(limit))
    assert again.limit == pytest.approx(limit, rel=1e-3)
    assert again.optional == rule.optional


def test_percent_stays_percent_when_moved() -> None:
    (rule,) = parse("out of frame <= 10 %")
    assert rule.moved(0.25) == "out of frame <= 25 %"
