"""The loop: draw, predict, compare, step; save and look at the validation split on the way."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.swa_utils import AveragedModel

from curator.errors import RunError
from curator.progress import Progress
from curator.train import checkpoint
from curator.train.anchors import anchors_for
from curator.train.augment import Cropper
from curator.train.batches import Batch, Plan, batches
from curator.train.budget import Budget, StepClock
from curator.train.checkpoint import Checkpoint
from curator.train.curve import Curve, Diary
from curator.train.losses import multi_task_loss
from curator.train.network import RetinaFaceNetwork
from curator.train.published import load_published
from curator.train.recipe import Recipe

CHECKPOINT = "checkpoint.pt"
_LARGEST_GRADIENT = 10.0

Tensors = tuple[Tensor, ...] | list[Tensor]
Judge = Callable[[RetinaFaceNetwork], Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Where and how long to train.

    Attributes:
        folder: Of the run: checkpoint and curve.
        device: ``cpu`` or ``cuda``.
        budget: How long.
        steps_an_epoch: How many steps draw as many crops as there are photos.
        ahead: Processes that draw crops; 0 draws in this one.
        saved_every: Seconds between two checkpoints.
        start: A checkpoint, or the published ONNX file, whose weights a new run begins with.
    """

    folder: Path
    device: str
    budget: Budget
    steps_an_epoch: int
    ahead: int = 1
    saved_every: float = 60.0
    start: Path | None = None


class Training:
    """A training run, at the step it has reached.

    Args:
        recipe: How to train; a run that goes on needs the recipe it began with.
        setup: Where and how long.

    Raises:
        RunError: if the checkpoint in the folder is of another recipe.
    """

    def __init__(self, recipe: Recipe, setup: Setup) -> None:
        self.recipe = recipe
        self.setup = setup
        torch.manual_seed(recipe.seed)
        network = RetinaFaceNetwork(recipe.body)
        if setup.start is not None:
            begin_with(network, setup.start)
        # Both change the network itself.
        network.to(setup.device)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network = network
        self.averaged = _averaged(self.network, recipe)
        self.optimizer = _optimizer(self.network, recipe)
        self.steps = 0
        self.clock = StepClock()
        self.diary = Diary()
        self._whole = True
        self._looked, self._look_seconds = 0.0, 0.0
        self._resume()

    @property
    def share(self) -> float:
        """How much of the budget is used up."""
        setup = self.setup
        return setup.budget.share(self.steps, self.clock.seconds, setup.steps_an_epoch)

    @property
    def best(self) -> RetinaFaceNetwork:
        """The network to judge and to export: the averaged one where there is one."""
        own = self.network if self.averaged is None else self.averaged.module
        return cast("RetinaFaceNetwork", own)

    def run(self, cropper: Cropper, judge: Judge, progress: Progress) -> None:
        """Train until the budget is used up.

        An interruption between two steps is saved; within one, the last saved step stays.

        Raises:
            RunError: if the loss is no number any more, or the disk cannot be written.
        """
        curve = Curve(self.setup.folder, self.steps)
        saved = time.monotonic()
        progress.begin("thousandths of the training", 1000)
        shown = 0
        drawn, size = self._drawn(cropper), self._size()
        try:
            if self._at_end_of_epoch():
                # It was interrupted while the validation split was looked at.
                self._close_epoch(curve, judge)
            while self.share < 1:
                if self._size() != size:
                    drawn, size = self._drawn(cropper), self._size()
                self.step(next(drawn))
                permille = min(int(self.share * 1000), 1000)
                progress.advance(permille - shown, f"loss {self.diary.last:.3f}")
                shown = permille
                if self._at_end_of_epoch():
                    self._close_epoch(curve, judge)
                if time.monotonic() - saved >= self.setup.saved_every:
                    self.save()
                    saved = time.monotonic()
            if self.diary.count:
                self._close_epoch(curve, judge)
        finally:
            if self._whole:
                self.save()
            curve.close()

    def step(self, batch: Batch) -> None:
        """One step.

        Raises:
            RunError: if the loss is no number any more.
        """
        started = time.monotonic()
        setup = self.setup
        self._whole = False
        self._set_rates()
        self.network.train()
        images = batch.images(setup.device)
        kind = "cuda" if setup.device.startswith("cuda") else "cpu"
        with torch.autocast(kind, torch.bfloat16, enabled=bfloat16_pays(kind)):
            predictions = self.network(images)
        anchors = anchors_for(images.shape[3], images.shape[2], setup.device)
        targets = [each.to(setup.device) for each in batch.targets]
        loss = multi_task_loss(predictions.float(), anchors, targets, self.recipe)
        if not math.isfinite(loss.total.item()):
            raise RunError(f"the loss is {loss.total.item()} at step {self.steps}")
        self.optimizer.zero_grad()
        loss.total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), _LARGEST_GRADIENT)
        self.optimizer.step()
        if self.averaged is not None:
            self.averaged.update_parameters(self.network)
        self.steps += 1
        self.diary.add(loss)
        self.clock.add(time.monotonic() - started)
        self._whole = True

    def save(self) -> None:
        """Put the state on the disk.

        Raises:
            RunError: if it cannot be written.
        """
        averaged = {} if self.averaged is None else self.averaged.state_dict()
        state = Checkpoint(
            recipe=self.recipe.as_dict(),
            steps=self.steps,
            seconds=self.clock.seconds,
            network=self.network.state_dict(),
            averaged=averaged,
            optimizer=self.optimizer.state_dict(),
            losses=self.diary.state(),
        )
        checkpoint.save(state, self.setup.folder / CHECKPOINT)

    def _resume(self) -> None:
        file = self.setup.folder / CHECKPOINT
        state = checkpoint.load(file, self.setup.device)
        if state is None:
            return
        if Recipe.from_dict(state.recipe) != self.recipe:
            raise RunError(
                f"{file}: began with another recipe; go on with that one, or use another folder"
            )
        self.network.load_state_dict(state.network)
        if self.averaged is not None:
            self.averaged.load_state_dict(state.averaged)
        self.optimizer.load_state_dict(dict(state.optimizer))
        self.steps = state.steps
        self.clock = StepClock(state.seconds)
        self.diary = Diary.of(state.losses)

    def _size(self) -> int:
        return self.recipe.size_at(self.share)

    def _drawn(self, cropper: Cropper) -> Iterator[Batch]:
        plan = Plan(self.steps, self.recipe.batch, self._size(), self.setup.ahead)
        return batches(cropper, plan)

    def rate(self) -> float:
        """The part of the highest learning rate that this step takes."""
        warm = min((self.steps + 1) / max(self.recipe.warmup, 1), 1.0)
        share = min(self.share, 1.0)
        if self.recipe.schedule == "cosine":
            return warm * (0.01 + 0.99 * (1 + math.cos(math.pi * share)) / 2)
        return warm * (1.0 if share < 0.75 else 0.1 if share < 0.9 else 0.01)

    def _set_rates(self) -> None:
        recipe = self.recipe
        body, first = (self.share >= until for until in recipe.frozen)
        self.network.body.requires_grad_(body)
        self.network.body.stages[0].requires_grad_(body and first)
        for group in self.optimizer.param_groups:
            own = recipe.body_rate if group["body"] else 1.0
            group["lr"] = recipe.learning_rate * self.rate() * own

    def _at_end_of_epoch(self) -> bool:
        return self.diary.count > 0 and self.steps % self.setup.steps_an_epoch == 0

    def _just_looked(self) -> bool:
        """Whether a look took longer than was trained since: epochs of few photos are short."""
        return self.clock.seconds - self._looked < self._look_seconds

    def _close_epoch(self, curve: Curve, judge: Judge) -> None:
        epoch = math.ceil(self.steps / self.setup.steps_an_epoch)
        figures = self.diary.means() | {
            "epoch": epoch,
            "minutes": self.clock.seconds / 60,
            "learning_rate": self.recipe.learning_rate * self.rate(),
        }
        due = epoch % self.recipe.judged_every == 0 and not self._just_looked()
        if due or self.share >= 1:
            started = time.monotonic()
            figures |= judge(self.best)
            self._looked, self._look_seconds = self.clock.seconds, time.monotonic() - started
        curve.add(self.steps, figures)
        self.diary = Diary()


