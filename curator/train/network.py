"""The network: RetinaFace's heads on a body that gives a feature pyramid.

After RetinaFace (Deng et al. 2020; https://github.com/biubug6/Pytorch_Retinaface): at strides 8, 16
and 32 a context module that widens the view (Najibi et al. 2017), and three 1 x 1 heads. With the
body ``mobilenet`` it is the published network layer by layer, so that the published weights fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from curator.train.anchors import PER_CELL, STRIDES
from curator.train.bodies import LEAK, Convolution, MobileNet, YuNetBody, fold

# A first guess of one face in a hundred cells keeps the first steps calm (Lin et al. 2017).
_PRIOR_LOGIT = -4.6

BODIES: Mapping[str, Callable[[], MobileNet | YuNetBody]] = {
    "mobilenet": MobileNet,
    "yunet": YuNetBody,
    # To try things out.
    "thin": partial(MobileNet, 4, 32),
}


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Raw outputs for B images over the N anchors of :mod:`curator.train.anchors`.

    Attributes:
        logits: Shape (B, N); the score is their sigmoid.
        boxes: Offsets, shape (B, N, 4).
        points: Offsets, shape (B, N, 10).
    """

    logits: Tensor
    boxes: Tensor
    points: Tensor

    def float(self) -> Predictions:
        """In full precision, whatever the network computed in."""
        return Predictions(self.logits.float(), self.boxes.float(), self.points.float())


class Context(nn.Module):
    """Half the channels see 3 x 3 cells, a quarter 5 x 5, a quarter 7 x 7 (SSH's module)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half, quarter = channels // 2, channels // 4
        self.near = Convolution(channels, half, linear=True)
        self.shared = Convolution(channels, quarter)
        self.wide = Convolution(quarter, quarter, linear=True)
        self.wider = nn.Sequential(
            Convolution(quarter, quarter), Convolution(quarter, quarter, linear=True)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Of the same shape as the features."""
        shared = self.shared(features)
        views = [self.near(features), self.wide(shared), self.wider(shared)]
        return functional.relu(torch.cat(views, dim=1))


class RetinaFaceNetwork(nn.Module):
    """From images, shape (B, 3, H, W), to raw predictions; H and W are multiples of 32.

    The input is RGB, ``(value - 127.5) / 128``.

    Args:
        body: Name of the body, of :data:`BODIES`.
    """

    def __init__(self, body: str = "mobilenet") -> None:
        super().__init__()
        self.body = BODIES[body]()
        wide = self.body.channels
        self.contexts = nn.ModuleList(Context(wide) for _ in STRIDES)
        self.boxes = _heads(wide, 4)
        self.logits = _heads(wide, 1)
        self.points = _heads(wide, 10)
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and module.bias is None:
                nn.init.kaiming_normal_(module.weight, LEAK, mode="fan_out")
        for head in self.logits:
            nn.init.normal_(cast("Tensor", head.weight), std=0.01)
            nn.init.constant_(cast("Tensor", head.bias), _PRIOR_LOGIT)

    def fold(self) -> None:
        """Make the normalisation part of the convolutions; what is found stays the same."""
        fold(self)

    def calibrate(self, slope: float, centre: float) -> None:
        """Make scores ``sigmoid(slope * (logit(score) - logit(centre)))``; their order stays.

        Args:
            slope: Above 0.
            centre: The score that becomes 0.5, between 0 and 1.
        """
        with torch.no_grad():
            for head in self.logits:
                weight, bias = cast("Tensor", head.weight), cast("Tensor", head.bias)
                weight.mul_(slope)
                bias.sub_(math.log(centre / (1 - centre))).mul_(slope)

    def forward(self, images: Tensor) -> Predictions:
        """Raw predictions over all anchors."""
        levels = self.levels(images)
        logits, boxes, points = (torch.cat(parts, dim=1) for parts in zip(*levels, strict=True))
        return Predictions(logits.squeeze(-1), boxes, points)

    def levels(self, images: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Logits (B, n, 1), box offsets (B, n, 4), point offsets (B, n, 10), by stride."""
        seen = [
            context(feature)
            for context, feature in zip(self.contexts, self.body(images), strict=True)
        ]
        return list(
            zip(
                _said(self.logits, seen, 1),
                _said(self.boxes, seen, 4),
                _said(self.points, seen, 10),
                strict=True,
            )
        )


def _heads(channels: int, width: int) -> nn.ModuleList:
    return nn.ModuleList(nn.Conv2d(channels, PER_CELL * width, 1) for _ in STRIDES)


def _said(heads: nn.ModuleList, seen: Sequence[Tensor], width: int) -> list[Tensor]:
    """From (B, anchors * width, H, W) to (B, H * W * anchors, width), by stride."""
    outputs = [head(features) for head, features in zip(heads, seen, strict=True)]
    return [out.permute(0, 2, 3, 1).reshape(out.shape[0], -1, width) for out in outputs]
