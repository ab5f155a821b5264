"""The network: a small RetinaFace of plain convolutions.

After RetinaFace (Deng et al. 2020): a backbone with outputs at strides 8, 16 and 32, a feature
pyramid, context modules that widen the view, and three 1 x 1 heads. The pyramid is walked down
and up again (Liu et al. 2018). Plain 3 x 3 convolutions stand where MobileNet has separable ones:
in bfloat16 on a processor they train three times faster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from curator.train.anchors import PER_CELL

# A first guess of one face in a hundred cells keeps the first steps calm (Lin et al. 2017).
_PRIOR_LOGIT = -4.6


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
    """Channels: after strides 2, 4, 8, 16, 32, and in the pyramid (a multiple of 4)."""

    stem: int = 16
    stride_4: int = 32
    stride_8: int = 48
    stride_16: int = 72
    stride_32: int = 72
    pyramid: int = 48


WIDTHS = {
    "small": Widths(),
    "tiny": Widths(stem=8, stride_4=16, stride_8=24, stride_16=32, stride_32=32, pyramid=24),
}


class Convolution(nn.Sequential):
    """3 x 3 (or ``kernel``) convolution, batch normalisation, and a rectifier unless linear."""

    def __init__(
        self, inputs: int, outputs: int, *, stride: int = 1, kernel: int = 3, linear: bool = False
    ) -> None:
        parts: list[nn.Module] = [
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
        ]
        super().__init__(*parts, *([] if linear else [nn.ReLU(inplace=True)]))


class Residual(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = Convolution(channels, channels)
        self.second = Convolution(channels, channels, linear=True)

    def forward(self, features: Tensor) -> Tensor:
        """Of the same shape as the features."""
        return functional.relu(features + self.second(self.first(features)))


class Context(nn.Module):
    """Half the channels see 3 x 3 cells, a quarter 5 x 5, a quarter 7 x 7 (SSH's module)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half, quarter = channels // 2, channels // 4
        self.widths = (half, quarter)
        # The view of the half and the first step of the wider ones are one convolution.
        self.near = Convolution(channels, half + quarter)
        self.wide = Convolution(quarter, quarter)
        self.wider = nn.Sequential(Convolution(quarter, quarter), Convolution(quarter, quarter))

    def forward(self, features: Tensor) -> Tensor:
        """Of the same shape as the features."""
        near, shared = self.near(features).split(self.widths, dim=1)
        return torch.cat([near, self.wide(shared), self.wider(shared)], dim=1)


class Head(nn.Module):
    """What one level of the pyramid says of its cells: three convolutions on one context."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.context = Context(channels)
        self.logits = nn.Conv2d(channels, PER_CELL, 1)
        self.boxes = nn.Conv2d(channels, PER_CELL * 4, 1)
        self.points = nn.Conv2d(channels, PER_CELL * 10, 1)
        nn.init.normal_(self.logits.weight, std=0.01)
        nn.init.constant_(cast("Tensor", self.logits.bias), _PRIOR_LOGIT)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits (B, n, 1), box offsets (B, n, 4), point offsets (B, n, 10) of n anchors."""
        seen = self.context(features)
        return (
            _rows(self.logits(seen), 1),
            _rows(self.boxes(seen), 4),
            _rows(self.points(seen), 10),
        )


class RetinaFaceNetwork(nn.Module):
    """From images, shape (B, 3, H, W), to raw predictions; H and W are multiples of 32.

    The input is RGB, ``(value - 127.5) / 128``.
    """

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        self.stride_4 = nn.Sequential(
            Convolution(3, widths.stem, stride=2),
            Convolution(widths.stem, widths.stride_4, stride=2),
        )
        self.stages = nn.ModuleList(
            nn.Sequential(Convolution(before, after, stride=2), Residual(after))
            for before, after in (
                (widths.stride_4, widths.stride_8),
                (widths.stride_8, widths.stride_16),
                (widths.stride_16, widths.stride_32),
            )
        )
        levels = (widths.stride_8, widths.stride_16, widths.stride_32)
        wide = widths.pyramid
        self.lateral = nn.ModuleList(Convolution(level, wide, kernel=1) for level in levels)
        self.merged = nn.ModuleList(Convolution(wide, wide) for _ in levels[:-1])
        self.up = nn.ModuleList(Convolution(wide, wide, stride=2) for _ in levels[:-1])
        self.heads = nn.ModuleList(Head(wide) for _ in levels)
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and module.bias is None:
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Predictions:
        """Raw predictions over all anchors."""
        levels = self.levels(images)
        logits, boxes, points = (torch.cat(parts, dim=1) for parts in zip(*levels, strict=True))
        return Predictions(logits.squeeze(-1), boxes, points)

    def levels(self, images: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Logits (B, n, 1), box offsets (B, n, 4), point offsets (B, n, 10), by stride."""
        features = self.pyramid(images)
        return [head(feature) for head, feature in zip(self.heads, features, strict=True)]

    def pyramid(self, images: Tensor) -> list[Tensor]:
        """Features at strides 8, 16 and 32, each informed by the other two."""
        features = self.stride_4(images)
        found = []
        for stage, lateral in zip(self.stages, self.lateral, strict=True):
            features = stage(features)
            found.append(lateral(features))
        near, middle, far = found
        middle = self.merged[1](middle + _doubled(far))
        near = self.merged[0](near + _doubled(middle))
        middle = middle + self.up[0](near)
        return [near, middle, far + self.up[1](middle)]


def _doubled(features: Tensor) -> Tensor:
    return functional.interpolate(features, scale_factor=2.0, mode="nearest")


def _rows(output: Tensor, width: int) -> Tensor:
    """From (B, anchors * width, H, W) to (B, H * W * anchors, width)."""
    return output.permute(0, 2, 3, 1).reshape(output.shape[0], -1, width)
