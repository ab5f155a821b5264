"""Pascal VOC: the devkit's convention of corners, its lists, and no tricks of XML."""

from __future__ import annotations

import numpy as np
import pytest
import supervision
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curator.errors import FormatError, InputError
from curator.records import Face

# The shape of a devkit annotation; a box that covers a whole image of 353 x 500 pixels ends
# at 353 and 500 and begins at 1.
DEVKIT = """\
<annotation>
  <folder>VOC2012</folder>
  <filename>000001.jpg</filename>
  <size><width>353</width><height>500</height><depth>3</depth></size>
  <segmented>0</segmented>
  <object>
    <name>face</name><pose>Left</pose><truncated>1</truncated><difficult>0</difficult>
    <bndbox><xmin>48</xmin><ymin>240</ymin><xmax>195</xmax><ymax>371</ymax></bndbox>
  </object>
  <object>
    <name>mask</name><pose>Unspecified</pose><difficult>1</difficult>
    <bndbox><xmin>1</xmin><ymin>1</ymin><xmax>353</xmax><ymax>500</ymax></bndbox>
  </object>
</annotation>
"""


@pytest.fixture
def devkit(write_text, tmp_path):
    write_text("voc/Annotations/000001.xml", DEVKIT)
    write_text("voc/ImageSets/Main/train.txt", "000001\n\n")
    return tmp_path / "voc"


def test_corners_are_pixels_from_one_to_the_last_inside(devkit, read):
    (image,) = read("voc", devkit)
    first, second = image.faces
    assert first.box == (47.0, 239.0, 195.0, 371.0)
    assert second.box == (0.0, 0.0, 353.0, 500.0)
    assert first.attributes == {"view": "Left", "truncated": 1, "difficult": 0}
    assert second.attributes == {"class": "mask", "difficult": 1}
    assert (image.name, image.split) == ("000001.jpg", "train")


def test_supervision_reads_the_same_boxes(make, export_to):
    faces = [Face(box=(10.0, 12.0, 30.0, 40.0)), Face(box=(0.0, 0.0, 64.0, 48.0))]
    folder, _ = export_to("voc", [make("x/a.png", faces, size_wh=(64, 48)), make("b.png")])
    theirs = supervision.DetectionDataset.from_pascal_voc(
        images_directory_path=str(folder / "JPEGImages"),
        annotations_directory_path=str(folder / "Annotations"),
    )
    found = {path.rpartition("/")[2]: detections.xyxy for path, _, detections in theirs}
    assert found["x__a.png"] == pytest.approx(np.array([face.box for face in faces]))
    assert len(found["b.png"]) == 0


def test_lists_name_the_images_of_a_split(make, export_to):
    samples = [make("a b.jpg"), make("x/c.jpg", split="val"), make("d.jpg")]
    folder, _ = export_to("voc", samples)
    assert (folder / "ImageSets/Main/train.txt").read_text() == "a b\nd\n"
    assert (folder / "ImageSets/Main/val.txt").read_text() == "x__c\n"


def test_what_has_no_place_is_counted(make, export_to, read):
    face = Face(
        box=(1.4, 2.0, 3.0, 4.0),
        attributes={"view": "Sideways", "truncated": 2, "blur": 1},
        landmarks=((1.0, 1.0),) * 5,
        visibility=(2,) * 5,
        scheme="5",
    )
    folder, report = export_to("voc", [make("a.jpg", [face])])
    assert {what: entry.count for what, entry in report.losses.items()} == {
        "attribute that must be 0 or 1, written as 1": 1,
        "attribute view unknown to VOC, written as Unspecified": 1,
        "box rounded to whole pixels": 1,
        "attribute blur not carried": 1,
        "points not carried": 1,
    }
    (image,) = read("voc", folder)
    assert image.faces[0].box == (1.0, 2.0, 3.0, 4.0)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (DEVKIT, "", "no XML"),
        (DEVKIT, DEVKIT[:200], "no XML"),
        (DEVKIT, DEVKIT.replace("annotation>", "labels>"), "not <annotation>"),
        ("<filename>000001.jpg</filename>", "", "<annotation> has no <filename>"),
        ("000001.jpg", "../../a.jpg", "leaves its folder"),
        ("<xmin>48</xmin>", "", "<object> has no <bndbox/xmin>"),
        ("<xmin>48</xmin>", "<xmin>left</xmin>", "'left' is no number"),
        ("<xmin>48</xmin>", "<xmin>nan</xmin>", "not finite"),
        ("<xmin>48</xmin>", "<xmin>300</xmin>", "corners of the box are swapped"),
        ("<name>face</name>", "<name/>", "<object> has no <name>"),
        ("<difficult>0", "<difficult>maybe", "<difficult> must be 0 or 1, not 'maybe'"),
        ("<annotation>", '<?xml version="1.0" encoding="klingon"?><annotation>', "XML"),
    ],
)
def test_what_breaks_the_format_is_named_with_its_file(devkit, read, old, new, reason):
    file = devkit / "Annotations/000001.xml"
    file.write_text(DEVKIT.replace(old, new, 1))
    with pytest.raises(FormatError, match=reason) as caught:
        read("voc", devkit)
    assert caught.value.file == str(file)


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE a [<!ENTITY n SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a [<!ENTITY a "x"><!ENTITY n "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">',
    ],
)
def test_entities_and_document_types_are_refused(devkit, read, doctype):
    file = devkit / "Annotations/000001.xml"
    file.write_text(doctype + DEVKIT.replace("000001.jpg", "&n;.jpg"))
    with pytest.raises(FormatError, match="DOCTYPE"):
        read("voc", devkit)


def test_an_image_described_or_listed_twice_is_refused(devkit, read, write_text):
    write_text("voc/ImageSets/Main/val.txt", "other\n\n000001\n")
    with pytest.raises(FormatError, match=r"val.txt, line 3: 000001 stands in train too"):
        read("voc", devkit)
    (devkit / "ImageSets/Main/val.txt").unlink()
    write_text("voc/Annotations/2.xml", DEVKIT)
    with pytest.raises(FormatError, match=r"2.xml: 000001.jpg is described by .*000001.xml"):
        read("voc", devkit)


def test_a_folder_that_is_not_there_is_an_input_error(read, tmp_path):
    with pytest.raises(InputError, match="no folder of xml files"):
        read("voc", tmp_path / "nowhere")


whole = st.integers(-5000, 5000)
size = st.integers(0, 5000)
views = st.sampled_from([{}, {"view": "Frontal"}, {"view": "Rear"}])
faces = st.builds(
    lambda x, y, w, h, flags, view: Face(
        box=(float(x), float(y), float(x + w), float(y + h)), attributes=flags | view
    ),
    whole,
    whole,
    size,
    size,
    st.fixed_dictionaries(dict.fromkeys(("truncated", "difficult", "occluded"), st.integers(0, 1))),
    views,
)


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(faces, max_size=4))
def test_whole_boxes_come_back_equal(make, export_to, read, own):
    folder, _ = export_to("voc", [make("a&<b>.jpg", own)])
    (image,) = read("voc", folder)
    assert image.name == "a&<b>.jpg"
    assert image.faces == tuple(own)
