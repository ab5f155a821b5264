from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from msgspec.structs import replace

from curator.evaluate import coco
from curator.evaluate.confusion import NO_FACE, NOT_FOUND, STRANGER
from curator.evaluate.detection import confidence_curve, match
from curator.evaluate.judging import Photo, judge
from curator.evaluate.slices import worst
from curator.records import Face, Image, Match, Mistake

AT = datetime(2026, 1, 2, tzinfo=UTC)
FIVE = ((10.0, 10.0), (30.0, 10.0), (20.0, 20.0), (12.0, 30.0), (28.0, 30.0))


def image(number: int, source: str = "folder") -> Image:
    return Image(
        id=number, sha256=f"{number:064}", phash=None, width=640, height=480, mime="image/jpeg",
        name=f"{number}.jpg", source=source, url="file:///x", fetched_at=AT,
    )  # fmt: skip


def face(x: float, size: float = 40, *, id: int | None = None, **more: object) -> Face:
    return Face(box=(x, 0, x + size, size), id=id, **more)  # type: ignore[arg-type]


def found(x: float, score: float, size: float = 40, **more: object) -> Face:
    return face(x, size, score=score, **more)


def mistakes(matches: list[Match]) -> list[Mistake | None]:
    return [one.mistake for one in matches]


def test_each_kind_of_mistake_is_told_as_tide_defines_it() -> None:
    truth = {1: [face(0, id=1), face(100, id=2), face(200, id=3)]}
    # Right; a second time; 20 of 60 px overlap; 2 of 78 px overlap; nothing near.
    told = [found(0, 0.9), found(2, 0.8), found(120, 0.7), found(238, 0.6), found(400, 0.5)]
    matches = match(truth, {1: told})
    assert mistakes(matches) == [
        None,
        Mistake.DUPLICATE,
        Mistake.LOCALISATION,
        Mistake.BACKGROUND,
        Mistake.BACKGROUND,
        # Face 2 is explained by the detection that lies badly, face 3 was missed.
        None,
        Mistake.MISSED,
    ]


def test_who_it_is_matters_where_people_are_told_apart() -> None:
    truth = {1: [face(0, id=1, identity="Ada"), face(100, id=2, identity="Bob")]}
    told = [
        found(0, 0.9, identity="Bob"),  # Ada taken for Bob
        found(120, 0.8, identity="Ada"),  # a third over Bob, and called Ada
        found(101, 0.7, identity="Bob"),
    ]
    matches = match(truth, {1: told}, people=True)
    assert mistakes(matches) == [Mistake.WRONG_PERSON, Mistake.BOTH, None, None]
    assert [one.expected for one in matches] == [None, None, "Bob", "Ada"]
    # Where nobody asks who it is, two of the three are right.
    assert mistakes(match(truth, {1: told})) == [None, Mistake.LOCALISATION, None]


def test_a_table_tells_who_was_taken_for_whom_and_strangers_are_not_in_the_dataset() -> None:
    faces = [
        face(0, id=1, identity="Ada"),
        face(100, id=2, identity="Bob"),
        face(200, id=3, identity="Zoe"),
        face(300, id=4),
    ]
    told = [
        found(0, 0.9, identity="Ada"),
        found(100, 0.9, identity="Ada"),
        found(200, 0.9, identity="Bob"),
        found(500, 0.9, identity="Bob"),
    ]
    table = judge([Photo(image=image(1), faces=faces, found=told)], confidence=0.5).confusion
    assert table is not None
    assert table.rows == ("Ada", "Bob", STRANGER, NO_FACE)
    assert table.columns == ("Ada", "Bob", STRANGER, NOT_FOUND)
    assert table.counts == ((1, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 1), (0, 1, 0, 0))
    assert table.pairs()[0][2] == 1
    # Zoe was there to learn from: whoever takes her for Bob does not take a stranger for him.
    taught = judge(
        [Photo(image=image(1), faces=faces, found=told)],
        confidence=0.5,
        trained={("person", "Zoe"): 3, ("face size", "large"): 4},
    ).confusion
    assert taught is not None
    assert taught.rows == ("Ada", "Bob", "Zoe", STRANGER, NO_FACE)
    assert taught.counts[2] == (0, 1, 0, 0, 0)
    assert taught.counts[3] == (0, 0, 0, 0, 1)


