"""From photo to tensor, through the network, and back to boxes in pixels of the photo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from curator.detect.letterbox import Letterbox, Rgb, Size, draw, padded, tensor
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
        return self.decode(looks, [self.infer(look) for look in looks])

    def prepare(self, image: Rgb, *, size: int | None = None) -> list[Look]:
        """The inputs of the network for one photo: one for each size."""
        height, width = image.shape[:2]
        boxes = (
            [self._fit((width, height), own) for own in self.sizes]
            if size is None
            else [self._padded((width, height), size)]
        )
        return [Look(self._tensor(image, box), box) for box in boxes]

    def infer(self, look: Look) -> list[Tensor]:
        """The outputs of the network, as they come."""
        return self.network.run(look.tensor)

    def decode(self, looks: Sequence[Look], outputs: Sequence[list[Tensor]]) -> Detections:
        """The faces of one photo, in its pixels, best first."""
        seen = joined([self._in_photo(look, out) for look, out in zip(looks, outputs, strict=True)])
        last = float(self.layout.inclusive)
        areas = seen.boxes + np.array([0, 0, last, last], np.float32)
        kept = suppress(areas, seen.scores, self.layout.nms_iou)
        return chosen(seen, kept)

    def _padded(self, photo_wh: Size, size: int) -> Letterbox:
        return padded(photo_wh, size, self.layout.stride)

    def _tensor(self, image: Rgb, box: Letterbox) -> Any:
        layout = self.layout
        return tensor(
            draw(image, box), layout.mean, layout.scale, bgr=layout.bgr, dtype=layout.dtype
        )

    def _in_photo(self, look: Look, outputs: list[Tensor]) -> Detections:
        box = look.letterbox
        found = self.layout.decode(outputs, box.canvas_wh)
        return scaled(found, (1 / box.scale_xy[0], 1 / box.scale_xy[1]))
