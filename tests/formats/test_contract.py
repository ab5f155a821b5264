"""Every format keeps the contract."""

from __future__ import annotations

from curator.formats import FORMATS
from curator.testing import FormatContract


class TestWider(FormatContract):
    format = FORMATS.load("wider")
    annotations = "wider_face_split/wider_face_{split}_bbx_gt.txt"


class TestRetinaFace(FormatContract):
    format = FORMATS.load("retinaface")
    annotations = "{split}/label.txt"


class TestWflw(FormatContract):
    format = FORMATS.load("wflw")
    annotations = "WFLW_annotations/list_5pt_rect_attr_train_test/list_5pt_rect_attr_{split}.txt"
    keeps_negatives = False


class TestYolo(FormatContract):
    format = FORMATS.load("yolo")
    annotations = "data.yaml"
    box_tolerance = 64 * 1e-6


class TestYoloPose(TestYolo):
    format = FORMATS.load("yolo-pose")


class TestCoco(FormatContract):
    format = FORMATS.load("coco")
    annotations = "annotations/faces_{split}.json"


class TestVoc(FormatContract):
    format = FORMATS.load("voc")
    annotations = "."


class TestCsv(FormatContract):
    format = FORMATS.load("csv")
    annotations = "faces.csv"


def test_no_format_is_forgotten() -> None:
    tested = {contract.format for contract in FormatContract.__subclasses__()}
    tested |= {contract.format for contract in TestYolo.__subclasses__()}
    assert tested == {FORMATS.load(name) for name in FORMATS.names()}
