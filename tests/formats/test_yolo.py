"""YOLO: shares of the image, empty label files, classes, and other people's data.yaml."""

from __future__ import annotations

import io

import numpy as np
import pytest
import supervision
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from curator.errors import ConfigError, FormatError
from curator.formats import ClassBy, ExportOptions
from curator.records import Face

FIVE = ((10.0, 10.0), (30.0, 10.0), (20.0, 20.0), (12.0, 30.0), (28.0, 30.0))
FACE = Face(box=(8.0, 6.0, 40.0, 36.0), landmarks=FIVE, visibility=(2, 2, 1, 2, 0), scheme="5")
DATA = "train: images/train\nval: images/val\nnames: {0: face}\n"


@pytest.fixture
def dataset(tmp_path, write_text):
    """A dataset as anybody makes one: an image of 200 x 100 pixels, its label, data.yaml."""

    def _dataset(label, data=DATA, image="images/train/a.jpg"):
        file = tmp_path / "set" / image
        file.parent.mkdir(parents=True, exist_ok=True)
        Pillow.new("RGB", (200, 100)).save(file)
        write_text("set/labels/train/a.txt", label)
        (tmp_path / "set/images/val").mkdir(parents=True, exist_ok=True)
        return write_text("set/data.yaml", data)

    return _dataset


def test_numbers_are_shares_of_the_image(make, export_to):
    samples = [make("0--Parade/a.jpg", [FACE], size_wh=(64, 48)), make("b.jpg", split="val")]
    folder, report = export_to("yolo", samples)
    # (8 + 40) / 2 / 64, (6 + 36) / 2 / 48, 32 / 64, 30 / 48
    assert (folder / "labels/train/0--Parade__a.txt").read_text() == (
        "0 0.375000 0.437500 0.500000 0.625000\n"
    )
    assert (folder / "labels/val/b.txt").read_bytes() == b""
    assert yaml.safe_load((folder / "data.yaml").read_text()) == {
        "path": "",
        "train": "images/train",
        "val": "images/val",
        "names": {0: "face"},
    }
    assert {what: entry.count for what, entry in report.losses.items()} == {
        "folders joined into the file name with __": 1,
        "points not carried": 1,
    }


def test_points_follow_the_box_with_cocos_visibility(make, export_to):
    outside = Face(
        box=FACE.box, landmarks=((-1.0, 5.0), *FIVE[1:]), visibility=(2,) * 5, scheme="5"
    )
    bare = Face(box=FACE.box)
    folder, report = export_to("yolo-pose", [make("a.jpg", [FACE, outside, bare])])
    first, second, third = (folder / "labels/train/a.txt").read_text().splitlines()
    assert first == (
        "0 0.375000 0.437500 0.500000 0.625000 0.156250 0.208333 2 0.468750 0.208333 2 "
        "0.312500 0.416667 1 0.187500 0.625000 2 0.000000 0.000000 0"
    )
    assert second.split()[5:8] == ["0.000000", "0.000000", "0"]
    assert third.split()[5:] == ["0.000000", "0.000000", "0"] * 5
    data = yaml.safe_load((folder / "data.yaml").read_text())
    assert (data["kpt_shape"], data["flip_idx"]) == ([5, 3], [1, 0, 2, 4, 3])
    assert report.losses["point outside the image"].count == 1


def test_boxes_are_clipped_and_those_without_a_part_inside_left_out(make, export_to, read):
    faces = [
        Face(box=(-10.0, -10.0, 32.0, 24.0)),
        Face(box=(20.0, 20.0, 20.0, 30.0)),
        Face(box=(70.0, 10.0, 90.0, 20.0)),
    ]
    folder, report = export_to("yolo", [make("a.jpg", faces, size_wh=(64, 48))])
    assert (folder / "labels/train/a.txt").read_text() == "0 0.250000 0.250000 0.500000 0.500000\n"
    assert report.losses["box clipped to the image"].count == 1
    left_out = report.left_out["face without a box inside the image"]
    assert (left_out.count, left_out.examples) == (2, ("a.jpg",))
    assert report.faces == {"train": 1}


