"""The state of a training run on the disk: whole or not there, and nothing but plain values."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from curator.errors import InputError, RunError
from curator.train.bodies import Convolution
from curator.train.network import RetinaFaceNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Everything a run needs to go on as if it had never stopped.

    Attributes:
        recipe: As :meth:`curator.train.recipe.Recipe.as_dict` gives it.
        steps: Taken so far.
        seconds: Spent in these steps.
        network: Weights and statistics of the network.
        averaged: The same of the averaged network; empty where none is kept.
        optimizer: Its state.
        losses: Of the steps since the last row of the curve.
    """

    recipe: Mapping[str, Any]
    steps: int
    seconds: float
    network: Mapping[str, Tensor]
    averaged: Mapping[str, Tensor]
    optimizer: Mapping[str, Any]
    losses: Mapping[str, float]


def save(checkpoint: Checkpoint, file: Path) -> None:
    """Write it beside the file, then put it in its place.

    Raises:
        RunError: if the disk is full or cannot be written.
    """
    partial = file.with_suffix(".partial")
    values = {name: getattr(checkpoint, name) for name in Checkpoint.__slots__}
    try:
        with partial.open("wb") as out:
            torch.save(values, out)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(file)
    except (OSError, RuntimeError) as cause:
        raise RunError(f"{file}: the checkpoint cannot be written ({cause})") from cause


def load(file: Path, device: str = "cpu") -> Checkpoint | None:
    """Read one, without running anything that stands in it; None where there is none.

    Raises:
        RunError: if the file is no checkpoint.
    """
    if not file.exists():
        return None
    try:
        values = torch.load(file, map_location=device, weights_only=True)
        return Checkpoint(**values)
    except (OSError, RuntimeError, TypeError, pickle.UnpicklingError, EOFError) as cause:
        raise RunError(f"{file}: this is no checkpoint of a training run") from cause


def load_weights(network: RetinaFaceNetwork, file: Path) -> None:
    """Take over the weights that a run would export: the averaged ones where it has them.

    What is folded there is folded here.

    Raises:
        InputError: if there is no such file, or the weights are of another network.
        RunError: if the file is no checkpoint.
    """
    state = load(file)
    if state is None:
        raise InputError(f"{file}: there is no checkpoint to start from")
    inside = "module."
    averaged = {k.removeprefix(inside): v for k, v in state.averaged.items() if inside in k}
    values = averaged or state.network
    try:
        for name, module in network.named_modules():
            if isinstance(module, Convolution) and f"{name}.1.running_mean" not in values:
                module.fold()
        network.load_state_dict(values)
    except RuntimeError as cause:
        raise InputError(f"{file}: these are the weights of another network") from cause
