"""Weights in an ONNX file, opened once and run from several threads."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curator.errors import RunError

Tensor = NDArray[Any]


class Network:
    """An ONNX graph with one image as input, on the processor, one thread a run.

    Photos run side by side instead (:mod:`curator.detect.stream`): two runs of one thread do more
    than one run of two. A graph that was exported for one image size takes other sizes too: it
    is rewritten in memory when the first of them comes.

    Attributes:
        file: Where the weights are.
        sha256: Hex digest of the file.
        fixed_wh: The (width, height) the graph was exported for, None where it takes any.
        outputs: The names of the outputs, in the order of :meth:`run`.
        widths: The last axis of each output, None where the graph does not tell.
        metadata: What its maker wrote into the file, by name.

    Raises:
        RunError: if the file is missing, broken, or not a graph with one image as input.
    """

    def __init__(self, file: Path, session: Any = None) -> None:
        self.file = file
        self.sha256 = _digest(file)
        self._session = open_session(file) if session is None else session
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4:
            raise RunError(f"{file}: these weights do not take one image")
        self._input = inputs[0].name
        height, width = inputs[0].shape[2:]
        fixed = isinstance(height, int) and isinstance(width, int)
        self.fixed_wh: tuple[int, int] | None = (width, height) if fixed else None
        self.outputs = [port.name for port in outputs]
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self.widths = [_last(port.shape) for port in outputs]
        self._any_size: Any = None
        self._lock = threading.Lock()

    def run(self, tensor: Tensor) -> list[Tensor]:
        """The outputs for one image, shape (1, 3, H, W), in the order of the graph.

        Raises:
            RunError: if the graph cannot take this size, or onnxruntime gives up.
        """
        session, fixed_wh = self._session, self.fixed_wh
        if fixed_wh is not None and fixed_wh != (tensor.shape[3], tensor.shape[2]):
            session = self._session_of_any_size(fixed_wh)
        try:
            return list(session.run(None, {self._input: tensor}))
        except Exception as cause:  # the errors of onnxruntime share no base
            height, width = tensor.shape[2:]
            raise RunError(
                f"{self.file}: the network cannot run on {width} x {height} pixels"
            ) from cause

    def _session_of_any_size(self, fixed_wh: tuple[int, int]) -> Any:
        with self._lock:
            if self._any_size is None:
                try:
                    session = open_session(self.file, _with_free_size(self.file, fixed_wh))
                    proven = self._takes_any_size(session)
                except Exception as cause:  # the errors of onnxruntime share no base
                    raise RunError(self._only(fixed_wh)) from cause
                if not proven:
                    raise RunError(self._only(fixed_wh))
                self._any_size = session
            return self._any_size

    def _takes_any_size(self, session: Any) -> bool:
        """Two small runs: a rewritten graph may still hold the old size somewhere inside."""
        small = np.zeros((1, 3, 96, 64), np.float32)
        double = np.zeros((1, 3, 192, 128), np.float32)
        sizes = [output.size for output in session.run(None, {self._input: small})]
        grown = [output.size for output in session.run(None, {self._input: double})]
        return grown == [4 * size for size in sizes]

    def _only(self, fixed_wh: tuple[int, int]) -> str:
        width, height = fixed_wh
        return f"{self.file}: these weights take images of {width} x {height} pixels only"


def session_options() -> Any:
    """How every session of this package runs: one thread, silent."""
    options = _onnxruntime().SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return options


def open_session(file: Path, graph: bytes | None = None) -> Any:
    """A session of the weights in a file, or of a rewritten graph that came from it.

    Raises:
        RunError: if they are no graph that onnxruntime can run.
    """
    try:
        return _onnxruntime().InferenceSession(
            graph or str(file), session_options(), providers=["CPUExecutionProvider"]
        )
    except Exception as cause:  # the errors of onnxruntime share no base
        raise RunError(f"{file}: the weights are broken or no ONNX file") from cause


def _onnxruntime() -> Any:
    # It reports usage to its maker unless told not to before the first import.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    return onnxruntime


def _with_free_size(file: Path, fixed_wh: tuple[int, int]) -> bytes:
    """The graph in the file, changed to take images of any size.

    Exporters leave the size in the shapes of the input and outputs, and in the targets of the
    layers that enlarge; what such a layer does at that size becomes its factor at every size.
    """
    import onnx

    model = onnx.load(str(file))
    graph = model.graph
    resizes = [node for node in graph.node if node.op_type in ("Resize", "Upsample")]
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    del probe.graph.output[:]
    for name in [name for node in resizes for name in (node.input[0], node.output[0])]:
        probe.graph.output.append(onnx.ValueInfoProto(name=name))
    image = np.zeros((1, 3, fixed_wh[1], fixed_wh[0]), np.float32)
    seen = iter(
        open_session(file, probe.SerializeToString()).run(None, {graph.input[0].name: image})
    )
    for number, (node, before, after) in enumerate(zip(resizes, seen, seen, strict=True)):
        factors = np.array(after.shape, np.float32) / np.array(before.shape, np.float32)
        name = f"factors of enlargement {number}"
        graph.initializer.append(onnx.numpy_helper.from_array(factors, name))
        # (image, factors) in old graphs; (image, region, factors, perhaps a target) in newer ones.
        node.input[:] = [*node.input[: 1 if len(node.input) == 2 else 2], name]
    for axis, name in zip(graph.input[0].type.tensor_type.shape.dim[2:], "hw", strict=True):
        axis.dim_param = name
    del graph.value_info[:]
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
    return bytes(model.SerializeToString())


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as cause:
        raise RunError(f"{file}: the weights cannot be read ({cause.strerror})") from cause


def _last(shape: Sequence[int | str | None]) -> int | None:
    last = shape[-1] if shape else None
    return last if isinstance(last, int) else None
