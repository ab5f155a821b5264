"""The tables between point schemes agree with faces that people annotated."""

from __future__ import annotations

import csv
import json
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest

from curator.errors import ConfigError
from curator.schemes import CONVERSIONS, SCHEMES, convert, scheme_of, to_five


@pytest.fixture(scope="module")
def annotated(shared_data):
    """Faces of each scheme as their owners annotated them, arrays of shape (K, 2)."""

    def coco(path):
        content = json.loads((shared_data / path).read_text())
        return [np.reshape(a["keypoints"], (-1, 3))[:, :2] for a in content["annotations"]]

    with (shared_data / "helen/points68.csv").open() as file:
        helen = [np.reshape(np.array(row[1:], float), (-1, 2)) for row in csv.reader(file)]
    return {
        "68": helen,
        "98": coco("landmarks/wflw/test_wflw.json"),
        "106": coco("landmarks/lapa/test_lapa.json"),
    }


def as_points(array):
    return tuple((float(x), float(y)) for x, y in array)


def aligned(shape, onto):
    """The shape turned, scaled and moved onto the other, least squares."""
    a, b = ((s - s.mean(axis=0)) @ [1, 1j] for s in (shape, onto))
    moved = a * (np.vdot(a, b) / np.vdot(a, a))
    return np.stack([moved.real, moved.imag], axis=1) + onto.mean(axis=0)


def mean_shape(shapes):
    mean = shapes[0]
    for _ in range(5):
        mean = np.mean([aligned(shape, mean) for shape in shapes], axis=0)
    return mean


def distance(shape, other, scheme):
    """Of each point, in parts of the distance between the outer corners of the eyes."""
    left, right = SCHEMES[scheme].inter_ocular
    unit = np.linalg.norm(other[left] - other[right])
    return np.linalg.norm(aligned(shape, other) - other, axis=1) / unit


@pytest.mark.parametrize("name", SCHEMES)
def test_every_point_has_one_name_one_mirror_and_one_curve(name):
    scheme = SCHEMES[name]
    assert len(scheme) == int(name) == len(set(scheme.points)) == len(scheme.flip)
    assert all(scheme.flip[scheme.flip[i]] == i for i in range(len(scheme)))
    drawn = [point for curve in scheme.curves for point in curve.points]
    assert sorted(drawn) == list(range(len(scheme)))
    assert scheme_of(len(scheme)) is scheme


def test_a_mirrored_mean_face_is_itself(annotated):
    # 800 portraits: what is left of the asymmetry of single faces is below two per cent.
    mean = mean_shape(annotated["68"])
    mirrored = (mean * [-1, 1])[list(SCHEMES["68"].flip)]
    assert distance(mirrored, mean, "68").max() < 0.02


@pytest.mark.parametrize("name", ["98", "106"])
def test_no_other_pairing_mirrors_a_face_better(annotated, name):
    mean = mean_shape(annotated[name])
    flip = SCHEMES[name].flip
    mirrored = aligned((mean * [-1, 1])[list(flip)], mean)
    assert _swaps_that_fit_better(mirrored, mean) == []


def test_points_of_lapa_fall_on_those_of_wflw(annotated):
    lapa = mean_shape(
        [np.array(convert(as_points(p), (2,) * 106, "106", "98")[0]) for p in annotated["106"]]
    )
    wflw = mean_shape(annotated["98"])
    assert np.median(distance(lapa, wflw, "98")) < 0.12
    assert _swaps_that_fit_better(aligned(lapa, wflw), wflw) == []


def test_points_of_300w_fall_on_those_of_wflw(annotated):
    helen = mean_shape(annotated["68"])
    points, seen = convert(as_points(helen), (2,) * 68, "68", "98")
    known = [i for i, v in enumerate(seen) if v]
    wflw = mean_shape(annotated["98"])[known]
    derived = aligned(np.array(points)[known], wflw)
    unit = np.linalg.norm(wflw[known.index(60)] - wflw[known.index(72)])
    assert np.linalg.norm(derived - wflw, axis=1).max() / unit < 0.16
    assert _swaps_that_fit_better(derived, wflw) == []


def test_contours_of_300w_and_wflw_begin_at_other_heights(annotated):
    # The reason why the table leaves them out: 0 is the height of the eyes, 1 of the mouth.
    def start(shape, name):
        left_eye, right_eye, _, left_mouth, right_mouth = np.array(
            to_five(as_points(shape), (2,) * len(shape), name)[0]
        )
        eyes, mouth = (left_eye + right_eye) / 2, (left_mouth + right_mouth) / 2
        ends = (shape[0] + shape[SCHEMES[name].flip[0]]) / 2
        return (ends - eyes) @ (mouth - eyes) / ((mouth - eyes) @ (mouth - eyes))

    assert start(mean_shape(annotated["68"]), "68") > 0
    assert all(start(shape, "98") < -0.1 for shape in annotated["98"])