def test_images_of_one_stem_have_a_label_each(make, export_to, read):
    names = ["a.jpg", "a.png", "A.jpg", "x/a.jpg", "y/a.jpg", "x__a.jpg"]
    samples = [make(name, [FACE], split="val" if "y" in name else "train") for name in names]
    folder, report = export_to("yolo", samples)
    images = sorted(path.stem.lower() for path in folder.glob("images/*/*"))
    labels = sorted(path.stem.lower() for path in folder.glob("labels/*/*"))
    assert images == labels
    assert len(set(labels)) == len(names)
    assert report.losses["file name changed"].count == 3
    assert len(read("yolo", folder)) == len(names)


def test_a_class_may_be_a_person(make, export_to, read):
    ada, bob = (Face(box=FACE.box, identity=name) for name in ('Ada: "x" 顔\x7f', "Bob"))
    samples = [make("a.jpg", [bob, ada, FACE]), make("b.jpg", [ada], split="val")]
    folder, report = export_to("yolo", samples, ExportOptions(class_by=ClassBy.IDENTITY))
    assert yaml.safe_load((folder / "data.yaml").read_text())["names"] == {
        0: "Bob",
        1: ada.identity,
    }
    assert [line[0] for line in (folder / "labels/train/a.txt").read_text().splitlines()] == [
        "0",
        "1",
    ]
    assert report.left_out["face of unknown identity"].count == 1
    assert "identity not carried" not in report.losses
    first, second = read("yolo", folder)
    assert [face.identity for face in first.faces] == ["Bob", ada.identity]
    assert [face.identity for face in second.faces] == [ada.identity]


def test_an_option_that_a_format_does_not_know_is_refused(make, export_to):
    with pytest.raises(ConfigError, match="format 'wider' has no option 'class_by'"):
        export_to("wider", [make("a.jpg")], ExportOptions(class_by=ClassBy.IDENTITY))


@pytest.mark.parametrize("name", ["yolo", "yolo-pose"])
def test_supervision_reads_the_same_boxes(make, export_to, name):
    faces = [FACE, Face(box=(1.25, 2.5, 60.5, 44.125))]
    folder, _ = export_to(name, [make("a.png", faces), make("b.png")])
    theirs = supervision.DetectionDataset.from_yolo(
        images_directory_path=str(folder / "images/train"),
        annotations_directory_path=str(folder / "labels/train"),
        data_yaml_path=str(folder / "data.yaml"),
    )
    found = {path.rpartition("/")[2]: detections.xyxy for path, _, detections in theirs}
    assert found["a.png"] == pytest.approx(np.array([face.box for face in faces]), abs=1e-3)
    assert len(found["b.png"]) == 0


def test_yolo5face_lines_are_read(dataset, read):
    label = "0 0.5 0.5 0.1 0.2 0.45 0.45 0.55 0.45 -1 -1 0.46 0.55 0.54 0.55\n"
    first, *_ = read("yolo-pose", dataset(label))
    (face,) = first.faces
    assert face.box == pytest.approx((90, 40, 110, 60))
    assert face.visibility == (2, 2, 0, 2, 2)
    assert face.landmarks[1] == pytest.approx((110, 45))
    bare = "0 0.5 0.5 0.1 0.2" + " -1" * 10
    first, *_ = read("yolo-pose", dataset(bare))
    assert first.faces[0].landmarks is None


def test_sizes_are_of_the_image_as_displayed(dataset, read, tmp_path):
    data = dataset("0 0.5 0.5 1 1\n")
    exif = Pillow.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Pillow.new("RGB", (200, 100)).save(buffer, "JPEG", exif=exif)
    (tmp_path / "set/images/train/a.jpg").write_bytes(buffer.getvalue())
    (image,) = read("yolo", data)
    assert image.faces[0].box == (0.0, 0.0, 100.0, 200.0)


