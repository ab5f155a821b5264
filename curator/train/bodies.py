"""Bodies: from pixels to a feature pyramid at strides 8, 16 and 32, for the heads to read."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

LEAK = 0.1


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
        leak: float = LEAK,
        linear: bool = False,
    ) -> None:
        parts: list[nn.Module] = [
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs),
        ]
        rectifier = [] if linear else [nn.LeakyReLU(leak, inplace=True)]
        super().__init__(*parts, *rectifier)

    def fold(self) -> None:
        """Make the normalisation, with the statistics it has, part of the convolution."""
        convolution, norm = self[0], self[1]
        if isinstance(norm, nn.BatchNorm2d):
            was, _ = self.training, self.eval()
            self[0] = fuse_conv_bn_eval(cast("nn.Conv2d", convolution), norm)
            self[1] = nn.Identity()
            self.train(was)


def fold(part: nn.Module) -> None:
    """Fold all convolutions of a part; what it computes stays the same."""
    for module in part.modules():
        if isinstance(module, Convolution):
            module.fold()


class Separable(nn.Sequential):
    """Each channel by itself, then all of each pixel."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__(
            Convolution(inputs, inputs, stride=stride, groups=inputs),
            Convolution(inputs, outputs, kernel=1),
        )


class MobileNet(nn.Module):
    """MobileNet (Howard et al. 2017) of a quarter of the usual width, and a pyramid walked down.

    As published with RetinaFace (https://github.com/biubug6/Pytorch_Retinaface), layer by layer,
    so that those weights fit; its convolutions are registered in the order in which that graph
    runs them.

    Args:
        first: Channels of the first convolution, doubled five times on the way.
        channels: Of the pyramid.
    """

    def __init__(self, first: int = 8, channels: int = 64) -> None:
        super().__init__()
        self.channels = channels
        # After strides 1 (of the halved image), 2, 4, 8 and 16, and at the end.
        c = [first * 2**i for i in range(6)]
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
        self.lateral = nn.ModuleList(Convolution(level, channels, kernel=1) for level in c[3:])
        self.merged_16 = Convolution(channels, channels)
        self.merged_8 = Convolution(channels, channels)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Features at strides 8, 16 and 32, each informed by the coarser ones."""
        features, found = images, []
        for stage, lateral in zip(self.stages, self.lateral, strict=True):
            features = stage(features)
            found.append(lateral(features))
        near, middle, far = found
        middle = self.merged_16(middle + _doubled(far))
        return [self.merged_8(near + _doubled(middle)), middle, far]


class Unit(nn.Sequential):
    """All channels of each pixel, then each channel by itself (YuNet's order)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 1),
            Convolution(outputs, outputs, groups=outputs, leak=0.0),
        )


class YuNetBody(nn.Module):
    """The body of YuNet (Wu, Peng & Yu 2023): 64 channels from stride 4 on, halved by pooling.

    Layer by layer that of https://github.com/ShiqiYu/libfacedetection.train (MIT) up to its last
    common layers, so that those weights fit; its convolutions are registered in the order in
    which that graph runs them.
    """

    channels = 64

    def __init__(self) -> None:
        super().__init__()
        wide = self.channels
        half = nn.MaxPool2d(2)
        self.stages = nn.ModuleList(
            (
                nn.Sequential(
                    Convolution(3, 16, stride=2, leak=0.0),
                    Unit(16, 16),
                    half,
                    Unit(16, 16),
                    Unit(16, wide),
                    Unit(wide, wide),
                    Unit(wide, wide),
                    half,
                    Unit(wide, wide),
                    Unit(wide, wide),
                ),
                nn.Sequential(half, Unit(wide, wide), Unit(wide, wide)),
                nn.Sequential(half, *(Unit(wide, wide) for _ in range(3))),
            )
        )
        self.merged_16 = Unit(wide, wide)
        self.merged_8 = Unit(wide, wide)
        self.last = nn.ModuleList(Unit(wide, wide) for _ in range(3))

    def forward(self, images: Tensor) -> list[Tensor]:
        """Features at strides 8, 16 and 32, each informed by the coarser ones."""
        found, features = [], images
        for stage in self.stages:
            features = stage(features)
            found.append(features)
        near, middle, far = found
        middle = self.merged_16(middle + _doubled(far))
        near = self.merged_8(near + _doubled(middle))
        return [last(each) for last, each in zip(self.last, (near, middle, far), strict=True)]


def _doubled(features: Tensor) -> Tensor:
    return functional.interpolate(features, scale_factor=2.0, mode="nearest")
