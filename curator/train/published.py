"""The published RetinaFace weights as a beginning: read from their ONNX file, said in our terms.

The graph (https://github.com/biubug6/Pytorch_Retinaface, MIT) has the same layers as ours, with the
normalisation folded in. What differs is said by the weights of the layers at both ends: it wants
blue first and the mean subtracted, tells face and background apart with two numbers instead of
one, and its priors are centred in the middle of a cell. The functions are equal but for the pixels
at the edge of the image, beyond which ours sees grey where the other sees the mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from curator.errors import InputError
from curator.train.anchors import CENTRE_VARIANCE, SIDES, STRIDES
from curator.train.bodies import YuNetBody, fold
from curator.train.network import RetinaFaceNetwork

_MEAN_BGR = (104.0, 117.0, 123.0)
_YUNET_MEAN_BGR = (0.0, 0.0, 0.0)
_GREY, _RANGE = 127.5, 128.0


def load_published(network: RetinaFaceNetwork, file: Path) -> None:
    """Fold what the file is about, and take over its weights.

    That is the whole network where its body is MobileNet, and the body alone where it is YuNet's.

    Raises:
        InputError: if the file is no ONNX file, or its convolutions are not those of the network.
    """
    given = _convolutions(file)
    if isinstance(network.body, YuNetBody):
        _fill(network.body, given[: len(_own(network.body))], _YUNET_MEAN_BGR, file)
    else:
        _fill(network, given, _MEAN_BGR, file)


def _fill(
    part: RetinaFaceNetwork | YuNetBody,
    given: Sequence[tuple[Tensor, Tensor]],
    mean: Sequence[float],
    file: Path,
) -> None:
    fold(part)
    own = _own(part)
    if len(given) != len(own):
        raise InputError(f"{file}: {len(given)} convolutions where the network has {len(own)}")
    values = dict(zip(own, given, strict=True))
    values[own[0]] = _from_rgb(*values[own[0]], mean)
    if isinstance(part, RetinaFaceNetwork):
        _in_our_terms(part, values)
    for module, (weight, bias) in values.items():
        if weight.shape != module.weight.shape:
            raise InputError(f"{file}: these are the weights of another network")
        with torch.no_grad():
            module.weight.copy_(weight)
            cast("Tensor", module.bias).copy_(bias)


def _in_our_terms(
    network: RetinaFaceNetwork, values: dict[nn.Conv2d, tuple[Tensor, Tensor]]
) -> None:
    for level, stride in enumerate(STRIDES):
        heads = [heads[level] for heads in (network.logits, network.boxes, network.points)]
        logits, boxes, points = (cast("nn.Conv2d", head) for head in heads)
        values[logits] = _one_of_two(*values[logits])
        # From the middle of the cell to its corner, in the units of the offsets.
        shifts = [stride / 2 / (CENTRE_VARIANCE * side) for side in SIDES[level]]
        values[boxes] = _shifted(*values[boxes], torch.tensor([[s, s, 0, 0] for s in shifts]))
        values[points] = _shifted(*values[points], torch.tensor([[s] * 10 for s in shifts]))


def _own(part: nn.Module) -> list[nn.Conv2d]:
    return [module for module in part.modules() if isinstance(module, nn.Conv2d)]


def _convolutions(file: Path) -> list[tuple[Tensor, Tensor]]:
    """Weights and biases in the order in which the graph runs them."""
    try:
        graph = onnx.load(str(file)).graph
    except Exception as cause:  # a broken file raises what protobuf pleases
        raise InputError(f"{file}: this is no ONNX file") from cause
    values: Mapping[str, onnx.TensorProto] = {one.name: one for one in graph.initializer}
    try:
        return [
            (_tensor(values[node.input[1]]), _tensor(values[node.input[2]]))
            for node in graph.node
            if node.op_type == "Conv"
        ]
    except (KeyError, IndexError) as cause:
        raise InputError(f"{file}: a convolution without weights or biases of its own") from cause


def _tensor(value: onnx.TensorProto) -> Tensor:
    return torch.from_numpy(np.array(numpy_helper.to_array(value), np.float32))


def _from_rgb(weight: Tensor, bias: Tensor, mean_bgr: Sequence[float]) -> tuple[Tensor, Tensor]:
    """Blue, green and red minus their means, out of red, green and blue in units of 128."""
    offset = torch.tensor([_GREY - mean for mean in mean_bgr])
    return weight.flip(1) * _RANGE, bias + (weight.sum(dim=(2, 3)) * offset).sum(dim=1)


def _one_of_two(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The softmax of (background, face) is the sigmoid of their difference."""
    return weight[1::2] - weight[::2], bias[1::2] - bias[::2]


def _shifted(weight: Tensor, bias: Tensor, shifts: Tensor) -> tuple[Tensor, Tensor]:
    return weight, bias + shifts.flatten()