def test_what_300w_does_not_have_is_absent_in_wflw():
    points, seen = convert(tuple((i + 1.0, 1.0) for i in range(68)), (2,) * 68, "68", "98")
    absent = {i for i, v in enumerate(seen) if v == 0}
    contour = set(range(33)) - {16}
    lower_brows = {38, 39, 40, 41, 47, 48, 49, 50}
    middle_of_lids = {62, 66, 70, 74}
    pupils = {96, 97}
    assert absent == contour | lower_brows | middle_of_lids | pupils
    assert {points[i] for i in absent} == {(0.0, 0.0)}


def test_hidden_and_absent_points_stay_so():
    seen = [2] * 106
    seen[58], seen[104] = 1, 0
    points = tuple((float(i), 2.0) for i in range(106))
    converted, visibility = convert(points, tuple(seen), "106", "98")
    assert (visibility[55], converted[55]) == (1, (58.0, 2.0))
    assert (visibility[96], converted[96]) == (0, (0.0, 0.0))
    five, visibility = to_five(points, tuple(seen), "106")
    assert visibility == (0, 2, 2, 2, 2)
    assert five[0] == (0.0, 0.0)


def test_an_eye_of_300w_is_as_visible_as_its_least_visible_point():
    points = tuple((float(i), 2.0) for i in range(68))
    seen = [2] * 68
    seen[37], seen[44] = 1, 0
    five, visibility = to_five(points, tuple(seen), "68")
    assert visibility == (1, 0, 2, 2, 2)
    assert five[0] == (38.5, 2.0)


@pytest.mark.parametrize("name", ["68", "98", "106"])
def test_five_points_lie_as_on_a_face(annotated, name):
    heights = []
    for shape in annotated[name]:
        left_eye, right_eye, nose, left_mouth, right_mouth = np.array(
            to_five(as_points(shape), (2,) * len(shape), name)[0]
        )
        across, down = right_eye - left_eye, (left_mouth + right_mouth) - (left_eye + right_eye)
        assert across[0] > 0
        assert across @ (right_mouth - left_mouth) > 0
        heights.append((nose - (left_eye + right_eye) / 2) @ down / (down @ down / 2))
        # In the picture, left is left: the eyes turn clockwise into the mouth.
        assert across[0] * down[1] - across[1] * down[0] > 0
    # The tip of the nose lies between eyes (0) and mouth (1), beyond only in faces that look far
    # up or down.
    assert 0 < min(heights) < max(heights) < 1.2
    assert 0.4 < np.median(heights) < 0.8


def test_eyes_from_outlines_and_from_pupils_agree(annotated):
    # The same eyes as 300-W and as WFLW would have them.
    place = {mix[0]: i for i, mix in enumerate(CONVERSIONS["68", "98"]) if mix}
    for shape in annotated["98"]:
        as_300w = np.zeros((68, 2))
        for point, other in place.items():
            as_300w[point] = shape[other]
        outlines = np.array(to_five(as_points(as_300w), (2,) * 68, "68")[0])
        pupils = np.array(to_five(as_points(shape), (2,) * 98, "98")[0])
        unit = np.linalg.norm(shape[60] - shape[72])
        assert np.linalg.norm(outlines - pupils, axis=1).max() / unit < 0.04


def test_another_owner_of_68_points_numbers_them_alike(shared_data, annotated):
    helen = mean_shape(annotated["68"])
    file = shared_data / "landmarks/dlib_faces/testing_with_face_landmarks.xml"
    faces = [
        np.array([(float(part.get("x")), float(part.get("y"))) for part in box.iter("part")])
        for box in ElementTree.parse(file).iter("box")
    ]
    faces = [face for face in faces if len(face) == 68]
    assert len(faces) > 10
    assert distance(mean_shape(faces), helen, "68").max() < 0.25


def test_a_way_that_is_not_known_is_refused():
    with pytest.raises(ConfigError, match="scheme '5' cannot become scheme '98'"):
        convert(((0.0, 0.0),) * 5, (2,) * 5, "5", "98")
    assert convert(((0.0, 1.0),) * 5, (2,) * 5, "5", "5") == (((0.0, 1.0),) * 5, (2,) * 5)


def _swaps_that_fit_better(shape, onto):
    """Pairs of points that would lie closer to their places if they were exchanged."""
    squared = ((shape[:, None] - onto[None]) ** 2).sum(axis=2)
    return [
        (i, j)
        for i, j in combinations(range(len(shape)), 2)
        if squared[i, j] + squared[j, i] < squared[i, i] + squared[j, j]
    ]
