"""The table carries everything, back and forth and through pandas."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curator.attributes import ATTRIBUTES
from curator.errors import FormatError
from curator.records import Face, FaceStatus, Origin

HEADER = "image,x_min,y_min,x_max,y_max\n"
FULL = Face(
    box=(1.5, -2.25, 30.0, 40.0),
    landmarks=tuple((float(i), i / 3) for i in range(68)),
    visibility=(2,) * 67 + (0,),
    scheme="68",
    attributes={
        "blur": 2,
        "blur_score": 0.25,
        "annotation_level": 5,
        "hat": True,
        "note": 'a,"b"\n',
    },
    score=0.1,
    origin=Origin.DETECTOR,
    status=FaceStatus.CORRECTED,
    identity="Ada Lovelace",
)


def test_everything_comes_back_equal(make, export_to, read):
    sample = make("x/顔 a.jpg", [FULL, Face(box=(0.0, 0.0, 0.0, 0.0))], split="val")
    image = replace(
        sample.image,
        url="https://example.org/a.jpg?x=1,2",
        page_url="https://example.org/",
        title='He said "hi",\r\nthen left',
        licence="CC BY 4.0",
        author="Ada",
        query="faces",
    )
    samples = [replace(sample, image=image), make("none.jpg", split="test")]
    folder, report = export_to("csv", samples)
    first, second = read("csv", folder / "faces.csv")
    assert first.faces == samples[0].faces
    assert (first.name, first.split) == ("x/顔 a.jpg", "val")
    assert first.provenance == {
        "source": "folder",
        "url": image.url,
        "page_url": image.page_url,
        "title": image.title,
        "licence": "CC BY 4.0",
        "author": "Ada",
        "query": "faces",
    }
    assert (second.faces, second.split, second.name) == ((), "test", "none.jpg")
    assert first.path.is_file()
    assert second.path.is_file()
    assert (report.losses, report.left_out) == ({}, {})


def test_pandas_reads_it_and_may_write_it_again(make, export_to, read):
    bare = Face(box=(1.0, 2.0, 3.0, 4.0))
    folder, _ = export_to("csv", [make("a.jpg", [FULL, bare]), make("none.jpg")])
    file = folder / "faces.csv"
    original = read("csv", file)
    table = pd.read_csv(file)
    assert list(table["x_max"][:2]) == [30.0, 3.0]
    assert table["blur"].dtype == float
    assert table["x_min"].isna().tolist() == [False, False, True]
    table.to_csv(file, index=False)
    assert read("csv", file) == original


def test_a_table_with_boxes_only_is_enough(read, write_text):
    file = write_text("mine.csv", HEADER + "a.jpg,1,2,3,4\na.jpg,5,6,7,8\n\nb.jpg,,,,\n")
    first, second = read("csv", file)
    assert first.faces == (Face(box=(1.0, 2.0, 3.0, 4.0)), Face(box=(5.0, 6.0, 7.0, 8.0)))
    assert (second.faces, second.split, second.provenance) == ((), None, {})


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("", 1, "the column image is missing"),
        ("image,x_min,y_min,x_max\n", 1, "the column y_max is missing"),
        (HEADER.replace("image", "image,blurr"), 1, "the column 'blurr' is not known"),
        (HEADER.replace("image", "image,image"), 1, "a column stands there twice"),
        (HEADER + "a.jpg,1,2,3\n", 2, "4 cells, but the header has 5"),
        (HEADER + "a.jpg,1,2,3,x\n", 2, "'x' is no number"),
        (HEADER + "a.jpg,1,2,3,inf\n", 2, "not finite"),
        (HEADER + "a.jpg,1,2,3,\n", 2, "'' is no number"),
        (HEADER + "a.jpg,3,2,1,4\n", 2, "corners of the box are swapped"),
        (HEADER + "a.jpg,1,2,3,4\na.jpg,,,,\n", 3, "'' is no number"),
        (HEADER + "a.jpg,1,2,3,4\nb.jpg,,,,\na.jpg,1,2,3,4\n", 4, "in line 2 already: sort"),
        (HEADER + "../a.jpg,1,2,3,4\n", 2, "leaves its folder"),
        (HEADER + '"a.jpg,1,2,3,4\n', 2, "no CSV"),
        ("split," + HEADER + "dev,a.jpg,1,2,3,4\n", 2, "'dev' is no split"),
        ("split," + HEADER + "val,a.jpg,1,2,3,4\ntest,a.jpg,1,2,3,4\n", 3, "split is not the same"),
        ("pose," + HEADER + "2,a.jpg,1,2,3,4\n", 2, "pose must be 0 to 1, not 2"),
        ("pose," + HEADER + "0.5,a.jpg,1,2,3,4\n", 2, "pose must be 0 to 1, not 0.5"),
        ("status," + HEADER + "fine,a.jpg,1,2,3,4\n", 2, "'fine' is not a valid FaceStatus"),
        ("landmarks," + HEADER + "1 2,a.jpg,1,2,3,4\n", 2, "are not 2 numbers"),
        ("landmarks," + HEADER + "1 2 7,a.jpg,1,2,3,4\n", 2, "v of a landmark must be"),
        ("scheme,landmarks," + HEADER + "5,1 2 2,a.jpg,1,2,3,4\n", 2, "of scheme 5 are not 3"),
        ("attributes," + HEADER + "[1],a.jpg,1,2,3,4\n", 2, "no json object"),
        ("attributes," + HEADER + "{,a.jpg,1,2,3,4\n", 2, "no json"),
        ("attributes," + HEADER + '"{""a"": [1]}",a.jpg,1,2,3,4\n', 2, "'a' is no plain value"),
    ],
)
def test_what_breaks_the_format_is_named_with_its_line(read, write_text, text, line, reason):
    file = write_text("faces.csv", text)
    with pytest.raises(FormatError, match=reason) as caught:
        read("csv", file)
    assert (caught.value.file, caught.value.line) == (str(file), line)


def test_an_attribute_out_of_its_domain_is_left_out_and_counted(make, export_to, read):
    face = Face(box=(0.0, 0.0, 1.0, 1.0), attributes={"pose": 5, "blur": True})
    folder, report = export_to("csv", [make("a.jpg", [face])])
    (image,) = read("csv", folder / "faces.csv")
    assert image.faces[0].attributes == {"blur": 1}
    assert report.losses["attribute pose out of its domain, left out"].count == 1


number = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9)
text = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=9)
plain = st.one_of(st.integers(), st.booleans(), text, number)
known = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from(attribute.domain) if attribute.values else number
        for name, attribute in ATTRIBUTES.items()
    },
)


@st.composite
def any_face(draw):
    x, y = draw(number), draw(number)
    box = (x, y, x + draw(st.floats(0, 1e6)), y + draw(st.floats(0, 1e6)))
    count = draw(st.sampled_from([0, 5, 7, 98]))
    points = seen = scheme = None
    if count:
        points = tuple((draw(number), float(i)) for i in range(count))
        seen = tuple(draw(st.integers(0, 2)) for _ in range(count))
        scheme = str(count)
    free = draw(
        st.dictionaries(text.filter(lambda name: name not in ATTRIBUTES), plain, max_size=3)
    )
    return Face(
        box=box,
        landmarks=points,
        visibility=seen,
        scheme=scheme,
        attributes=free | draw(known),
        score=draw(st.none() | number),
        origin=draw(st.sampled_from(Origin)),
        status=draw(st.sampled_from(FaceStatus)),
        identity=draw(st.none() | text),
    )


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.lists(any_face(), max_size=3), min_size=1, max_size=3))
def test_any_face_comes_back_equal(make, export_to, read, images):
    samples = [make(f"{place}.jpg", own) for place, own in enumerate(images)]
    folder, report = export_to("csv", samples)
    assert [item.faces for item in read("csv", folder / "faces.csv")] == [
        tuple(own) for own in images
    ]
    assert report.losses == {}
