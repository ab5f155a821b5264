"""From photo to tensor, through the network, and back to boxes in pixels of the photo."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from curator.detect.letterbox import Letterbox, Rgb, Scratch, Size, draw, fill, padded
from curator.detect.network import Network, Tensor
from curator.errors import ConfigError
from curator.geometry import chosen, joined, scaled, suppress
from curator.records import Detections

Fit = Callable[[Size, int], Letterbox]


class Layout(Protocol):
    """What a family of networks wants to see and how its outputs are read.

    Attributes:
        mean: Subtracted from each channel, in the order of the network's channels.
        scale: Each channel is then multiplied by this.
        bgr: True if the network wants blue first.
        dtype: Of the network's input.
        stride: Its input is a multiple of this, pixels.
        nms_iou: The threshold of its non-maximum suppression.
        inclusive: True if there both corners count as pixels inside the box, so that it is one
            pixel wider and higher than the edges say.
        min_score: Candidates below this are dropped; between 0 and 1.
    """

    mean: tuple[float, float, float]
    scale: float
    bgr: bool
    dtype: str
    stride: int
    nms_iou: float
    inclusive: bool
    min_score: float

    def decode(self, outputs: Sequence[Tensor], canvas_wh: Size) -> Detections:
        """All candidates, in pixels of the canvas, in any order."""


@dataclass(frozen=True, slots=True)
class Look:
    """One photo as one input of the network: shape (1, 3, H, W), and how it lies in there."""

    tensor: Tensor
    letterbox: Letterbox


class OnnxDetector:
    """A detector of any layout; safe to call from several threads.

    Args:
        network: The weights.
        layout: How to feed and read them.
        name: What :func:`curator.detect.choose` opens it by.
        licence: Of the weights.
        sizes: The long sides of the network's input, pixels; what is seen at several is merged.
        fit: How a photo is drawn at these; no more padding than the stride asks for without it.

    Raises:
        ConfigError: if the lowest score or a size is out of range.
    """

    def __init__(
        self,
        network: Network,
        layout: Layout,
        *,
        name: str,
        licence: str,
        sizes: Sequence[int],
        fit: Fit | None = None,
    ) -> None:
        if not 0 <= layout.min_score <= 1:
            raise ConfigError(f"the lowest score must lie between 0 and 1, not {layout.min_score}")
        if min(sizes) < layout.stride:
            raise ConfigError(
                f"the input size must be at least {layout.stride} pixels, not {min(sizes)}"
            )
        self.network = network
        self.layout = layout
        self.name = name
        self.licence = licence
        self.sizes = tuple(sizes)
        self._fit = fit or self._padded
        self._drawn, self._tensor = Scratch(), Scratch()

    @property
    def weights_sha256(self) -> str:
        """Hex digest of the file of weights."""
        return self.network.sha256

    @property
    def min_score(self) -> float:
        """Faces below this are not returned."""
        return self.layout.min_score

    @property
    def method(self) -> str:
        """The weights, without the way to them, and the sizes they are used at."""
        kind, _, variant = self.name.partition(":")
        return f"{kind}:{Path(variant).name}@{'+'.join(map(str, self.sizes))}"

    def __call__(self, image: Rgb, *, size: int | None = None) -> Detections:
        """Find the faces of one photo.

        Args:
            image: RGB, shape (H, W, 3).
            size: Another long side of the network's input than its own, pixels.

        Raises:
            RunError: if the network cannot run.
        """
        looks = self.prepare(image, size=size)
        return self.merge([self.decode(look, self.infer(look)) for look in looks])

    def prepare(self, image: Rgb, *, size: int | None = None) -> Iterator[Look]:
        """The inputs of the network for one photo, one for each size.

        The memory of a tensor is used again for the next one of this thread.
        """
        photo_wh = (image.shape[1], image.shape[0])
        for box in self._boxes(photo_wh, size):
            drawn = draw(image, box, self._drawn)
            width, height = box.canvas_wh
            tensor = self._tensor.array((1, 3, height, width), self.layout.dtype)
            fill(tensor, drawn, self.layout.mean, self.layout.scale, bgr=self.layout.bgr)
            yield Look(tensor, box)

    def infer(self, look: Look) -> list[Tensor]:
        """The outputs of the network, as they come."""
        return self.network.run(look.tensor)

    def decode(self, look: Look, outputs: Sequence[Tensor]) -> Detections:
        """All candidates of one look, in pixels of the photo."""
        box = look.letterbox
        found = self.layout.decode(outputs, box.canvas_wh)
        return scaled(found, (1 / box.scale_xy[0], 1 / box.scale_xy[1]))

    def merge(self, looks: Sequence[Detections]) -> Detections:
        """The faces among the candidates of all looks, best first."""
        seen = joined(looks)
        last = float(self.layout.inclusive)
        areas = seen.boxes + np.array([0, 0, last, last], np.float32)
        return chosen(seen, suppress(areas, seen.scores, self.layout.nms_iou))

    def _boxes(self, photo_wh: Size, size: int | None) -> list[Letterbox]:
        if size is not None:
            return [self._padded(photo_wh, size)]
        return [self._fit(photo_wh, own) for own in self.sizes]

    def _padded(self, photo_wh: Size, size: int) -> Letterbox:
        return padded(photo_wh, size, self.layout.stride)
