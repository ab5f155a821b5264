"""Pictures for people: lines where the numbers say, nothing stretched."""

from __future__ import annotations

import numpy as np

from curator.drawing import PAPER, POINTS, PROPOSED, VOUCHED, contact_sheet, draw_faces, shrink
from curator.records import Face, FaceStatus

GREY = np.full((200, 300, 3), 128, np.uint8)


def face(**more: object) -> Face:
    return Face(box=(40, 60, 140, 180), **more)  # type: ignore[arg-type]


def test_a_box_is_drawn_on_its_edges_and_the_original_stays_clean() -> None:
    drawn = draw_faces(GREY, [face(status=FaceStatus.PROPOSED)])
    for y, x in ((60, 90), (180, 90), (120, 40), (120, 140)):
        assert tuple(drawn[y, x]) == PROPOSED
    assert tuple(drawn[120, 90]) == (128, 128, 128)
    assert (GREY == 128).all()


def test_what_people_vouch_for_has_another_colour() -> None:
    assert tuple(draw_faces(GREY, [face()])[60, 90]) == VOUCHED


def test_points_follow_the_scale_and_unlabelled_ones_are_not_drawn() -> None:
    points = ((60.0, 100.0), (120.0, 100.0), (90.0, 130.0), (70.0, 150.0), (110.0, 150.0))
    shown = face(landmarks=points, visibility=(2, 2, 2, 2, 0), scheme="5")
    drawn = draw_faces(GREY[:100, :150], [shown], factor=0.5)
    assert tuple(drawn[50, 30]) == POINTS[0]
    assert tuple(drawn[65, 45]) == POINTS[2]
    assert tuple(drawn[75, 55]) == (128, 128, 128)


def test_shrinking_keeps_the_shape_and_never_enlarges() -> None:
    small, factor = shrink(GREY, 150)
    assert small.shape == (100, 150, 3)
    assert factor == 0.5
    same, factor = shrink(GREY, 1000)
    assert same.shape == GREY.shape
    assert factor == 1.0


def test_a_contact_sheet_has_room_for_all_and_paper_between() -> None:
    sheet = contact_sheet([GREY] * 5, columns=3, cell=60, gap=10)
    assert sheet.shape == (2 * 70 + 10, 3 * 70 + 10, 3)
    assert tuple(sheet[40, 40]) == (128, 128, 128)
    assert tuple(sheet[5, 40]) == PAPER
    assert tuple(sheet[110, 180]) == PAPER
    assert contact_sheet([], columns=3, cell=60).shape[2] == 3
