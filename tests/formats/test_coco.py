"""COCO: the reference library loads it, evaluates on it, and nothing of a face is lost."""

from __future__ import annotations

import json

import numpy as np
import pytest
import supervision
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from curator.errors import FormatError
from curator.records import Face

FIVE = ((10.0, 10.0), (30.0, 10.0), (20.5, 20.0), (12.0, 30.0), (28.0, 30.0))
FACE = Face(box=(8.0, 6.0, 40.0, 36.5), landmarks=FIVE, visibility=(2, 2, 1, 2, 2), scheme="5")
FILE = "annotations/faces_train.json"
IMAGE = {"id": 7, "file_name": "a.jpg", "width": 64, "height": 48}
ANNOTATION = {"id": 9, "image_id": 7, "category_id": 1, "bbox": [1, 2, 3, 4]}


@pytest.fixture
def exported(make, export_to):
    dense = tuple((float(i), 2.0 * i) for i in range(98))
    faces = [
        FACE,
        Face(box=(1.0, 2.0, 7.0, 9.0), attributes={"blur": 2, "note": "é"}, identity="Ada"),
        Face(box=(0.0, 0.0, 9.0, 9.0), landmarks=dense, visibility=(2,) * 98, scheme="98"),
    ]
    samples = [make("x/a.png", faces), make("b.png"), make("c.png", [FACE], split="val")]
    folder, report = export_to("coco", samples)
    assert (report.losses, report.left_out) == ({}, {})
    return folder


def test_the_reference_library_loads_it(exported):
    coco = COCO(str(exported / FILE))
    assert [image["file_name"] for image in coco.loadImgs(coco.getImgIds())] == [
        "x/a.png",
        "b.png",
    ]
    first, second, third = coco.loadAnns(coco.getAnnIds(imgIds=[1]))
    assert (first["id"], first["image_id"], first["iscrowd"]) == (1, 1, 0)
    assert first["bbox"] == [8.0, 6.0, 32.0, 30.5]
    assert first["area"] == 976.0
    assert first["keypoints"] == [10, 10, 2, 30, 10, 2, 20.5, 20, 1, 12, 30, 2, 28, 30, 2]
    assert first["num_keypoints"] == 5
    assert (second["keypoints"], second["num_keypoints"]) == ([0] * 15, 0)
    assert third["keypoints"][:3] == [96.0, 192.0, 2]
    (category,) = coco.loadCats(coco.getCatIds())
    assert category["keypoints"] == ["left_eye", "right_eye", "nose", "left_mouth", "right_mouth"]


@pytest.mark.parametrize("kind", ["bbox", "keypoints"])
def test_the_truth_judged_by_itself_is_perfect(exported, kind, capsys):
    truth = COCO(str(exported / FILE))
    answers = [annotation | {"score": 1.0} for annotation in truth.dataset["annotations"]]
    judge = COCOeval(truth, truth.loadRes(answers), kind)
    judge.params.kpt_oks_sigmas = np.full(5, 0.05)
    judge.evaluate()
    judge.accumulate()
    judge.summarize()
    assert judge.stats[0] == pytest.approx(1.0)


def test_supervision_reads_the_same_boxes(exported):
    theirs = supervision.DetectionDataset.from_coco(
        images_directory_path=str(exported / "images/train"),
        annotations_path=str(exported / FILE),
    )
    found = {path.rpartition("/")[2]: detections.xyxy for path, _, detections in theirs}
    boxes = [(8.0, 6.0, 40.0, 36.5), (1.0, 2.0, 7.0, 9.0), (0.0, 0.0, 9.0, 9.0)]
    assert found["a.png"] == pytest.approx(np.array(boxes))
    assert len(found["b.png"]) == 0


def test_everything_of_a_face_comes_back(exported, read):
    first, second = read("coco", exported / FILE)
    assert first.faces[0] == FACE
    assert first.faces[1].attributes == {"blur": 2, "note": "é"}
    assert first.faces[1].identity == "Ada"
    assert first.faces[2].scheme == "98"
    assert first.faces[2].landmarks[97] == (97.0, 194.0)
    assert (second.faces, first.split) == ((), "train")
    assert first.path.is_file()


def test_the_official_photos_are_evaluated_on(shared_data, read, as_samples, export_to):
    labelled = read("wider", shared_data / "wider_val/wider_face_val_bbx_gt.txt")
    folder, report = export_to("coco", as_samples(labelled))
    truth = COCO(str(folder / "annotations/faces_val.json"))
    assert len(truth.getImgIds()) == 257
    boxes = [face.box for item in labelled for face in item.faces]
    found = [annotation["bbox"] for annotation in truth.loadAnns(truth.getAnnIds())]
    assert [(x, y, x + w, y + h) for x, y, w, h in found] == boxes
    assert report.losses == {}


def test_files_of_others_are_read(read, write_text, shared_data):
    owners = shared_data / "landmarks/lapa/test_lapa.json"
    (first, second) = read("coco", owners)
    assert first.path.is_file()
    assert first.split == "test"
    assert first.faces[0].box == (388.0, 541.0, 1040.0, 1195.0)
    assert (second.faces[0].scheme, len(second.faces[0].landmarks)) == ("106", 106)


