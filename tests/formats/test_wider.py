"""WIDER FACE: the owner's numbers go in and come out as they were."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curator.errors import FormatError, InputError
from curator.records import Face, FaceStatus, Origin

# The first stanza as in the readme's example, the second as tools without events write it.
GOLDEN = """\
0--Parade/0_Parade_marchingband_1_95.jpg
3
828 209 56 76 2 0 1 0 0 0
661 258 49 65 0 1 0 1 2 1
706 94 0 1 2 0 0 0 1 0
portrait.jpg
0
0 0 0 0 0 0 0 0 0 0
"""
FILE = "wider_face_split/wider_face_train_bbx_gt.txt"


@pytest.mark.parametrize(
    "source",
    [
        "wider_val/wider_face_val_bbx_gt.txt",
        "train/wider/wider_face_train_bbx_gt.txt",
        "train/grey/bbx_gt.txt",
        "train/masks/bbx_gt.txt",
    ],
)
def test_every_number_of_every_line_of_the_owners_comes_back(
    shared_data, read, as_samples, export_to, source
):
    original = shared_data / source
    samples = as_samples(read("wider", original))
    assert len(samples) > 250
    folder, report = export_to("wider", samples)
    (written,) = folder.glob("wider_face_split/*.txt")
    assert _rows(written.read_text()) == _rows(original.read_text())
    assert report.losses == {}
    assert report.left_out == {}


def test_the_photos_of_the_owners_are_found(shared_data, read):
    labelled = read("wider", shared_data / "wider_val/wider_face_val_bbx_gt.txt")
    assert len(labelled) == 257
    assert all(item.path.is_file() and item.split == "val" for item in labelled)


def test_each_column_means_what_the_readme_says(read, write_text):
    parade, portrait = read("wider", write_text(FILE, GOLDEN))
    assert parade.name == "0--Parade/0_Parade_marchingband_1_95.jpg"
    assert parade.faces[1] == Face(
        box=(661.0, 258.0, 710.0, 323.0),
        attributes={
            "blur": 0,
            "expression": 1,
            "illumination": 0,
            "invalid": 1,
            "occlusion": 2,
            "pose": 1,
        },
        origin=Origin.IMPORT,
        status=FaceStatus.ACCEPTED,
    )
    assert parade.faces[2].box == (706.0, 94.0, 706.0, 95.0)
    assert (parade.split, portrait.split) == ("train", "train")
    assert portrait.name == "portrait.jpg"
    assert portrait.faces == ()


def test_golden_text_comes_back_letter_by_letter(read, write_text, as_samples, export_to):
    folder, _ = export_to("wider", as_samples(read("wider", write_text(FILE, GOLDEN))))
    assert (folder / FILE).read_text() == GOLDEN
    assert (folder / "WIDER_train/images/portrait.jpg").is_file()


@pytest.mark.parametrize("rest", ["", "next.jpg\n1\n1 2 3 4 0 0 0 0 0 0\n"])
def test_an_image_without_faces_needs_no_line_of_zeros(read, write_text, rest):
    first, *others = read("wider", write_text(FILE, "empty.jpg\n0\n" + rest))
    assert first.faces == ()
    assert [len(item.faces) for item in others] == ([1] if rest else [])


def test_one_face_of_all_zeros_is_a_face(read, write_text, as_samples, export_to):
    text = "0--Parade/0_Parade_Parade_0_275.jpg\n1\n0 0 0 0 0 0 0 0 0 0\n"
    (image,) = labelled = read("wider", write_text(FILE, text))
    assert [face.box for face in image.faces] == [(0.0, 0.0, 0.0, 0.0)]
    folder, _ = export_to("wider", as_samples(labelled))
    assert (folder / FILE).read_text() == text


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a.jpg\n3\n1 2 3 4 0 0 0 0 0 0\n", 3, "ends after 1 of 3 faces of a.jpg"),
        ("a.jpg\n", 1, "ends after the name a.jpg"),
        ("a.jpg\n2\n1 2 3 4 0 0 0 0 0 0\nb.jpg\n", 4, "'b.jpg' is no face, 1 of 2"),
        ("a.jpg\nb.jpg\n", 2, "'b.jpg' stands where the number of faces"),
        ("a.jpg\n-1\n", 2, "number of faces"),
        ("a.jpg\n" + "9" * 5000 + "\n", 2, "number of faces"),
        ("a.jpg\n0\n1 2 3 4 0 0 0 0 0 0\n", 3, "a face follows, but the number"),
        ("a.jpg\n1\n1 2 3 4 0 0 0 0 0\n", 3, "ten numbers, not 9"),
        ("a.jpg\n1\n1 2 3 4 0 0 0 0 0 2\n", 3, "pose must be 0 to 1, not 2"),
        ("a.jpg\n1\n1 2 3 4 0 0 0 2 0 0\n", 3, "invalid must be 0 to 1, not 2"),
        ("a.jpg\n1\n1 2 3 4 3 0 0 0 0 0\n", 3, "blur must be 0 to 2, not 3"),
        ("a.jpg\n1\n1 2 -3 4 0 0 0 0 0 0\n", 3, "negative"),
        ("a.jpg\n1\n1.5 2 3 4 0 0 0 0 0 0\n", 3, "no face"),
        ("a.jpg\n1\n" + "9" * 400 + " 2 3 4 0 0 0 0 0 0\n", 3, "no face"),
        ("a.jpg\n0\n0 0 0 0 0 0 0 0 0 0\na.jpg\n0\n", 4, "a.jpg has a stanza above"),
        ("../a.jpg\n0\n", 1, "leaves its folder"),
        ("b/../../a.jpg\n0\n", 1, "leaves its folder"),
        ("..\\a.jpg\n0\n", 1, "leaves its folder"),
        ("/etc/passwd\n0\n", 1, "absolute"),
        ("C:\\a.jpg\n0\n", 1, "absolute"),
        ("a\0.jpg\n0\n", 1, "no image name"),
    ],
)
def test_what_breaks_the_format_is_named_with_its_line(read, write_text, text, line, reason):
    file = write_text(FILE, text)
    with pytest.raises(FormatError, match=reason) as caught:
        read("wider", file)
    assert (caught.value.file, caught.value.line) == (str(file), line)


def test_a_file_that_is_no_text_is_refused_with_the_line(read, tmp_path):
    file = tmp_path / "gt.txt"
    file.write_bytes(b"a.jpg\n0\n\xff\xd8\xff.jpg\n")
    with pytest.raises(FormatError, match="line 3: the line is not UTF-8"):
        read("wider", file)


def test_a_file_that_is_not_there_is_an_input_error(read, tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read("wider", tmp_path / "gt.txt")


def test_names_of_any_script_come_back(read, write_text, as_samples, export_to):
    text = "6--Begräbnis/顔 ①.jpg\n1\n1 2 3 4 0 0 0 0 0 0\n"
    folder, report = export_to("wider", as_samples(read("wider", write_text(FILE, text))))
    assert (folder / FILE).read_text() == text
    assert report.losses == {}


def test_what_a_column_cannot_say_is_counted(make, export_to):
    faces = [
        Face(box=(1.4, 2.0, 3.0, 4.6), attributes={"blur": 1, "occlusion": 2}),
        Face(box=(1.0, 2.0, 3.0, 4.0), attributes={"blur": 7}, identity="Ada", score=0.5),
    ]
    folder, report = export_to("wider", [make("a.jpg", faces)])
    assert (folder / FILE).read_text() == "a.jpg\n2\n1 2 2 3 1 0 0 0 2 0\n1 2 2 2 0 0 0 0 0 0\n"
    assert {what: entry.count for what, entry in report.losses.items()} == {
        "box rounded to whole pixels": 1,
        "attribute blur out of its domain, written as 0": 1,
        "attribute expression not known, written as 0": 2,
        "attribute illumination not known, written as 0": 2,
        "attribute invalid not known, written as 0": 2,
        "attribute occlusion not known, written as 0": 1,
        "attribute pose not known, written as 0": 2,
        "identity not carried": 1,
        "score not carried": 1,
    }
    assert report.losses["box rounded to whole pixels"].examples == ("a.jpg",)


whole = st.integers(-5000, 5000)
size = st.integers(0, 5000)
attributes = st.fixed_dictionaries(
    {
        "blur": st.integers(0, 2),
        "expression": st.integers(0, 1),
        "illumination": st.integers(0, 1),
        "invalid": st.integers(0, 1),
        "occlusion": st.integers(0, 2),
        "pose": st.integers(0, 1),
    }
)
faces = st.builds(
    lambda x, y, w, h, known: Face(
        box=(float(x), float(y), float(x + w), float(y + h)), attributes=known
    ),
    whole,
    whole,
    size,
    size,
    attributes,
)


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.lists(faces, max_size=4), min_size=1, max_size=3))
def test_whole_boxes_and_attributes_come_back_equal(make, export_to, read, images):
    samples = [make(f"{place}.jpg", own) for place, own in enumerate(images)]
    folder, _ = export_to("wider", samples)
    assert [item.faces for item in read("wider", folder / FILE)] == [tuple(own) for own in images]


def _rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]
