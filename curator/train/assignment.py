"""Assignment: which anchor is to find which face.

Two ways: by overlap of the anchor with the face, as RetinaFace was trained, or by what the
network now predicts there (SimOTA of YOLOX, Ge et al. 2021, with the soft costs of RTMDet, Lyu et
al. 2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from curator.train.anchors import Anchors

FACE_IOU = 0.5
BACKGROUND_IOU = 0.3
# Cells within so many strides of a face's centre may find it.
_REACH = 2.5
# A face smaller than a cell may have no cell corner inside.
_NEAREST = 0.75
_MOST_ANCHORS = 10
_FAR = 1e8


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """The faces of one crop as tensors; see :class:`curator.train.targets.Faces`."""

    boxes: Tensor
    points: Tensor
    trust: Tensor

    def to(self, device: str) -> Targets:
        """The same on another device."""
        return Targets(self.boxes.to(device), self.points.to(device), self.trust.to(device))


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """Of one image.

    Attributes:
        anchors: Indices of the anchors that are to find a face, shape (P,).
        faces: Which face each of them is to find, shape (P,).
        ignored: Shape (N,), true where an anchor learns neither face nor background.
    """

    anchors: Tensor
    faces: Tensor
    ignored: Tensor


def pairwise_iou(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union of all pairs, shape (N, M), of boxes (N, 4) and (M, 4)."""
    corner = torch.maximum(first[:, None, :2], second[None, :, :2])
    opposite = torch.minimum(first[:, None, 2:], second[None, :, 2:])
    overlap = (opposite - corner).clamp(min=0).prod(dim=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(dim=1) for boxes in (first, second)]
    return overlap / (areas[0][:, None] + areas[1] - overlap).clamp(min=1e-9)


def assign_static(anchors: Anchors, targets: Targets) -> Assignment:
    """An anchor belongs to the face it overlaps most, if by 0.5; below 0.3 it is background.

    Every face has the anchor that overlaps it most, however little that is.
    """
    taught = torch.nonzero(targets.trust > 0).squeeze(1)
    ignored = _inside_any(anchors, targets.boxes[targets.trust <= 0])
    if not len(taught):
        return Assignment(taught, taught, ignored)
    iou = pairwise_iou(targets.boxes[taught], anchors.boxes())
    best, face = iou.max(dim=0)
    own = iou.argmax(dim=1)
    face[own] = torch.arange(len(taught), device=own.device)
    best[own] = 1.0
    found = torch.nonzero(best >= FACE_IOU).squeeze(1)
    ignored |= (best >= BACKGROUND_IOU) & (best < FACE_IOU)
    ignored[found] = False
    return Assignment(found, taught[face[found]], ignored)


def assign_dynamic(anchors: Anchors, targets: Targets, logits: Tensor, boxes: Tensor) -> Assignment:
    """Each face takes the anchors that already come closest to it, more where many do.

    Args:
        anchors: N anchors.
        targets: The faces.
        logits: Shape (N,), as predicted.
        boxes: Shape (N, 4), as predicted, ``xyxy`` pixels.
    """
    taught = torch.nonzero(targets.trust > 0).squeeze(1)
    ignored = _inside_any(anchors, targets.boxes[targets.trust <= 0])
    truth = targets.boxes[taught]
    near = _near(anchors, truth)
    candidates = torch.nonzero(near.any(dim=0)).squeeze(1)
    if not len(candidates):
        return Assignment(candidates, candidates, ignored)
    near = near[:, candidates]
    iou = pairwise_iou(truth, boxes[candidates]) * near
    cost = _cost(anchors.of(candidates), truth, logits[candidates], iou)
    cost = torch.where(near, cost, _FAR)
    chosen = _cheapest(cost, iou) & near
    # An anchor that several faces want goes to the one it suits best.
    cost = torch.where(chosen, cost, _FAR)
    best, face = cost.min(dim=0)
    taken = torch.nonzero(best < _FAR).squeeze(1)
    ignored[candidates[taken]] = False
    return Assignment(candidates[taken], taught[face[taken]], ignored)


def _cost(anchors: Anchors, truth: Tensor, logits: Tensor, iou: Tensor) -> Tensor:
    """RTMDet's: poor overlap, poor score for that overlap, and a centre far away cost."""
    scores = logits.sigmoid()
    entropy = functional.softplus(logits) - logits * iou
    middle = (truth[:, :2] + truth[:, 2:]) / 2
    away = (anchors.centres - middle[:, None]).norm(dim=2) / anchors.strides
    doubt = entropy * (iou - scores).square()
    return doubt - 3 * torch.log(iou + 1e-7) + torch.pow(10.0, away - 3)


def _cheapest(cost: Tensor, iou: Tensor) -> Tensor:
    """The k cheapest anchors of each face, shape (G, M); k is the sum of the best overlaps."""
    most = min(_MOST_ANCHORS, cost.shape[1])
    count = iou.topk(most, dim=1).values.sum(dim=1).int().clamp(min=1)
    order = cost.topk(most, dim=1, largest=False).indices
    wanted = torch.arange(most, device=cost.device) < count[:, None]
    return torch.zeros_like(cost, dtype=torch.bool).scatter_(1, order, wanted)


def _near(anchors: Anchors, truth: Tensor) -> Tensor:
    """Shape (G, N): cells near a face's centre, inside its box or next to the centre."""
    middle = (truth[:, :2] + truth[:, 2:]) / 2
    away = (anchors.centres - middle[:, None]).abs().amax(dim=2) / anchors.strides
    inside = ((anchors.centres > truth[:, None, :2]) & (anchors.centres < truth[:, None, 2:])).all(
        dim=2
    )
    return ((away < _REACH) & inside) | (away < _NEAREST)


def _inside_any(anchors: Anchors, boxes: Tensor) -> Tensor:
    """Shape (N,): anchors whose centre lies in one of the boxes."""
    above = (anchors.centres > boxes[:, None, :2]).all(dim=2)
    below = (anchors.centres < boxes[:, None, 2:]).all(dim=2)
    return (above & below).any(dim=0)
