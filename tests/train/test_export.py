"""The exported graph says what the network says, in a layout that insightface loads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from curator.detect import choose
from curator.train.anchors import anchors_for
from curator.train.export import OUTPUTS, Exported, export_onnx
from curator.train.network import RetinaFaceNetwork


@pytest.fixture(scope="module")
def network() -> RetinaFaceNetwork:
    """Random weights with statistics as after some training."""
    torch.manual_seed(0)
    made = RetinaFaceNetwork()
    with torch.no_grad():
        for _ in range(20):
            made(torch.randn(4, 3, 64, 64))
    for boxes, logits in zip(made.boxes, made.logits, strict=True):
        torch.nn.init.normal_(boxes.weight, std=0.05)
        torch.nn.init.constant_(logits.bias, 0.4)
        torch.nn.init.normal_(logits.weight, std=0.1)
    return made.eval()


@pytest.fixture(scope="module")
def weights(network: RetinaFaceNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("export") / "det_own.onnx"
    export_onnx(network, file)
    return file


@pytest.mark.parametrize(("count", "height", "width"), [(1, 64, 96), (3, 160, 32), (1, 480, 640)])
def test_the_graph_gives_what_torch_gives_at_any_size_and_batch(
    network, weights, count: int, height: int, width: int
) -> None:
    images = torch.rand(count, 3, height, width) * 2 - 1
    session = onnxruntime.InferenceSession(str(weights), providers=["CPUExecutionProvider"])
    got = dict(zip(OUTPUTS, session.run(None, {"images": images.numpy()}), strict=True))
    with torch.no_grad():
        said = dict(zip(OUTPUTS, Exported(network)(images), strict=True))
    for name, values in said.items():
        np.testing.assert_allclose(got[name], values.numpy(), atol=1e-4, rtol=1e-4)


def test_distances_and_offsets_are_the_boxes_and_points_of_training(network, weights) -> None:
    images = torch.rand(1, 3, 96, 64) * 2 - 1
    with torch.no_grad():
        raw = network(images)
    anchors = anchors_for(64, 96)
    session = onnxruntime.InferenceSession(str(weights), providers=["CPUExecutionProvider"])
    got = dict(zip(OUTPUTS, session.run(None, {"images": images.numpy()}), strict=True))
    scores = np.concatenate([got[f"score_{s}"][0] for s in (8, 16, 32)])[:, 0]
    np.testing.assert_allclose(scores, raw.logits[0].sigmoid().numpy(), atol=1e-4)
    distances = np.concatenate([got[f"bbox_{s}"][0] * s for s in (8, 16, 32)])
    centres = anchors.centres.numpy()
    boxes = np.hstack([centres - distances[:, :2], centres + distances[:, 2:]])
    np.testing.assert_allclose(
        boxes, anchors.decode_boxes(raw.boxes[0]).numpy(), rtol=1e-3, atol=1e-3
    )
    points = np.concatenate([got[f"kps_{s}"][0] * s for s in (8, 16, 32)]).reshape(-1, 5, 2)
    np.testing.assert_allclose(
        points + centres[:, None],
        anchors.decode_points(raw.points[0]).numpy(),
        rtol=1e-3,
        atol=1e-3,
    )


def test_insightface_reads_the_same_boxes_and_points(network, weights) -> None:
    from insightface.model_zoo import get_model

    detector = get_model(str(weights), providers=["CPUExecutionProvider"])
    assert detector.taskname == "detection"
    detector.prepare(ctx_id=-1, input_size=(128, 96), det_thresh=0.6, nms_thresh=0.9999)
    photo = np.random.default_rng(0).integers(0, 255, (96, 128, 3), np.uint8)
    boxes, points = detector.detect(photo)
    images = torch.from_numpy(photo[..., ::-1].copy()).permute(2, 0, 1)[None]
    with torch.no_grad():
        raw = network((images.float() - 127.5) / 128)
    anchors, scores = anchors_for(128, 96), raw.logits[0].sigmoid()
    order = torch.argsort(-scores)[: int((scores >= 0.6).sum())]
    assert len(boxes) == len(order) > 20
    own = anchors.of(order)
    expected = own.decode_boxes(raw.boxes[0, order]).numpy()
    np.testing.assert_allclose(boxes[:, 4], scores[order].numpy(), atol=1e-3)
    best = slice(0, 5)
    np.testing.assert_allclose(boxes[best, :4], expected[best], atol=0.05)
    np.testing.assert_allclose(
        points[best], own.decode_points(raw.points[0, order]).numpy()[best], atol=0.05
    )


def test_the_weights_fit_into_two_megabytes(weights) -> None:
    assert weights.stat().st_size <= 2_000_000


def test_the_network_that_was_exported_goes_on_unchanged(tmp_path) -> None:
    made = RetinaFaceNetwork("thin").train()
    before = {name: values.clone() for name, values in made.state_dict().items()}
    export_onnx(made, tmp_path / "tiny.onnx")
    assert made.training
    for name, values in made.state_dict().items():
        assert torch.equal(values, before[name])


@pytest.mark.parametrize(
    ("written", "asked", "least"),
    [(0.37, None, 0.37), (0.37, 0.6, 0.6), (0.37, 0.0, 0.0), (None, None, 0.5), (7.0, None, 0.5)],
)
def test_detectors_keep_to_the_score_that_the_weights_recommend(
    written: float | None, asked: float | None, least: float, tmp_path
) -> None:
    export_onnx(RetinaFaceNetwork("thin"), tmp_path / "thin.onnx", min_score=written)
    assert choose(f"scrfd:{tmp_path / 'thin.onnx'}", min_score=asked).min_score == least
    twice = choose(f"scrfd:{tmp_path / 'thin.onnx'}", min_score=asked, accurate=True)
    assert twice.min_score == least


def test_calibrated_scores_keep_their_order() -> None:
    torch.manual_seed(0)
    network = RetinaFaceNetwork("thin").eval()
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        before = network(images).logits.sigmoid()
        network.calibrate(4.0, 0.3)
        after = network(images).logits.sigmoid()
    odds = (before / (1 - before)) / (0.3 / 0.7)
    torch.testing.assert_close(after, odds**4 / (1 + odds**4))
