"""The network: RetinaFace on a MobileNet of a quarter of the usual width.

As published with RetinaFace (Deng et al. 2020; https://github.com/biubug6/Pytorch_Retinaface): a
backbone of separable convolutions (Howard et al. 2017) with outputs at strides 8, 16 and 32, a
feature pyramid (Lin et al. 2017), context modules that widen the view (Najibi et al. 2017), and
three 1 x 1 heads. Layer by layer the same, so that the published weights fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from curator.train.anchors import PER_CELL, STRIDES

# A first guess of one face in a hundred cells keeps the first steps calm (Lin et al. 2017).
_PRIOR_LOGIT = -4.6
_LEAK = 0.1


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """Channels: of the first convolution, doubled five times on the way, and of the pyramid."""

    first: int = 8
    pyramid: int = 64


WIDTHS = {"small": Widths(), "tiny": Widths(first=4, pyramid=32)}


class Convolution(nn.Sequential):
    """3 x 3 (or ``kernel``) convolution, batch normalisation, and a rectifier unless linear."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        stride: int = 1,
        kernel: int = 3,
        groups: int = 1,
        linear: bool = False,
    ) -> None:
        parts: list[nn.Module] = [
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs),
        ]
        rectifier = [] if linear else [nn.LeakyReLU(_LEAK, inplace=True)]
        super().__init__(*parts, *rectifier)

    def fold(self) -> None:
        """Make the normalisation, with the statistics it has, part of the convolution."""
        convolution, norm = self[0], self[1]
        if isinstance(norm, nn.BatchNorm2d):
            was, _ = self.training, self.eval()
            self[0] = fuse_conv_bn_eval(cast("nn.Conv2d", convolution), norm)
            self[1] = nn.Identity()
            self.train(was)


class Separable(nn.Sequential):
    """Each channel by itself, then all of each pixel."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__(
            Convolution(inputs, inputs, stride=stride, groups=inputs),
            Convolution(inputs, outputs, kernel=1),
        )


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

    The input is RGB, ``(value - 127.5) / 128``. Its convolutions are registered in the order in
    which the published graph runs them.

    Args:
        widths: How many channels.
        folded: The normalisation is part of the convolutions, as in exported weights: a fifth
            faster, for weights that have been trained before.
    """

    def __init__(self, widths: Widths, *, folded: bool = False) -> None:
        super().__init__()
        # After strides 1 (of the halved image), 2, 4, 8 and 16, and at the end.
        c = [widths.first * 2**i for i in range(6)]
        self.stages = nn.ModuleList(
            (
                nn.Sequential(
                    Convolution(3, c[0], stride=2),
                    Separable(c[0], c[1]),
                    Separable(c[1], c[2], stride=2),
                    Separable(c[2], c[2]),
                    Separable(c[2], c[3], stride=2),
                    Separable(c[3], c[3]),
                ),
                nn.Sequential(
                    Separable(c[3], c[4], stride=2), *(Separable(c[4], c[4]) for _ in range(5))
                ),
                nn.Sequential(Separable(c[4], c[5], stride=2), Separable(c[5], c[5])),
            )
        )
        wide = widths.pyramid
        self.lateral = nn.ModuleList(Convolution(level, wide, kernel=1) for level in c[3:])
        self.merged_16 = Convolution(wide, wide)
        self.merged_8 = Convolution(wide, wide)
        self.contexts = nn.ModuleList(Context(wide) for _ in STRIDES)
        self.boxes = _heads(wide, 4)
        self.logits = _heads(wide, 1)
        self.points = _heads(wide, 10)
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and module.bias is None:
                nn.init.kaiming_normal_(module.weight, _LEAK, mode="fan_out")
        for head in self.logits:
            nn.init.normal_(cast("Tensor", head.weight), std=0.01)
            nn.init.constant_(cast("Tensor", head.bias), _PRIOR_LOGIT)
        if folded:
            self.fold()

    def fold(self) -> None:
        """Make the normalisation part of the convolutions; what is found stays the same."""
        for module in self.modules():
            if isinstance(module, Convolution):
                module.fold()

    def forward(self, images: Tensor) -> Predictions:
        """Raw predictions over all anchors."""
        levels = self.levels(images)
        logits, boxes, points = (torch.cat(parts, dim=1) for parts in zip(*levels, strict=True))
        return Predictions(logits.squeeze(-1), boxes, points)

    def levels(self, images: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Logits (B, n, 1), box offsets (B, n, 4), point offsets (B, n, 10), by stride."""
        seen = [
            context(feature)
            for context, feature in zip(self.contexts, self.pyramid(images), strict=True)
        ]
        return list(
            zip(
                _said(self.logits, seen, 1),
                _said(self.boxes, seen, 4),
                _said(self.points, seen, 10),
                strict=True,
            )
        )

    def pyramid(self, images: Tensor) -> list[Tensor]:
        """Features at strides 8, 16 and 32, each informed by the coarser ones."""
        features, found = images, []
        for stage, lateral in zip(self.stages, self.lateral, strict=True):
            features = stage(features)
            found.append(lateral(features))
        near, middle, far = found
        middle = self.merged_16(middle + _doubled(far))
        return [self.merged_8(near + _doubled(middle)), middle, far]


def _heads(channels: int, width: int) -> nn.ModuleList:
    return nn.ModuleList(nn.Conv2d(channels, PER_CELL * width, 1) for _ in STRIDES)


def _said(heads: nn.ModuleList, seen: Sequence[Tensor], width: int) -> list[Tensor]:
    """From (B, anchors * width, H, W) to (B, H * W * anchors, width), by stride."""
    outputs = [head(features) for head, features in zip(heads, seen, strict=True)]
    return [out.permute(0, 2, 3, 1).reshape(out.shape[0], -1, width) for out in outputs]


def _doubled(features: Tensor) -> Tensor:
    return functional.interpolate(features, scale_factor=2.0, mode="nearest")
