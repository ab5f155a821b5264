"""WFLW's lists: 98 points, the variant with five, and nothing invented."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curator.errors import FormatError
from curator.records import Face

DENSE = tuple((round(100 + 3.7 * i, 6), round(200 - 1.3 * i, 6)) for i in range(98))
LISTS = "WFLW_annotations/list_{0}pt_rect_attr_train_test/list_{0}pt_rect_attr_{1}.txt"


def line(points, box, attributes, name) -> str:
    """A line as the owner's readme describes it."""
    numbers = " ".join(f"{x:.6f} {y:.6f}" for x, y in points)
    return f"{numbers} {box} {attributes} {name}\n"


GOLDEN = line(DENSE, "101 72 466 201", "0 1 0 1 1 0", "37--Soccer/37_Soccer_soccer_ball_37_45.jpg")


@pytest.fixture
def owners_list(shared_data, write_text):
    """The 98-point truth of the owners in their own layout, four faces on two photos."""
    content = json.loads((shared_data / "landmarks/wflw/test_wflw.json").read_text())
    names = {image["id"]: image["file_name"] for image in content["images"]}
    text = ""
    for annotation in content["annotations"]:
        values = annotation["keypoints"]
        x, y, w, h = map(round, annotation["bbox"])
        points = list(zip(values[::3], values[1::3], strict=True))
        corners = f"{x} {y} {x + w} {y + h}"
        text += line(points, corners, "1 0 1 0 1 1", names[annotation["image_id"]])
    return write_text(LISTS.format(98, "test"), text)


def test_owners_points_come_back_number_for_number(owners_list, read, as_samples, export_to):
    labelled = read("wflw", owners_list)
    assert sorted(len(item.faces) for item in labelled) == [1, 3]
    assert {item.split for item in labelled} == {"test"}
    folder, report = export_to("wflw", as_samples(labelled))
    written = (folder / LISTS.format(98, "test")).read_text().splitlines()
    assert sorted(written) == sorted(owners_list.read_text().splitlines())
    assert all(len(each.split()) == 207 for each in written)
    assert (report.losses, report.left_out) == ({}, {})


def test_owners_points_lie_on_the_face(owners_list, read, shared_data):
    labelled = read("wflw", owners_list, shared_data / "landmarks/wflw")
    for item in labelled:
        assert item.path.is_file()
        for face in item.faces:
            (left, _), (right, _) = face.landmarks[60], face.landmarks[72]
            assert face.box[0] < left < right < face.box[2]
            assert face.landmarks[16][1] > face.landmarks[54][1] > face.landmarks[51][1]


def test_each_column_means_what_the_readme_says(read, write_text):
    (image,) = read("wflw", write_text(LISTS.format(98, "train"), GOLDEN))
    assert (image.name, image.split) == ("37--Soccer/37_Soccer_soccer_ball_37_45.jpg", "train")
    assert image.faces == (
        Face(
            box=(101.0, 72.0, 466.0, 201.0),
            landmarks=DENSE,
            visibility=(2,) * 98,
            scheme="98",
            attributes={
                "pose": 0,
                "expression": 1,
                "illumination": 0,
                "make_up": 1,
                "occlusion": 1,
                "blur": 0,
            },
        ),
    )


def test_faces_of_an_image_are_brought_together(read, write_text):
    other = GOLDEN.replace("37--Soccer/", "other/")
    first, second = read("wflw", write_text("list_98pt_x.txt", GOLDEN + other + GOLDEN))
    assert (len(first.faces), len(second.faces)) == (2, 1)
    assert first.split is None


def test_five_points_have_a_list_of_their_own(make, export_to, read):
    five = Face(
        box=(1.0, 2.0, 30.0, 40.0),
        landmarks=((5.0, 6.0), (15.0, 6.5), (10.0, 12.25), (6.0, 20.0), (14.0, 21.0)),
        visibility=(2, 2, 2, 2, 2),
        scheme="5",
        attributes={"pose": 1, "expression": 0, "illumination": 1, "make_up": 0}
        | {"occlusion": 1, "blur": 0},
    )
    folder, report = export_to("wflw", [make("with space/a b.jpg", [five], split="val")])
    file = folder / LISTS.format(5, "val")
    assert file.read_text() == (
        "5.000000 6.000000 15.000000 6.500000 10.000000 12.250000 6.000000 20.000000 "
        "14.000000 21.000000 1 2 30 40 1 0 1 0 1 0 with space/a b.jpg\n"
    )
    (image,) = read("wflw", file)
    assert image.faces == (five,)
    assert image.path.is_file()
    assert report.losses["face written with five points, without 98"].count == 1


