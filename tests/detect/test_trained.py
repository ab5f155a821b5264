"""Weights of training runs: Ultralytics' layout read as documented, hostile folders refused."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from curator.detect import choose
from curator.detect.detectors import Detector
from curator.errors import ConfigError, RunError
from curator.pipeline.annotate import faces_of

PHOTO = np.zeros((640, 640, 3), np.uint8)
# Centre and size, scores of two classes, five points with their visibility.
POINTS = [float(value) for point in range(5) for value in (100 + point, 200 + point, 0.9)]
FIRST = [100.0, 200.0, 40.0, 60.0, 0.9, 0.1]
SECOND = [400.0, 300.0, 20.0, 20.0, 0.2, 0.7]
FAINT = [10.0, 10.0, 20.0, 20.0, 0.1, 0.05]

Made = Callable[..., Detector]


def weights(file: Path, output: np.ndarray, **metadata: str) -> Path:
    """A network that says the same of every photo."""
    said = numpy_helper.from_array(output.astype(np.float32), "said")
    graph = helper.make_graph(
        [helper.make_node("Identity", ["said"], ["output0"])],
        "g",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, list(output.shape))],
        [said],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, metadata)
    file.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(file))
    return file


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Opens ``run:mine`` with this output and these metadata."""

    def make(rows: Sequence[Sequence[float]], *, turned: bool = True, **metadata: str) -> Detector:
        table = np.array(rows)
        output = (table.T if turned else table)[None]
        weights(tmp_path / "runs" / "mine" / "weights" / "best.onnx", output, **metadata)
        return choose("run:mine", runs=tmp_path / "runs", min_score=0.25)

    return make


def test_boxes_come_from_centre_and_size_and_people_from_the_best_class(made: Made) -> None:
    detector = made([FIRST, SECOND, FAINT], task="detect", names="{0: 'Ada', 1: 'Bob'}")
    first, second = faces_of(detector(PHOTO))
    assert first.box == (80, 170, 120, 230)
    assert (first.identity, second.identity) == ("Ada", "Bob")
    assert first.score == pytest.approx(0.9)
    assert first.landmarks is None
    assert detector.name == "run:mine"


def test_points_are_read_and_the_one_class_face_names_nobody(made: Made) -> None:
    row = [*FIRST[:4], 0.9, *POINTS]
    detector = made([row], task="pose", names="{0: 'face'}", kpt_shape="[5, 3]")
    (face,) = faces_of(detector(PHOTO))
    assert face.identity is None
    assert face.landmarks == tuple((100.0 + n, 200.0 + n) for n in range(5))


def test_networks_that_suppress_for_themselves_give_corners(made: Made) -> None:
    rows = [[10, 20, 50, 80, 0.8, 1], [0, 0, 5, 5, 0.1, 0]]
    detector = made(rows, turned=False, task="detect", names="{0: 'Ada', 1: 'Bob'}")
    (face,) = faces_of(detector(PHOTO))
    assert (face.box, face.identity) == ((10, 20, 50, 80), "Bob")


def test_numbers_that_are_none_are_no_faces(made: Made) -> None:
    nan = float("nan")
    rows = [[nan, 1, 1, 1, 0.9, 0.1], [9, 9, 9, 9, nan, nan], FIRST]
    detector = made(rows, task="detect", names="{0: 'Ada', 1: 'Bob'}")
    assert len(detector(PHOTO)) == 1


@pytest.mark.parametrize(
    "metadata",
    [
        {"task": "segment", "names": "{0: 'face'}"},
        {"task": "detect", "names": "__import__('os').system('true')"},
        {"task": "detect", "names": "{}"},
        {"task": "pose", "names": "{0: 'face'}", "kpt_shape": "[17, 3]"},
        {"task": "detect", "names": "[" * 5000},
    ],
)
def test_weights_that_say_they_are_something_else_are_refused(
    made: Made, metadata: dict[str, str]
) -> None:
    with pytest.raises(RunError, match="these"):
        made([FIRST], **metadata)


def test_an_output_of_another_shape_is_refused(made: Made) -> None:
    detector = made([FIRST[:5]], task="detect", names="{0: 'Ada', 1: 'Bob', 2: 'Cy'}")
    with pytest.raises(RunError, match="shape"):
        detector(PHOTO)


class Bomb:
    """Runs when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.mark,))


def test_a_pickle_instead_of_onnx_is_refused_and_never_runs(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "mine" / "weights"
    folder.mkdir(parents=True)
    mark = tmp_path / "ran"
    for name in ("best.onnx", "best.pt", "last.pt"):
        (folder / name).write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(RunError, match="no ONNX file"):
        choose("run:mine", runs=tmp_path / "runs")
    (folder / "best.onnx").unlink()
    with pytest.raises(ConfigError, match="has no weights yet"):
        choose("run:mine", runs=tmp_path / "runs")
    assert not mark.exists()


def test_truncated_weights_are_refused(tmp_path: Path) -> None:
    file = weights(tmp_path / "runs" / "mine" / "a.onnx", np.zeros((1, 6, 500)), task="detect")
    file.write_bytes(file.read_bytes()[:3000])
    with pytest.raises(RunError, match="broken or no ONNX file"):
        choose("run:mine", runs=tmp_path / "runs")


@pytest.mark.parametrize("name", ["run", "run:", "run:..", "run:../other", "run:nothing"])
def test_only_runs_of_the_dataset_can_be_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    with pytest.raises(ConfigError, match="mine"):
        choose(name, runs=tmp_path / "runs")


def test_without_a_dataset_there_are_no_runs() -> None:
    with pytest.raises(ConfigError, match="--dataset"):
        choose("run:mine")