@pytest.mark.parametrize(
    ("name", "line", "reason"),
    [
        ("yolo", "0 0.5 0.5 0.1 0.2 0.9", "5 numbers, not 6"),
        ("yolo", "0 0.5 0.5 0.1", "5 numbers, not 4"),
        ("yolo-pose", "0 0.5 0.5 0.1 0.2", "20 or 15 numbers, not 5"),
        ("yolo", "1 0.5 0.5 0.1 0.2", "'1' is no class of"),
        ("yolo", "-1 0.5 0.5 0.1 0.2", "'-1' is no class of"),
        ("yolo", "0 0.5 0.5 x 0.2", "'x' is no number"),
        ("yolo", "0 0.5 0.5 nan 0.2", "not finite"),
        ("yolo", "0 100 50 20 20", "not in shares of the image"),
        ("yolo", "0 0.5 0.5 -0.1 0.2", "not in shares of the image"),
        ("yolo-pose", "0 .5 .5 .1 .2" + " 50 50 2" * 5, "a point is not in shares"),
        ("yolo-pose", "0 .5 .5 .1 .2" + " .5 .5 3" * 5, "v must be 0, 1 or 2, not 3"),
    ],
)
def test_what_breaks_the_format_is_named_with_its_line(dataset, read, name, line, reason):
    pose = " 0.5 0.5 2" * 5 if name == "yolo-pose" else ""
    data = dataset(f"0 0.5 0.5 0.1 0.2{pose}\n\n{line}\n")
    with pytest.raises(FormatError, match=reason) as caught:
        read(name, data)
    assert caught.value.file.endswith("labels/train/a.txt")
    assert caught.value.line == 3


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("train: [", "no YAML"),
        ("{" * 3000, "no YAML"),
        ("- a\n", "names train, val, test"),
        ("names: [face]\n", "it names no images"),
        ("train: images/train\n", "names must list the classes"),
        ("train: images/train\nnames: {0: [face]}\n", "is no class"),
        ("train: images/nowhere\nnames: [face]\n", "there is no images/nowhere"),
        ("train: 7\nnames: [face]\n", "train must name a folder, not 7"),
        ("train: /etc\nnames: [face]\n", "absolute"),
        ("train: ../../etc\nnames: [face]\n", "leaves its folder"),
        ("train: images/train\nval: images/train\nnames: [face]\n", "stands in train and val"),
        ("train: images/train\nkpt_shape: [17, 3]\nnames: [face]\n", "a face has five points"),
        ("train: !!python/object/apply:os.system ['true']\nnames: [f]\n", "no YAML"),
    ],
)
def test_a_data_yaml_that_cannot_be_followed_is_refused(dataset, read, data, reason):
    with pytest.raises(FormatError, match=reason):
        read("yolo", dataset("0 0.5 0.5 0.1 0.2\n", data))


def test_path_of_data_yaml_is_followed_inside_its_folder_only(dataset, read, tmp_path):
    inside = dataset("0 0.5 0.5 0.1 0.2\n")
    moved = inside.rename(tmp_path / "data.yaml")
    moved.write_text(f"path: set\n{DATA}")
    assert [item.name for item in read("yolo", moved)] == ["images/train/a.jpg"]
    elsewhere = tmp_path / "other" / "data.yaml"
    elsewhere.parent.mkdir()
    elsewhere.write_text(f"path: {tmp_path / 'set'}\n{DATA}")
    with pytest.raises(FormatError, match="there is no images/train in"):
        read("yolo", elsewhere)
    assert len(read("yolo", elsewhere, tmp_path / "set")) == 1


def test_a_path_longer_than_a_folder_can_be_named_is_not_followed(dataset, read):
    data = dataset("0 0.5 0.5 0.1 0.2\n")
    data.write_text(f"path: {'9' * 300}\n{DATA}")
    assert [item.name for item in read("yolo", data)] == ["images/train/a.jpg"]