def test_categories_of_others_are_attributes(read, write_text):
    content = {
        "images": [IMAGE],
        "categories": [{"id": 1, "name": "mask"}, {"id": 2, "name": "Face"}],
        "annotations": [
            ANNOTATION,
            ANNOTATION | {"category_id": 2, "iscrowd": 1, "keypoints": [0] * 15},
        ],
    }
    (image,) = read("coco", write_text("val.json", json.dumps(content)))
    masked, crowd = image.faces
    assert masked == Face(box=(1.0, 2.0, 4.0, 6.0), attributes={"class": "mask"})
    assert crowd == Face(box=(1.0, 2.0, 4.0, 6.0), attributes={"iscrowd": 1})
    assert image.split == "val"


def _with(**changes: object) -> dict[str, object]:
    return {"images": [IMAGE], "annotations": [ANNOTATION | changes]}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([], "an object with a list of images"),
        ({"images": {}}, "an object with a list of images"),
        ({"images": [3]}, r"images\[0\]: 'id' is missing"),
        ({"images": [{"id": 1}]}, r"images\[0\]: 'file_name' is missing"),
        ({"images": [IMAGE, IMAGE]}, "the id 7 stands above already"),
        ({"images": [IMAGE, IMAGE | {"id": 8}]}, "a.jpg stands above already, as 7"),
        ({"images": [IMAGE | {"file_name": "../a.jpg"}]}, "leaves its folder"),
        ({"images": [], "annotations": [ANNOTATION]}, r"annotations\[0\]: there is no image 7"),
        ({"images": [IMAGE], "annotations": {}}, "annotations: it is no list"),
        ({"images": [], "annotations": [[]]}, "'image_id' is missing"),
        (_with(bbox=[1, 2, 3]), r"annotations\[0\].bbox: 4 numbers should stand here"),
        (_with(bbox=None), "4 numbers should stand here"),
        (_with(bbox="1234"), "4 numbers should stand here"),
        (_with(bbox=[1, 2, 3, "4"]), "something here is no number"),
        (_with(bbox=[1, 2, 3, float("nan")]), "not finite"),
        (_with(bbox=[1, 2, 3, 10**400]), "too large"),
        (_with(bbox=[1, 2, -3, 4]), "negative"),
        (_with(keypoints=[1, 2, 2] * 17), "51 numbers of keypoints"),
        (_with(keypoints=[1, 2, 3] * 5), "must be 0, 1 or 2"),
        (_with(landmarks={"scheme": "98", "points": [1, 2, 2]}), "3 numbers of keypoints"),
        (_with(attributes=[1]), "the attributes are no object"),
        (_with(attributes={"pose": 2}), "pose must be 0 to 1, not 2"),
        (_with(attributes={"pose": [1]}), "'pose' is no plain value"),
        (_with(identity=7), "the identity is no text"),
        (_with(score="high"), "no number"),
    ],
)
def test_what_breaks_the_format_is_named_with_its_place(read, write_text, content, reason):
    with pytest.raises(FormatError, match=reason):
        read("coco", write_text("a.json", json.dumps(content)))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "9" * 5000, '{"images": [}'])
def test_what_is_no_json_is_refused(read, write_text, text):
    with pytest.raises(FormatError, match=r"a\.json"):
        read("coco", write_text("a.json", text))


number = st.floats(-1e6, 1e6, allow_nan=False)
plain = st.one_of(st.integers(-9, 9), st.booleans(), st.text(max_size=5), number)


@st.composite
def any_face(draw):
    x, y = draw(number), draw(number)
    box = (x, y, x + draw(st.floats(0, 1e5)), y + draw(st.floats(0, 1e5)))
    count = draw(st.sampled_from([0, 5, 68, 98, 106]))
    points = seen = scheme = None
    if count:
        points = tuple((draw(number), float(i)) for i in range(count))
        seen = tuple(draw(st.integers(1, 2)) for _ in range(count))
        scheme = str(count)
    return Face(
        box=box,
        landmarks=points,
        visibility=seen,
        scheme=scheme,
        attributes=draw(st.dictionaries(st.text(max_size=5), plain, max_size=3)),
        score=draw(st.none() | st.floats(0, 1)),
        identity=draw(st.none() | st.text(max_size=9)),
    )


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(any_face(), max_size=3))
def test_faces_of_any_scheme_come_back(make, export_to, read, faces):
    folder, _ = export_to("coco", [make("a.jpg", faces)])
    (image,) = read("coco", folder / FILE)
    for found, face in zip(image.faces, faces, strict=True):
        # Width and height are differences: the last bit of a corner may go.
        assert found.box == pytest.approx(face.box, rel=1e-9, abs=1e-9)
        for name in ("landmarks", "visibility", "scheme", "attributes", "score", "identity"):
            assert getattr(found, name) == getattr(face, name), name
