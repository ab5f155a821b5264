"""Batches for the network, drawn ahead by another process."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from curator.train.assignment import Targets
from curator.train.augment import Crop, Cropper


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """B crops: RGB uint8, shape (B, size, size, 3), and what each should teach."""

    pixels: Tensor
    targets: list[Targets]

    def images(self, device: str) -> Tensor:
        """As the network wants them, shape (B, 3, size, size), channels last in memory."""
        pixels = self.pixels.to(device, non_blocking=True).permute(0, 3, 1, 2)
        return (pixels.float() - 127.5) / 128


@dataclass(frozen=True, slots=True)
class Plan:
    """Which batches: of steps ``first`` and on, without end.

    Attributes:
        first: The number of the first step.
        batch: Crops a step.
        size: Side of the crops, pixels.
        ahead: Processes that draw; 0 draws in this one.
    """

    first: int
    batch: int
    size: int
    ahead: int


class _Steps(Dataset[Batch]):
    def __init__(self, cropper: Cropper, plan: Plan) -> None:
        self._cropper = cropper
        self._plan = plan

    def __getitem__(self, step: int) -> Batch:
        first = step * self._plan.batch
        crops = [self._cropper.draw(first + i, self._plan.size) for i in range(self._plan.batch)]
        return _batch(crops)


class _From:
    """All steps from one on."""

    def __init__(self, first: int) -> None:
        self._first = first

    def __iter__(self) -> Iterator[int]:
        step = self._first
        while True:
            yield step
            step += 1


def batches(cropper: Cropper, plan: Plan) -> Iterator[Batch]:
    """Batches without end; the one of a step is the same in every run."""
    loader = DataLoader(
        _Steps(cropper, plan),
        batch_size=None,
        sampler=_From(plan.first),
        num_workers=plan.ahead,
        prefetch_factor=4 if plan.ahead else None,
        worker_init_fn=_quietly,
        # A copy of a process with threads, which torch has, may hang.
        multiprocessing_context="spawn" if plan.ahead else None,
    )
    return iter(loader)


def _quietly(_: int) -> None:
    """How a drawing process lives: one thread, and it ends with the one it draws for."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _batch(crops: list[Crop]) -> Batch:
    return Batch(
        torch.from_numpy(np.stack([crop.pixels for crop in crops])),
        [
            Targets(*map(torch.from_numpy, (c.faces.boxes, c.faces.points, c.faces.trust)))
            for c in crops
        ],
    )
