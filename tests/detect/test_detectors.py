"""Each detector sees what its owner's own program sees."""

from __future__ import annotations

from collections.abc import Callable
from math import exp
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from curator.detect import Detector
from curator.detect.detector import OnnxDetector
from curator.detect.letterbox import inside
from curator.geometry import flipped, iou
from curator.imaging import decode
from curator.records import Detections
from curator.schemes import SCHEMES
from curator.testing import DetectorContract

Open = Callable[..., Detector]
Rgb = NDArray[np.uint8]

NAMES = ["insightface:scrfd_500m", "insightface:scrfd_2.5g", "retinaface", "yunet"]
# The accurate mode is the same around every detector, and slow.
ALL = [*((name, False) for name in NAMES), ("yunet", True)]


@pytest.fixture(params=ALL, ids=lambda case: f"{case[0]}{' accurate' if case[1] else ''}")
def detector(request: pytest.FixtureRequest, opened: Open) -> Detector:
    return opened(*request.param)


class TestContract(DetectorContract):
    @pytest.fixture(autouse=True)
    def given(self, detector: Detector, t1: Rgb) -> None:
        self._detector = detector
        self._photo = np.ascontiguousarray(t1[:, :640])

    def detector(self) -> Detector:
        return self._detector

    def photo(self) -> Rgb:
        return self._photo


@pytest.mark.parametrize("accurate", [False, True], ids=["plain", "accurate"])
@pytest.mark.parametrize("name", NAMES)
def test_six_people_are_six_faces(name: str, accurate: bool, opened: Open, t1: Rgb) -> None:
    found = opened(name, accurate)(t1)
    assert len(found) == 6
    # One in each place where a person sits, by eye, in pixels of the photo.
    for x, y in [(110, 335), (320, 210), (520, 345), (790, 410), (945, 130), (1175, 335)]:
        left, top, right, bottom = found.boxes.T
        assert ((left < x) & (x < right) & (top < y) & (y < bottom)).sum() == 1


@pytest.mark.parametrize(("pack", "every"), [("scrfd_500m", 1), ("scrfd_2.5g", 2)])
def test_insightface_itself_gives_the_same_boxes_and_points(
    pack: str, every: int, opened: Open, photos: list[Path], shared_models: Path
) -> None:
    from insightface.app import FaceAnalysis

    app = FaceAnalysis(
        name=pack,
        root=str(shared_models / "insightface"),
        allowed_modules=["detection"],
        providers=["CPUExecutionProvider"],
    )
    app.prepare(ctx_id=-1)
    faces = 0
    for photo in photos[::every]:
        expected = app.get(cv2.imread(str(photo)))
        found = opened(f"insightface:{pack}")(decode(photo.read_bytes()))
        assert len(found) == len(expected)
        for face, box, score, points in zip(
            expected, found.boxes, found.scores, found.landmarks, strict=True
        ):
            assert box == pytest.approx(face.bbox, abs=0.01)
            assert points == pytest.approx(face.kps, abs=0.01)
            assert score == pytest.approx(face.det_score, abs=1e-5)
        faces += len(found)
    assert faces > 30


def test_a_size_means_what_insightface_means_by_it(
    opened: Open, t1: Rgb, shared_models: Path
) -> None:
    from insightface.model_zoo import get_model

    file = shared_models / "insightface/models/scrfd_2.5g/det_2.5g.onnx"
    model = get_model(str(file), providers=["CPUExecutionProvider"])
    boxes, points = model.detect(t1[..., ::-1].copy(), input_size=(320, 320))
    found = opened("insightface:scrfd_2.5g", size=320)(t1)
    assert found.boxes == pytest.approx(boxes[:, :4], abs=0.01)
    assert found.landmarks == pytest.approx(points, abs=0.01)


def test_the_file_of_a_pack_gives_the_same_without_insightface(
    opened: Open, t1: Rgb, shared_models: Path
) -> None:
    file = shared_models / "insightface/models/scrfd_500m/det_500m.onnx"
    # 640 x 443 is no multiple of 32, so there is less padding than in insightface's square.
    same = opened("insightface:scrfd_500m")(t1)
    assert_alike(opened(f"scrfd:{file}")(t1), same, pixels=3)


def test_yunet_sees_what_opencv_sees(
    opened: Open, photos: list[Path], shared_models: Path, tmp_path: Path
) -> None:
    detector = opened("yunet")
    file = fixed_to_640(shared_models / "onnx/yunet_n_dynamic.onnx", tmp_path)
    oracle = cv2.FaceDetectorYN.create(str(file), "", (640, 640), 0.5, 0.3)
    faces = 0
    for photo in photos[::2]:
        # Drawn at the size of the network's input, so that nobody resizes.
        image = decode(photo.read_bytes())
        box = inside((image.shape[1], image.shape[0]), (640, 640))
        drawn = np.zeros((640, 640, 3), np.uint8)
        drawn[: box.inner_wh[1], : box.inner_wh[0]] = cv2.resize(image, box.inner_wh)
        rows = oracle.detect(drawn[..., ::-1].copy())[1]
        rows = np.zeros((0, 15), np.float32) if rows is None else rows
        expected = Detections(
            np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1),
            rows[:, 14],
            rows[:, 4:14].reshape(-1, 5, 2),
        )
        # OpenCV suppresses with boxes cut to whole pixels, which can tip a close case.
        found = detector(drawn)
        assert_alike(found, expected, pixels=0.1, missing=1)
        faces += len(found)
    assert faces > 60