def test_what_cannot_be_written_is_named_and_never_invented(make, export_to):
    ring = tuple((float(i), 1.0) for i in range(106))
    dense = Face(box=(0.0, 0.0, 9.0, 9.0), landmarks=ring[:98], visibility=(2,) * 98, scheme="98")
    lapa = Face(box=(0.0, 0.0, 9.0, 9.0), landmarks=ring, visibility=(1,) * 106, scheme="106")
    contour = Face(box=(0.0, 0.0, 9.0, 9.0), landmarks=ring[:68], visibility=(2,) * 68, scheme="68")
    holed = Face(
        box=(0.0, 0.0, 9.0, 9.0), landmarks=ring[:5], visibility=(2, 2, 0, 2, 2), scheme="5"
    )
    bare = Face(box=(0.4, 0.0, 9.0, 9.0), attributes={"blur": 2})
    folder, report = export_to(
        "wflw",
        [
            make("many.jpg", [dense, lapa, contour, holed, bare]),
            make("bare.jpg", [bare]),
            make("none.jpg"),
        ],
    )
    dense_lines = (folder / LISTS.format(98, "train")).read_text().splitlines()
    five_lines = (folder / LISTS.format(5, "train")).read_text().splitlines()
    assert len(dense_lines) == 2
    # Of 106 points in a row, WFLW's nose base begins at the 58th and its pupils are the last.
    assert [float(value) for value in dense_lines[1].split()[110:112]] == [58.0, 1.0]
    assert [float(value) for value in dense_lines[1].split()[192:196]] == [104.0, 1.0, 105.0, 1.0]
    # Of 68 points in a row: means of 36-41 and 42-47, then 30, 48, 54.
    assert five_lines[0].split()[:10:2] == [
        "38.500000",
        "44.500000",
        "30.000000",
        "48.000000",
        "54.000000",
    ]
    left_out = {why: (entry.count, entry.examples) for why, entry in report.left_out.items()}
    assert left_out == {
        "face without 98 or five points": (3, ("many.jpg", "bare.jpg")),
        "image without a face that can be written": (2, ("bare.jpg", "none.jpg")),
    }
    assert report.images == {"train": 1}
    assert report.faces == {"train": 3}
    assert not (folder / "WFLW_images/none.jpg").exists()
    assert report.losses["hidden point not marked as hidden"].count == 98
    assert report.losses["points of scheme 106 reduced to 98"].count == 1


def test_three_grades_of_wider_become_two_and_are_counted(make, export_to):
    known = {"pose": 1, "expression": 1, "illumination": 1, "make_up": 1}
    face = Face(
        box=(0.0, 0.0, 9.0, 9.0),
        landmarks=DENSE,
        visibility=(2,) * 98,
        scheme="98",
        attributes=known | {"blur": 2, "occlusion": 2},
    )
    folder, report = export_to("wflw", [make("a.jpg", [face])])
    assert (folder / LISTS.format(98, "train")).read_text().split()[-7:-1] == ["1"] * 6
    assert {what: entry.count for what, entry in report.losses.items()} == {
        "attribute blur narrowed to 0 to 1": 1,
        "attribute occlusion narrowed to 0 to 1": 1,
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (GOLDEN.split(" ", 1)[1], "207 fields, not 206"),
        (GOLDEN.replace("100.000000", "left", 1), "'left' is no number"),
        (GOLDEN.replace("100.000000", "inf", 1), "not finite"),
        (GOLDEN.replace(" 0 1 0 1 1 0 ", " 0 1 0 1 2 0 "), "occlusion must be 0 to 1 here"),
        (GOLDEN.replace(" 0 1 0 1 1 0 ", " 2 1 0 1 1 0 "), "pose must be 0 to 1, not 2"),
        (GOLDEN.replace(" 0 1 0 1 1 0 ", " 0.5 1 0 1 1 0 "), "no whole number"),
        (GOLDEN.replace("101 72 466 201", "101 72 46 201"), "corners of the box are swapped"),
        (GOLDEN.replace("37--Soccer/", "../../"), "leaves its folder"),
    ],
)
def test_what_breaks_the_format_is_named_with_its_line(read, write_text, text, reason):
    file = write_text(LISTS.format(98, "train"), GOLDEN + text)
    with pytest.raises(FormatError, match=reason) as caught:
        read("wflw", file)
    assert (caught.value.file, caught.value.line) == (str(file), 2)


def test_a_list_of_another_name_tells_its_layout_by_the_first_line(read, write_text):
    assert len(read("wflw", write_text("mine.txt", GOLDEN))[0].faces[0].landmarks) == 98
    with pytest.raises(FormatError, match="207 fields, or 21 with five points, not 3"):
        read("wflw", write_text("mine.txt", "1 2 a.jpg\n"))


millionths = st.integers(-(10**9), 10**9).map(lambda value: value / 1e6)


@settings(
    max_examples=10,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(millionths, millionths), min_size=98, max_size=98))
def test_points_come_back_to_a_millionth(make, export_to, read, points):
    face = Face(box=(0.0, 0.0, 9.0, 9.0), landmarks=DENSE, visibility=(2,) * 98, scheme="98")
    face = Face(
        box=face.box, landmarks=tuple(points), visibility=face.visibility, scheme=face.scheme
    )
    folder, _ = export_to("wflw", [make("a.jpg", [face])])
    (image,) = read("wflw", folder / LISTS.format(98, "train"))
    assert image.faces[0].landmarks == face.landmarks