def begin_with(network: RetinaFaceNetwork, file: Path) -> None:
    """Take over the weights of a checkpoint, or those published with RetinaFace.

    Raises:
        InputError: if there is no such file, or the weights are of another network.
        RunError: if the file is no checkpoint.
    """
    if file.suffix == ".onnx":
        load_published(network, file)
    else:
        checkpoint.load_weights(network, file)


def bfloat16_pays(kind: str) -> bool:
    """Whether the device computes in bfloat16 itself; a processor that does not is far slower."""
    return kind == "cuda" or bool(torch.cpu.get_capabilities().get("avx512_bf16"))


def _averaged(network: RetinaFaceNetwork, recipe: Recipe) -> AveragedModel | None:
    if not recipe.average:
        return None

    @torch.no_grad()
    def follow(averaged: Tensors, now: Tensors, count: int | Tensor) -> None:
        # The first steps are soon forgotten: the average spans a tenth of the run at most.
        decay = min(recipe.average, (1 + int(count)) / (10 + int(count)))
        for old, new in zip(averaged, now, strict=True):
            if old.is_floating_point():
                old.lerp_(new, 1 - decay)
            else:
                old.copy_(new)

    return AveragedModel(network, multi_avg_fn=follow, use_buffers=True)


def _optimizer(network: RetinaFaceNetwork, recipe: Recipe) -> Optimizer:
    named = list(network.named_parameters())
    sgd = recipe.optimizer == "sgd"
    groups = [
        {
            "params": [p for name, p in named if _group(name, p) == (body, decayed)],
            "body": body,
            "weight_decay": recipe.weight_decay if decayed or sgd else 0.0,
        }
        for body in (True, False)
        for decayed in (True, False)
    ]
    if sgd:
        return SGD(groups, lr=recipe.learning_rate, momentum=0.9)
    return AdamW(groups, lr=recipe.learning_rate)


def _group(name: str, values: nn.Parameter) -> tuple[bool, bool]:
    """Whether it is of the body, and whether AdamW decays it: no biases, no normalisation."""
    return name.startswith("body."), values.ndim > 1