def fixed_to_640(file: Path, folder: Path) -> Path:
    """A copy with all sizes written down, since OpenCV 4 reads no other."""
    model = onnx.load(str(file))
    widths = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
    shapes = [(1, 3, 640, 640)]
    for output in model.graph.output:
        kind, stride = output.name.split("_")
        shapes.append((1, (640 // int(stride)) ** 2, widths[kind]))
    for value, shape in zip([*model.graph.input, *model.graph.output], shapes, strict=True):
        for axis, size in zip(value.type.tensor_type.shape.dim, shape, strict=True):
            axis.dim_value = size
    onnx.save(model, str(folder / "fixed.onnx"))
    return folder / "fixed.onnx"


@pytest.mark.parametrize("size", [None, 320])
def test_retinaface_decodes_as_it_was_published(size: int | None, opened: Open, t1: Rgb) -> None:
    detector = opened("retinaface")
    assert isinstance(detector, OnnxDetector)
    (look,) = detector.prepare(t1, size=size)
    height, width = look.tensor.shape[2:]
    offsets, confidences, points = (out[0] for out in detector.infer(look))
    expected_boxes, expected_points, expected_scores = [], [], []
    # Every prior in its own round, in shares of the image, as the authors' prior_box.py and
    # box_utils.py describe it.
    number = 0
    for stride, sides in ((8, (16, 32)), (16, (64, 128)), (32, (256, 512))):
        for row in range(-(-height // stride)):
            for column in range(-(-width // stride)):
                for side in sides:
                    score = confidences[number, 1]
                    if score >= 0.5:
                        cx, cy = (column + 0.5) * stride / width, (row + 0.5) * stride / height
                        w, h = side / width, side / height
                        loc, landm = offsets[number], points[number]
                        x, y = cx + loc[0] * 0.1 * w, cy + loc[1] * 0.1 * h
                        bw, bh = w * exp(loc[2] * 0.2), h * exp(loc[3] * 0.2)
                        expected_boxes.append([x - bw / 2, y - bh / 2, x + bw / 2, y + bh / 2])
                        expected_points.append(
                            [
                                [cx + landm[k] * 0.1 * w, cy + landm[k + 1] * 0.1 * h]
                                for k in range(0, 10, 2)
                            ]
                        )
                        expected_scores.append(score)
                    number += 1
    assert number == len(confidences)
    found = detector.layout.decode(detector.infer(look), (width, height))
    assert len(found) > 6
    shape = np.array([width, height])
    assert found.scores == pytest.approx(np.array(expected_scores))
    assert found.boxes == pytest.approx(np.array(expected_boxes) * np.tile(shape, 2), abs=0.01)
    assert found.landmarks == pytest.approx(np.array(expected_points) * shape, abs=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_a_mirrored_photo_has_mirrored_faces(name: str, opened: Open, t1: Rgb) -> None:
    detector, width = opened(name), t1.shape[1]
    mirror = detector(np.ascontiguousarray(t1[:, ::-1]))
    back = flipped(mirror, width, SCHEMES["5"].flip)
    # Faces are about 100 pixels wide; a network is not quite symmetric, a swapped eye is far off.
    assert_alike(back, detector(t1), pixels=16)


@pytest.mark.parametrize("name", ["insightface:scrfd_500m", "retinaface"])
def test_weights_exported_for_one_size_see_the_same_at_another(
    name: str, opened: Open, t1: Rgb
) -> None:
    detector = opened(name)
    assert isinstance(detector, OnnxDetector)
    assert detector.network.fixed_wh == (640, 640)
    assert_alike(detector(t1, size=640), detector(t1), pixels=3)
    assert_alike(detector(t1, size=960), detector(t1), pixels=12)


def assert_alike(
    found: Detections, expected: Detections, *, pixels: float, missing: int = 0
) -> None:
    """The same faces, boxes and points no further apart than so many pixels."""
    assert abs(len(found) - len(expected)) <= missing
    if min(len(found), len(expected)) == 0:
        return
    match = iou(expected.boxes, found.boxes).argmax(axis=1)
    boxes = np.abs(found.boxes[match] - expected.boxes).max(axis=1)
    points = np.abs(found.landmarks[match] - expected.landmarks).max(axis=(1, 2))
    assert (np.maximum(boxes, points) > pixels).sum() <= missing