def test_the_figures_are_coco_s_and_of_people_their_mean() -> None:
    rng = np.random.default_rng(3)
    photos = []
    for number in range(1, 30):
        true = [face(float(x), id=i) for i, x in enumerate(rng.integers(0, 500, 3))]
        told = [
            found(one.box[0] + float(rng.normal(0, 6)), float(rng.random())) for one in true[:2]
        ]
        photos.append(Photo(image=image(number), faces=true, found=told))
    said = judge(photos)
    matches = match({p.image.id: p.faces for p in photos}, {p.image.id: p.found for p in photos})
    np.testing.assert_array_equal(said.curve.f1, confidence_curve(matches).f1)
    truth = [np.array([f.box for f in p.faces]) for p in photos]
    boxes = [np.array([(*f.box, f.score) for f in p.found]) for p in photos]
    expected = coco.evaluate(truth, boxes).summary()
    assert said.figures == pytest.approx(expected, abs=1e-12, nan_ok=True)
    # Ada is always found, Bob never: the mean over people is a half.
    people = [
        Photo(
            image=image(1),
            faces=[face(0, id=1, identity="Ada"), face(100, id=2, identity="Bob")],
            found=[found(0, 0.9, identity="Ada")],
        )
    ]
    assert judge(people).figures["AP50"] == pytest.approx(0.5)


def test_what_nobody_vouches_for_is_neither_right_nor_wrong() -> None:
    true, doubtful = face(0, id=1), face(100, id=2)
    told = [found(0, 0.9), found(100, 0.8)]
    with_it = judge([Photo(image=image(1), faces=[true], others=[doubtful], found=told)])
    assert with_it.working is not None
    assert (with_it.working.precision, with_it.figures["AP"]) == (1, pytest.approx(1))
    without = judge([Photo(image=image(1), faces=[true], found=told)], confidence=0.5)
    assert without.working is not None
    assert without.working.precision == 0.5


def test_the_working_point_is_where_f1_is_best_or_where_asked() -> None:
    # Thresholds 0.9, 0.8, 0.3 have F1 2/3, 1, 4/5.
    photo = Photo(
        image=image(1),
        faces=[face(0, id=1), face(100, id=2)],
        found=[found(0, 0.9), found(100, 0.8), found(300, 0.3)],
    )
    best = judge([photo])
    assert best.working is not None
    assert (best.working.confidence, best.working.f1) == (0.8, 1)
    assert best.mistakes() == {}
    low, high = judge([photo], confidence=0.2), judge([photo], confidence=0.95)
    assert low.mistakes() == {Mistake.BACKGROUND: 1}
    assert high.mistakes() == {Mistake.MISSED: 2}
    assert high.working is not None
    assert high.working.recall == 0


def test_slices_tell_where_faces_are_missed_and_what_there_was_to_learn_from() -> None:
    blurred = {"blur": 2}
    photos = [
        Photo(
            image=image(1, "web"),
            faces=[face(0, 20, id=1, attributes=blurred), face(100, 120, id=2)],
            found=[found(100, 0.9, 120)],
        ),
        Photo(image=image(2), faces=[face(0, 20, id=3)], found=[found(0, 0.9, 20)]),
    ]
    said = judge(photos, trained={("blur", "heavy blur"): 7})
    told = {(s.group, s.name): (s.faces, s.found, s.trained) for s in said.slices}
    assert told == {
        ("face size", "small, 16 to 32 px"): (2, 1, 0),
        ("face size", "large"): (1, 1, 0),
        ("blur", "heavy blur"): (1, 0, 7),
        ("source", "web"): (2, 1, 0),
        ("source", "folder"): (1, 1, 0),
    }
    assert next((s.name, s.recall) for s in worst(said.slices, least=1)) == ("heavy blur", 0)
    assert all(s.missed for s in worst(said.slices, least=1))


def test_point_errors_are_of_found_faces_and_missed_ones_fail() -> None:
    true = face(0, id=1, landmarks=FIVE, visibility=(2,) * 5, scheme="5")
    other = replace(face(100, id=2), landmarks=FIVE, visibility=(2,) * 5, scheme="5")
    moved = tuple((x + 2, y) for x, y in FIVE)
    said = judge(
        [Photo(image=image(1), faces=[true, other], found=[found(0, 0.9, landmarks=moved)])]
    )
    assert said.points is not None
    # Two pixels of the twenty between the eyes.
    assert said.points.mean == pytest.approx(0.1)
    assert (said.points.faces, said.points.missed) == (2, 1)
    assert said.figures["points_AP50"] == pytest.approx(0.5, abs=0.01)


def test_nothing_found_and_nothing_to_find_are_no_errors() -> None:
    none = judge([Photo(image=image(1), faces=[face(0, id=1)])])
    assert none.working is None
    assert none.mistakes() == {Mistake.MISSED: 1}
    assert np.isnan(judge([]).figures["AP"])
    assert np.isnan(judge([Photo(image=image(1), faces=[])]).figures["AP"])
