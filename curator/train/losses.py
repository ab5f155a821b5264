"""The multi-task loss ``c L_class + b L_box + p L_points``; points only where labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from curator.train.anchors import Anchors
from curator.train.assignment import Assignment, Targets, assign_dynamic, assign_static
from curator.train.network import Predictions
from curator.train.recipe import Matching, Recipe

NEGATIVES_PER_FACE = 7


@dataclass(frozen=True, slots=True, eq=False)
class Loss:
    """Mean over a batch, unweighted; ``total`` is what is minimised."""

    total: Tensor
    classes: Tensor
    boxes: Tensor
    points: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class _Positives:
    """The P anchors of a batch that are to find a face, with that face.

    Attributes:
        at: Flat index into (B * N,), shape (P,).
        anchors: P anchors.
        boxes: Shape (P, 4), pixels.
        points: Shape (P, 5, 2), pixels, NaN where there are none.
        trust: Shape (P,).
        ignored: Shape (B * N,).
    """

    at: Tensor
    anchors: Anchors
    boxes: Tensor
    points: Tensor
    trust: Tensor
    ignored: Tensor


def multi_task_loss(
    predictions: Predictions, anchors: Anchors, targets: Sequence[Targets], recipe: Recipe
) -> Loss:
    """The loss of a batch.

    Args:
        predictions: Of B images over N anchors, in full precision.
        anchors: N anchors.
        targets: Of the B images.
        recipe: Tells how anchors are assigned and how the parts are weighted.
    """
    if recipe.matching is Matching.STATIC:
        positives = _gather([assign_static(anchors, each) for each in targets], anchors, targets)
        parts = _static(predictions, positives)
    else:
        with torch.no_grad():
            boxes = anchors.decode_boxes(predictions.boxes)
            found = [
                assign_dynamic(anchors, each, predictions.logits[i], boxes[i])
                for i, each in enumerate(targets)
            ]
        positives = _gather(found, anchors, targets)
        parts = _dynamic(predictions, positives)
    weights = (recipe.class_weight, recipe.box_weight, recipe.point_weight)
    total = sum((part * weight for part, weight in zip(parts, weights, strict=True)), parts[0] * 0)
    return Loss(total, *(part.detach() for part in parts))


def _gather(
    found: Sequence[Assignment], anchors: Anchors, targets: Sequence[Targets]
) -> _Positives:
    count = len(anchors)
    index = torch.cat([each.anchors for each in found])
    pairs = list(zip(targets, found, strict=True))
    return _Positives(
        at=torch.cat([each.anchors + i * count for i, each in enumerate(found)]),
        anchors=anchors.of(index),
        boxes=torch.cat([each.boxes[one.faces] for each, one in pairs]),
        points=torch.cat([each.points[one.faces] for each, one in pairs]),
        trust=torch.cat([each.trust[one.faces] for each, one in pairs]),
        ignored=torch.cat([each.ignored for each in found]),
    )


def _static(predictions: Predictions, positives: _Positives) -> tuple[Tensor, Tensor, Tensor]:
    """Cross entropy with the hardest negatives, smooth L1 of the offsets (RetinaFace)."""
    logits = predictions.logits.flatten()
    wanted = torch.zeros_like(logits)
    wanted[positives.at] = 1.0
    entropy = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    background = entropy.detach().masked_fill(positives.ignored | (wanted > 0), -1.0)
    count = max(len(positives.at), 1)
    hardest = background.topk(min(NEGATIVES_PER_FACE * count, len(background))).indices
    hardest = hardest[background[hardest] >= 0]
    classes = (entropy[positives.at].sum() + entropy[hardest].sum()) / count
    offsets = predictions.boxes.flatten(0, 1)[positives.at]
    boxes = functional.smooth_l1_loss(
        offsets, positives.anchors.encode_boxes(positives.boxes), reduction="sum"
    )
    known = _with_points(positives)
    points = functional.smooth_l1_loss(
        predictions.points.flatten(0, 1)[positives.at[known]],
        positives.anchors.of(known).encode_points(positives.points[known]),
        reduction="sum",
    )
    return classes, boxes / count, points / max(int(known.sum()), 1)


def _dynamic(predictions: Predictions, positives: _Positives) -> tuple[Tensor, Tensor, Tensor]:
    """Quality focal loss (Li et al. 2020), DIoU (Zheng et al. 2020), L1 by the size of the face.

    The score to learn is the overlap of the predicted box with the face, times the trust in it.
    """
    logits = predictions.logits.flatten()
    boxes = positives.anchors.decode_boxes(predictions.boxes.flatten(0, 1)[positives.at])
    iou, distance = iou_and_distance(boxes, positives.boxes)
    quality = iou.detach() * positives.trust
    wanted = torch.zeros_like(logits)
    wanted[positives.at] = quality
    entropy = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    focal = entropy * (wanted - logits.detach().sigmoid()).square()
    focal = focal.masked_fill(positives.ignored, 0.0)
    weight = quality.clamp(min=0.05)
    total = weight.sum().clamp(min=1.0)
    known = _with_points(positives)
    true = positives.points[known]
    guessed = positives.anchors.of(known).decode_points(
        predictions.points.flatten(0, 1)[positives.at[known]]
    )
    sides = positives.boxes[known, 2:] - positives.boxes[known, :2]
    size = sides.prod(dim=1).sqrt().clamp(min=1.0)
    away = (guessed - true).abs().mean(dim=(1, 2)) / size
    own = weight[known]
    return (
        focal.sum() / total,
        ((1 - iou + distance) * weight).sum() / total,
        (away * own).sum() / own.sum().clamp(min=1.0),
    )


def iou_and_distance(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Of pairs of boxes, shape (P, 4): overlap, and squared distance of the centres.

    The distance is relative to the diagonal of the smallest box around both; both shape (P,).
    """
    corner = torch.maximum(first[:, :2], second[:, :2])
    opposite = torch.minimum(first[:, 2:], second[:, 2:])
    overlap = (opposite - corner).clamp(min=0).prod(dim=1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(dim=1) for boxes in (first, second)]
    iou = overlap / (areas[0] + areas[1] - overlap).clamp(min=1e-9)
    around = torch.maximum(first[:, 2:], second[:, 2:]) - torch.minimum(first[:, :2], second[:, :2])
    between = (first[:, :2] + first[:, 2:] - second[:, :2] - second[:, 2:]) / 2
    distance = between.square().sum(dim=1) / around.square().sum(dim=1).clamp(min=1e-9)
    return iou, distance


def _with_points(positives: _Positives) -> Tensor:
    return ~positives.points.isnan().flatten(1).any(dim=1)
