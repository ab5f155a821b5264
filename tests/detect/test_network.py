"""Weights that cannot be used are one sentence, whatever is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from curator.detect import Options, choose
from curator.detect.network import Network
from curator.detect.retinaface import open_retinaface
from curator.detect.scrfd import open_scrfd
from curator.detect.yunet import YuNet, open_yunet
from curator.errors import ConfigError, CuratorError, RunError

OPENERS = {"retinaface": open_retinaface, "yunet": open_yunet, "scrfd": open_scrfd}


def graph_of(
    folder: Path, nodes: Sequence[onnx.NodeProto], size: object = "s", **more: int
) -> Path:
    """A file with a small graph from ``image`` to ``out``."""
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, size, size])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, None)
    constants = [
        helper.make_tensor(name, TensorProto.INT64, [4], [1, 3, value, value])
        for name, value in more.items()
    ]
    graph = helper.make_graph(nodes, "test", [image], [out], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(folder / "graph.onnx"))
    return folder / "graph.onnx"


def assert_one_sentence(error: CuratorError) -> None:
    assert len(str(error).splitlines()) == 1
    assert 20 < len(str(error)) < 300


@pytest.mark.parametrize("kind", OPENERS)
@pytest.mark.parametrize("damage", ["empty", "page", "cut"])
def test_broken_weights_are_one_sentence(
    kind: str, damage: str, tmp_path: Path, shared_models: Path
) -> None:
    whole = (shared_models / "onnx/yunet_n_dynamic.onnx").read_bytes()
    content = {"empty": b"", "page": b"<!DOCTYPE html><html>404</html>", "cut": whole[:200_000]}
    file = tmp_path / "weights.onnx"
    file.write_bytes(content[damage])
    with pytest.raises(RunError, match=r"weights\.onnx: the weights are broken") as caught:
        OPENERS[kind](str(file), Options())
    assert_one_sentence(caught.value)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("kind", OPENERS)
def test_weights_of_another_network_are_named(kind: str, shared_models: Path) -> None:
    other = shared_models / "onnx/landmark68_pfld.onnx"
    with pytest.raises(RunError, match=r"landmark68_pfld\.onnx: these weights do not") as caught:
        OPENERS[kind](str(other), Options())
    assert_one_sentence(caught.value)


def test_the_detectors_do_not_take_each_others_weights(shared_models: Path) -> None:
    retinaface = str(shared_models / "onnx/retinaface_mnet025.onnx")
    yunet = str(shared_models / "onnx/yunet_n_dynamic.onnx")
    for kind, file in (("yunet", retinaface), ("scrfd", retinaface), ("scrfd", yunet)):
        with pytest.raises(RunError, match="these weights do not"):
            OPENERS[kind](file, Options())


@pytest.mark.parametrize("kind", ["retinaface", "yunet"])
def test_weights_that_are_not_there_are_a_wrong_option(kind: str, tmp_path: Path) -> None:
    for variant in (None, "other", str(tmp_path / "absent.onnx")):
        with pytest.raises(ConfigError, match="there are no weights at") as caught:
            OPENERS[kind](variant, Options(models=tmp_path))
        assert_one_sentence(caught.value)
    with pytest.raises(ConfigError, match="CURATOR_MODELS") as caught:
        OPENERS[kind](None, Options())
    assert_one_sentence(caught.value)


def test_a_scrfd_file_must_be_named_and_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="scrfd:/path/to"):
        open_scrfd(None, Options())
    with pytest.raises(ConfigError, match="there are no weights at"):
        open_scrfd(str(tmp_path / "absent.onnx"), Options())


def test_an_insightface_pack_takes_whole_strides_only(shared_models: Path) -> None:
    with pytest.raises(ConfigError, match="multiple of 32 pixels, not 650"):
        choose("insightface:scrfd_2.5g", models=shared_models, size=650)


def test_predictions_for_other_cells_are_another_layout(shared_models: Path) -> None:
    network = Network(shared_models / "onnx/yunet_n_dynamic.onnx")
    outputs = network.run(np.zeros((1, 3, 64, 96), np.float32))
    assert len(YuNet(network, 0.5).decode(outputs, (96, 64))) == 0
    with pytest.raises(RunError, match="96 predictions for 384 cells"):
        YuNet(network, 0.5).decode(outputs, (192, 128))


@pytest.mark.parametrize(("option", "value"), [("min_score", 1.5), ("min_score", -1), ("size", 16)])
def test_an_option_out_of_range_is_a_sentence(
    option: str, value: float, shared_models: Path
) -> None:
    how = {option: value}
    with pytest.raises(ConfigError, match=f"not {value}") as caught:
        choose("yunet", models=shared_models, **how)  # type: ignore[arg-type]
    assert_one_sentence(caught.value)


def test_a_graph_without_an_image_is_refused(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 10])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 10])
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["out"])], "test", [value], [out])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(tmp_path / "vector.onnx"))
    with pytest.raises(RunError, match="do not take one image"):
        Network(tmp_path / "vector.onnx")


def test_a_size_written_into_a_graph_is_freed(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MaxPool", ["image"], ["half"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Resize", ["half", "", "", "target"], ["out"], mode="nearest"),
    ]
    network = Network(graph_of(tmp_path, nodes, size=64, target=64))
    assert network.fixed_wh == (64, 64)
    for height, width in ((64, 64), (128, 32), (32, 96)):
        (out,) = network.run(np.ones((1, 3, height, width), np.float32))
        assert out.shape == (1, 3, height, width)


def test_a_size_that_cannot_be_freed_is_a_sentence(tmp_path: Path) -> None:
    nodes = [helper.make_node("Reshape", ["image", "target"], ["out"])]
    network = Network(graph_of(tmp_path, nodes, size=64, target=64))
    assert network.run(np.ones((1, 3, 64, 64), np.float32))[0].shape == (1, 3, 64, 64)
    with pytest.raises(RunError, match="take images of 64 x 64 pixels only") as caught:
        network.run(np.ones((1, 3, 128, 128), np.float32))
    assert_one_sentence(caught.value)


def test_a_graph_that_ignores_the_size_is_noticed(tmp_path: Path) -> None:
    # The output never grows, so its cells would be counted wrongly.
    nodes = [helper.make_node("GlobalMaxPool", ["image"], ["out"])]
    network = Network(graph_of(tmp_path, nodes, size=64))
    with pytest.raises(RunError, match="64 x 64 pixels only"):
        network.run(np.ones((1, 3, 128, 128), np.float32))


def test_a_run_that_fails_is_a_sentence(tmp_path: Path) -> None:
    nodes = [helper.make_node("Reshape", ["image", "target"], ["out"])]
    network = Network(graph_of(tmp_path, nodes, target=64))
    with pytest.raises(RunError, match="the network cannot run") as caught:
        network.run(np.ones((1, 3, 32, 32), np.float32))
    assert_one_sentence(caught.value)
