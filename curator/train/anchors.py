"""Anchors: two squares at every cell of three grids, and how predictions are read from them.

A cell's anchors are centred on its upper left corner, ``(column * stride, row * stride)``: that
is where a padded convolution of stride two looks, and how insightface reads its own detectors.
Box and points are written as in RetinaFace (Deng et al. 2020, after SSD): offsets of centre and
points in tenths of the anchor's side, sizes as logarithms in fifths.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

STRIDES = (8, 16, 32)
SIDES = ((16, 32), (64, 128), (256, 512))
PER_CELL = 2
CENTRE_VARIANCE = 0.1
SIZE_VARIANCE = 0.2
# exp(5 / 5 * 4) = 55 times the anchor; larger predictions are noise and would overflow.
_LARGEST = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """All anchors of an image, stride by stride, row by row, two a cell.

    Attributes:
        centres: Shape (N, 2), pixels.
        sides: Shape (N,), pixels.
        strides: Shape (N,), pixels.
    """

    centres: Tensor
    sides: Tensor
    strides: Tensor

    def __len__(self) -> int:
        return len(self.sides)

    def boxes(self) -> Tensor:
        """The anchors themselves, shape (N, 4), ``xyxy`` pixels."""
        half = self.sides[:, None] / 2
        return torch.cat([self.centres - half, self.centres + half], dim=1)

    def decode_boxes(self, offsets: Tensor) -> Tensor:
        """Boxes, shape (..., N, 4), ``xyxy`` pixels, of offsets of the same shape."""
        sides = self.sides[:, None]
        centres = self.centres + offsets[..., :2] * CENTRE_VARIANCE * sides
        half = torch.exp(offsets[..., 2:].clamp(max=_LARGEST) * SIZE_VARIANCE) * sides / 2
        return torch.cat([centres - half, centres + half], dim=-1)

    def encode_boxes(self, boxes: Tensor) -> Tensor:
        """The offsets, shape (N, 4), of one box an anchor, shape (N, 4); sizes above 0."""
        sides = self.sides[:, None]
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        sizes = boxes[:, 2:] - boxes[:, :2]
        return torch.cat(
            [
                (centres - self.centres) / (CENTRE_VARIANCE * sides),
                torch.log(sizes / sides) / SIZE_VARIANCE,
            ],
            dim=1,
        )

    def decode_points(self, offsets: Tensor) -> Tensor:
        """Points, shape (..., N, 5, 2), pixels, of offsets of shape (..., N, 10)."""
        pairs = offsets.reshape(*offsets.shape[:-1], 5, 2)
        away = pairs * CENTRE_VARIANCE * self.sides[:, None, None]
        return self.centres[:, None] + away

    def encode_points(self, points: Tensor) -> Tensor:
        """The offsets, shape (N, 10), of five points an anchor, shape (N, 5, 2)."""
        away = (points - self.centres[:, None]) / (CENTRE_VARIANCE * self.sides[:, None, None])
        return away.flatten(1)

    def of(self, index: Tensor) -> Anchors:
        """Some of them, by index or mask."""
        return Anchors(self.centres[index], self.sides[index], self.strides[index])


@cache
# What is remembered serves training too: no tensor of the mode it happened to be asked for in.
@torch.inference_mode(mode=False)
def anchors_for(width: int, height: int, device: str = "cpu") -> Anchors:
    """The anchors of an image whose sides are multiples of 32 pixels."""
    centres, sides, strides = [], [], []
    for stride, own in zip(STRIDES, SIDES, strict=True):
        y, x = torch.meshgrid(
            torch.arange(0, height, stride), torch.arange(0, width, stride), indexing="ij"
        )
        cells = torch.stack([x, y], dim=-1).reshape(-1, 2)
        centres.append(cells.repeat_interleave(PER_CELL, dim=0))
        sides.append(torch.tensor(own).repeat(len(cells)))
        strides.append(torch.full((len(cells) * PER_CELL,), stride))
    return Anchors(
        torch.cat(centres).float().to(device),
        torch.cat(sides).float().to(device),
        torch.cat(strides).float().to(device),
    )
