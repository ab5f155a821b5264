"""The published weights as a beginning: onnxruntime says what they find, ours finds the same."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from insightface.data import get_image

from curator.detect.retinaface import CENTRE_VARIANCE, SIZE_VARIANCE, priors
from curator.errors import InputError
from curator.train.anchors import anchors_for
from curator.train.export import export_onnx
from curator.train.network import RetinaFaceNetwork
from curator.train.published import load_published

SIDE = 640


@pytest.fixture(scope="module")
def published(shared_models: Path) -> Path:
    return shared_models / "onnx" / "retinaface_mnet025.onnx"


def test_what_the_published_graph_finds_is_found(published: Path) -> None:
    photo = cv2.resize(get_image("t1"), (SIDE, SIDE))
    # As its owners feed it: blue first, the mean subtracted; and as they read it.
    given = (photo.astype(np.float32) - (104, 117, 123)).astype(np.float32).transpose(2, 0, 1)
    session = onnxruntime.InferenceSession(str(published), providers=["CPUExecutionProvider"])
    outputs = {out.shape[-1]: out[0] for out in session.run(None, {"input0": given[None]})}
    scores = outputs[2][:, 1]
    best = np.flatnonzero(scores > 0.5)
    prior = priors((SIDE, SIDE))[best]
    middle = prior[:, :2] + outputs[4][best, :2] * CENTRE_VARIANCE * prior[:, 2:]
    half = np.exp(outputs[4][best, 2:] * SIZE_VARIANCE) * prior[:, 2:] / 2
    away = outputs[10][best].reshape(-1, 5, 2) * CENTRE_VARIANCE * prior[:, 2:, None]

    network = RetinaFaceNetwork()
    load_published(network, published)
    images = torch.from_numpy((photo[..., ::-1].astype(np.float32) - 127.5) / 128)
    with torch.no_grad():
        found = network.eval()(images.permute(2, 0, 1)[None])
    assert len(best) > 50
    # Beyond its edge an image is grey here and the mean there: one part in a thousand.
    np.testing.assert_allclose(found.logits[0].sigmoid(), scores, atol=2e-3)
    own = anchors_for(SIDE, SIDE).of(torch.from_numpy(best))
    boxes = own.decode_boxes(found.boxes[0, best])
    np.testing.assert_allclose(boxes, np.hstack([middle - half, middle + half]), atol=0.1)
    points = own.decode_points(found.points[0, best])
    np.testing.assert_allclose(points, prior[:, None, :2] + away, atol=0.1)


def test_what_the_body_of_yunet_sees_is_seen(shared_models: Path) -> None:
    file = shared_models / "onnx" / "yunet_n_dynamic.onnx"
    graph = onnx.load(str(file))
    # What its heads read, one a stride: its last three activations.
    seen = [node.output[0] for node in graph.graph.node if node.op_type == "Relu"][-3:]
    for name in seen:
        graph.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    photo = cv2.resize(get_image("t1"), (SIDE, SIDE)).astype(np.float32)
    wanted = session.run(seen, {"input": photo.transpose(2, 0, 1)[None]})

    network = RetinaFaceNetwork("yunet")
    load_published(network, file)
    images = torch.from_numpy((photo[..., ::-1] - 127.5) / 128).permute(2, 0, 1)[None]
    # Beyond its edge an image is black there and grey here: draw the black that it sees.
    first = network.body.stages[0][0][0]
    first.padding = (0, 0)
    images = torch.nn.functional.pad(images, (1, 1, 1, 1), value=-127.5 / 128)
    with torch.no_grad():
        found = network.body.eval()(images)
    assert [each.shape[2] for each in found] == [80, 40, 20]
    for ours, theirs in zip(found, wanted, strict=True):
        assert theirs.max() > 1
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_only_the_published_weights_will_do(published: Path, tmp_path: Path) -> None:
    export_onnx(RetinaFaceNetwork(), tmp_path / "own.onnx")
    with pytest.raises(InputError, match=r"own\.onnx: "):
        load_published(RetinaFaceNetwork(), tmp_path / "own.onnx")
    yunet = published.with_name("yunet_n_dynamic.onnx")
    with pytest.raises(InputError, match="59 convolutions where the network has 56"):
        load_published(RetinaFaceNetwork(), yunet)
    with pytest.raises(InputError, match="the weights of another network"):
        load_published(RetinaFaceNetwork("yunet"), published)


@pytest.mark.parametrize("content", [b"", b"no graph", None])
def test_a_file_that_is_no_graph_is_refused(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "weights.onnx"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=r"weights\.onnx: "):
        load_published(RetinaFaceNetwork(), file)


def test_folding_changes_nothing_that_is_found() -> None:
    torch.manual_seed(0)
    network = RetinaFaceNetwork()
    with torch.no_grad():
        for _ in range(10):
            network(torch.randn(4, 3, 64, 64) * 2 + 1)
        images = torch.randn(2, 3, 96, 64)
        before = network.eval()(images)
        network.fold()
        after = network(images)
    torch.testing.assert_close(after.logits, before.logits, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(after.points, before.points, atol=1e-4, rtol=1e-4)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())
