"""How large a detector is."""

from __future__ import annotations

import math

from curator.detect.accurate import Accurate
from curator.detect.detector import OnnxDetector
from curator.detect.detectors import Detector


def weights_of(detector: Detector) -> dict[str, float]:
    """Size of the weights: ``bytes`` on the disk and number of ``parameters``.

    Empty for a detector of another package, of which only it knows.
    """
    inside = detector.inside if isinstance(detector, Accurate) else detector
    if not isinstance(inside, OnnxDetector):
        return {}
    import onnx

    file = inside.network.file
    graph = onnx.load(str(file), load_external_data=False).graph
    floats = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.INT8)
    count = sum(math.prod(each.dims) for each in graph.initializer if each.data_type in floats)
    return {"bytes": float(file.stat().st_size), "parameters": float(count)}
