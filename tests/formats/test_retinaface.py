"""RetinaFace's label.txt: points, hidden points, absent points, the score of sharpness."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curator.errors import FormatError
from curator.records import Face

# Lines of the owner's train/label.txt: a face with points, one without, one with hidden points.
GOLDEN = """\
# 0--Parade/0_Parade_marchingband_1_849.jpg
449 330 122 149 488.906 373.643 0.0 542.089 376.442 0.0 515.031 412.83 0.0 485.174 425.893 0.0 \
538.357 431.491 0.0 0.82
# 0--Parade/0_Parade_marchingband_1_799.jpg
78 221 7 8 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 -1.0 0.2
78 238 14 17 84.188 244.607 1.0 89.527 244.491 1.0 86.973 247.857 1.0 85.116 250.643 1.0 \
88.482 250.643 1.0 0.36
113 212 11 15 117.0 220.0 0.0 122.0 220.0 0.0 119.0 222.0 0.0 118.0 225.0 0.0 122.0 225.0 0.0 0.3
"""
POINTS = "1.5 2.5 0.0 3.5 2.5 0.0 2.5 3.5 0.0 1.5 4.5 0.0 3.5 4.5 0.0"


def test_owners_lines_are_understood(read, write_text):
    one, several = read("retinaface", write_text("train/label.txt", GOLDEN))
    (face,) = one.faces
    assert (one.name, one.split) == ("0--Parade/0_Parade_marchingband_1_849.jpg", "train")
    assert face.box == (449.0, 330.0, 571.0, 479.0)
    assert face.landmarks == (
        (488.906, 373.643),
        (542.089, 376.442),
        (515.031, 412.83),
        (485.174, 425.893),
        (538.357, 431.491),
    )
    assert (face.visibility, face.scheme) == ((2, 2, 2, 2, 2), "5")
    assert face.attributes == {"blur_score": 0.82}
    without, hidden, _ = several.faces
    assert (without.landmarks, without.visibility, without.scheme) == (None, None, None)
    assert without.attributes == {"blur_score": 0.2}
    assert hidden.visibility == (1, 1, 1, 1, 1)


def test_owners_lines_come_back_letter_by_letter(read, write_text, as_samples, export_to):
    folder, report = export_to(
        "retinaface", as_samples(read("retinaface", write_text("train/label.txt", GOLDEN)))
    )
    assert (folder / "train/label.txt").read_text() == GOLDEN
    assert (folder / "train/images/0--Parade/0_Parade_marchingband_1_849.jpg").is_file()
    assert report.losses == {}


def test_short_forms_and_images_without_faces_are_read(read, write_text):
    text = f"# a.jpg\n1 2 3 4\n1 2 3 4 {POINTS.replace(' 0.0', '')} 0.5\n\n# b.jpg\n# c.jpg\n"
    first, second, third = read("retinaface", write_text("label.txt", text))
    assert first.split is None
    assert first.faces[0] == Face(box=(1.0, 2.0, 4.0, 6.0))
    assert first.faces[1].visibility == (2, 2, 2, 2, 2)
    assert first.faces[1].attributes == {"blur_score": 0.5}
    assert (second.faces, third.faces) == ((), ())


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("1 2 3 4\n", 1, "before the first '# name'"),
        ("# a.jpg\n1 2 3\n", 2, "20 numbers, or 4 without points, not 3"),
        (f"# a.jpg\n1 2 3 4 {POINTS} 0.5 7\n", 2, "not 21"),
        (f"# a.jpg\n1 2 3 4 {POINTS} high\n", 2, "'high' is no number"),
        (f"# a.jpg\n1 2 3 nan {POINTS} 0.5\n", 2, "not finite"),
        (f"# a.jpg\n1 2 -3 4 {POINTS} 0.5\n", 2, "negative"),
        (f"# a.jpg\n1 2 3 4 {POINTS.replace('0.0', '0.5', 1)} 0.5\n", 2, "v must be 0, 1 or"),
        (f"# a.jpg\n1 2 3 4 -1 -1 0.0 {POINTS[12:]} 0.5\n", 2, "has v -1, not 0"),
        ("# a.jpg\n# a.jpg\n", 2, "a.jpg has a stanza above"),
        ("#\n", 1, "no image name"),
        ("# ../../a.jpg\n", 1, "leaves its folder"),
    ],
)
def test_what_breaks_the_format_is_named_with_its_line(read, write_text, text, line, reason):
    file = write_text("label.txt", text)
    with pytest.raises(FormatError, match=reason) as caught:
        read("retinaface", file)
    assert (caught.value.file, caught.value.line) == (str(file), line)


def test_other_schemes_are_reduced_to_five_and_counted(make, export_to, read):
    points = tuple((float(i), float(i) / 2) for i in range(98))
    dense = Face(
        box=(0.0, 0.0, 9.5, 9.0),
        landmarks=points,
        visibility=(2,) * 98,
        scheme="98",
        attributes={"blur": 1},
    )
    folder, report = export_to("retinaface", [make("a.jpg", [dense])])
    (image,) = read("retinaface", folder / "train/label.txt")
    assert image.faces[0].landmarks == tuple(points[i] for i in (96, 97, 54, 76, 82))
    assert image.faces[0].box == dense.box
    assert {what: entry.count for what, entry in report.losses.items()} == {
        "points of scheme 98 reduced to five": 1,
        "attribute blur_score not known, written as -1": 1,
        "attribute blur not carried": 1,
    }


coordinate = st.floats(-1e4, 1e4, allow_nan=False).map(lambda value: round(value, 3))
point = st.tuples(coordinate, coordinate).filter(lambda xy: xy != (-1.0, -1.0))


@st.composite
def pointed(draw):
    x, y = draw(st.integers(-99, 999)), draw(st.integers(-99, 999))
    seen = tuple(draw(st.lists(st.sampled_from([0, 1, 2]), min_size=5, max_size=5)))
    box = (float(x), float(y), float(x + draw(st.integers(0, 99))), float(y))
    score = draw(st.floats(0, 1))
    if not any(seen):
        return Face(box=box, attributes={"blur_score": score})
    points = tuple(draw(point) if v else (0.0, 0.0) for v in seen)
    return Face(
        box=box,
        landmarks=points,
        visibility=seen,
        scheme="5",
        attributes={"blur_score": score},
    )


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(pointed(), max_size=4))
def test_points_come_back_exactly(make, export_to, read, faces):
    folder, _ = export_to("retinaface", [make("a.jpg", faces)])
    (image,) = read("retinaface", folder / "train/label.txt")
    assert image.faces == tuple(faces)
