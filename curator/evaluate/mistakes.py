"""What is wrong with what is wrong: the kinds of errors that TIDE tells apart.

Source: Bolya et al. 2020, "TIDE: A General Toolbox for Identifying Object Detection Errors",
https://arxiv.org/abs/2008.08115, section 2.2, with its thresholds: a detection that overlaps no
face by 0.1 shows background, one that overlaps by less than a match asks is badly placed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from curator.evaluate.matching import NO_FACE, Candidates
from curator.evaluate.overlap import Boxes, Floats, Indices, overlapping
from curator.records import Face, Mistake

BACKGROUND_IOU = 0.1
_ANY_OVERLAP = 1e-12


class Pairs:
    """The detections and the faces of some photos, and which of them overlap at all.

    Args:
        detections: One sequence a photo, best first.
        faces: One sequence a photo.
        people: Only a detection and a face of the same person can match.
    """

    def __init__(
        self,
        detections: Collection[Sequence[Face]],
        faces: Collection[Sequence[Face]],
        *,
        people: bool,
    ) -> None:
        self._detections, self._faces = boxes_of(detections), boxes_of(faces)
        self._i, self._j, self._iou = overlapping(self._detections, self._faces, _ANY_OVERLAP)
        self._same = np.ones(len(self._i), bool)
        if people:
            numbers: dict[str | None, int] = {}
            named, true = (_numbers(photos, numbers) for photos in (detections, faces))
            self._same = named[self._i] == true[self._j]

    def match(self, min_iou: float) -> Indices:
        """The index of the face of each detection, NO_FACE without one; shape (N,)."""
        nobody = np.zeros(len(self._faces), bool)
        pairs = (self._i[self._same], self._j[self._same], self._iou[self._same])
        candidates = Candidates(pairs, self._detections.ranks(), np.array([min_iou]), nobody)
        return np.asarray(candidates.match(nobody)[0])

    def nearest(self, matched: Indices) -> tuple[list[float], list[float]]:
        """The IoU of each detection with its face or the nearest one, and of each face likewise."""
        reached, covered = np.zeros(len(self._detections)), np.zeros(len(self._faces))
        np.maximum.at(reached, self._i, self._iou)
        np.maximum.at(covered, self._j, self._iou)
        own = matched[self._i] == self._j
        reached[self._i[own]] = self._iou[own]
        return reached.tolist(), covered.tolist()

    def mistakes(self, matched: Indices, min_iou: float) -> tuple[list[Mistake | None], Indices]:
        """What is wrong with each detection, and which face it means nevertheless.

        A face that was not matched is not missed where a detection means it but lies badly, or
        names somebody else.

        Returns:
            None for each detection that is right, and the index of a face, NO_FACE for all other
            mistakes than those two; both of length N.
        """
        own, own_face = self._largest(self._same)
        other, other_face = self._largest(~self._same)
        # In TIDE's own order: the first that holds is the mistake.
        conditions = {
            Mistake.LOCALISATION: (own >= BACKGROUND_IOU) & (own < min_iou),
            Mistake.WRONG_PERSON: other >= min_iou,
            Mistake.DUPLICATE: own >= min_iou,
            Mistake.BACKGROUND: np.maximum(own, other) < BACKGROUND_IOU,
        }
        kinds = list(conditions)
        which = np.select(list(conditions.values()), range(len(kinds)), default=len(kinds))
        which[matched != NO_FACE] = len(kinds) + 1
        meant = np.full(len(self._detections), NO_FACE)
        for kind, face in ((Mistake.LOCALISATION, own_face), (Mistake.WRONG_PERSON, other_face)):
            here = which == kinds.index(kind)
            meant[here] = face[here]
        names: list[Mistake | None] = [*kinds, Mistake.BOTH, None]
        return [names[k] for k in which], meant

    def _largest(self, among: NDArray[np.bool_]) -> tuple[Floats, Indices]:
        """The largest IoU of each detection with any of these faces, and with which."""
        i, j, iou = self._i[among], self._j[among], self._iou[among]
        largest, face = np.zeros(len(self._detections)), np.zeros(len(self._detections), np.intp)
        order = np.argsort(iou, kind="stable")
        # The last of several entries for one detection stays, which is the largest.
        largest[i[order]], face[i[order]] = iou[order], j[order]
        return largest, face


def boxes_of(photos: Collection[Sequence[Face]]) -> Boxes:
    """The boxes of the faces of some photos."""
    corners = np.array([face.box for faces in photos for face in faces], np.float64)
    ends = np.cumsum([0, *map(len, photos)])
    return Boxes(np.ascontiguousarray(corners.reshape(-1, 4).T), ends)


def _numbers(photos: Collection[Sequence[Face]], numbers: dict[str | None, int]) -> Indices:
    """A number for who each face is, the same for the same person."""
    every = [face.identity for faces in photos for face in faces]
    return np.array([numbers.setdefault(who, len(numbers)) for who in every], np.intp)