def test_roboflows_layout_is_read(dataset, read, tmp_path):
    data = dataset("0 0.5 0.5 0.1 0.2\n")
    (tmp_path / "set/train").mkdir()
    (tmp_path / "set/images/train").rename(tmp_path / "set/train/images")
    (tmp_path / "set/labels/train").rename(tmp_path / "set/train/labels")
    data.write_text("train: ../train/images\nval:\nnames: ['mask', 'no mask']\n")
    (image,) = read("yolo", data)
    assert (image.name, image.split) == ("train/images/a.jpg", "train")
    assert image.faces[0].attributes == {"class": "mask"}


def test_lists_of_images_are_read(dataset, read, tmp_path):
    data = dataset("0 0.5 0.5 0.1 0.2\n", "train: train.txt\nnames: [face]\n")
    (tmp_path / "set/train.txt").write_text("./images/train/a.jpg\n")
    (image,) = read("yolo", data)
    assert len(image.faces) == 1
    (tmp_path / "set/train.txt").write_text("images/train/../../../a.jpg\n")
    with pytest.raises(FormatError, match=r"train.txt, line 1: .* leaves its folder"):
        read("yolo", data)


def test_an_image_that_is_missing_or_broken_is_named(dataset, read, tmp_path):
    data = dataset("0 0.5 0.5 0.1 0.2\n", "train: train.txt\nnames: [face]\n")
    (tmp_path / "set/train.txt").write_text("images/train/a.jpg\n")
    image = tmp_path / "set/images/train/a.jpg"
    image.write_bytes(b"<html>")
    with pytest.raises(FormatError, match=r"a.jpg: the image of a labelled face is broken"):
        read("yolo", data)
    image.unlink()
    with pytest.raises(FormatError, match=r"a.jpg: the image of a labelled face is missing"):
        read("yolo", data)


def test_labels_without_or_with_two_images_are_named(dataset, read, write_text, tmp_path):
    data = dataset("0 0.5 0.5 0.1 0.2\n")
    write_text("set/labels/train/classes.txt", "face\n")
    assert len(read("yolo", data)) == 1
    write_text("set/labels/train/b.txt", "0 0.5 0.5 0.1 0.2\n")
    with pytest.raises(FormatError, match=r"b.txt: there is no image in images/train"):
        read("yolo", data)
    for suffix in ("jpg", "png"):
        Pillow.new("RGB", (20, 10)).save(tmp_path / f"set/images/train/b.{suffix}")
    with pytest.raises(FormatError, match=r"images/train/b.jpg and images/train/b.png share"):
        read("yolo", data)


def test_an_image_without_a_label_file_shows_no_face(dataset, read, tmp_path):
    data = dataset("0 0.5 0.5 0.1 0.2\n")
    (tmp_path / "set/images/train/zzz.jpg").write_bytes(b"its size is not needed")
    assert [len(item.faces) for item in read("yolo", data)] == [1, 0]


share = st.floats(0, 1, allow_nan=False)


@st.composite
def pointed(draw):
    """A face inside an image of 64 x 48 pixels, at least a hundredth of a pixel large."""
    x_min, y_min = draw(share) * 60, draw(share) * 44
    box = (x_min, y_min, x_min + 0.01 + draw(share) * 3.9, y_min + 0.01 + draw(share) * 3.9)
    seen = tuple(draw(st.lists(st.sampled_from([0, 1, 2]), min_size=5, max_size=5)))
    if not any(seen):
        return Face(box=box)
    points = tuple((draw(share) * 64, draw(share) * 48) if v else (0.0, 0.0) for v in seen)
    return Face(box=box, landmarks=points, visibility=seen, scheme="5")


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(pointed(), max_size=4))
def test_faces_come_back_within_the_sixth_decimal(make, export_to, read, faces):
    folder, _ = export_to("yolo-pose", [make("a.png", faces, size_wh=(64, 48))])
    (image,) = read("yolo-pose", folder)
    assert len(image.faces) == len(faces)
    for found, face in zip(image.faces, faces, strict=True):
        assert found.box == pytest.approx(face.box, abs=64e-6)
        assert found.visibility == face.visibility
        for point, original in zip(found.landmarks or (), face.landmarks or (), strict=True):
            assert point == pytest.approx(original, abs=64e-6)
