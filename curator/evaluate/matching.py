"""Give each face at most one detection, the way COCO does, for several thresholds at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curator.evaluate.overlap import Boxes, Floats, Indices, overlapping

Flags = NDArray[np.bool_]

NO_FACE = -1


class Candidates:
    """The pairs of detections and faces that any of the thresholds could accept.

    Args:
        pairs: Index of the detection, index of the face, and how alike they are, 0..1.
        ranks: The place of each detection within its photo, best first; shape (N,).
        thresholds: Least likeness, shape (T,), each above 0.
        crowds: Shape (G,): regions that any number of detections may match.
    """

    def __init__(
        self,
        pairs: tuple[Indices, Indices, Floats],
        ranks: Indices,
        thresholds: Floats,
        crowds: Flags,
    ) -> None:
        self._count = len(ranks)
        # The owners' code lets a likeness of 1 pass a threshold of 1 whatever the rounding.
        self._thresholds = np.minimum(thresholds, 1 - 1e-10)[:, None]
        self._crowds = crowds
        enough = pairs[2] >= self._thresholds.min()
        self._detection, self._face, self._iou = (each[enough] for each in pairs)
        self._rank = ranks[self._detection]

    @classmethod
    def of_boxes(
        cls, detections: Boxes, faces: Boxes, thresholds: Floats, crowds: Flags
    ) -> Candidates:
        """Those that overlap enough.

        Args:
            detections: Of some photos; those of one photo best first.
            faces: Of the same photos.
            thresholds: Least IoU, shape (T,), each above 0.
            crowds: Shape (G,): of these, enough of the detection has to lie inside.
        """
        least = float(np.minimum(thresholds, 1 - 1e-10).min())
        pairs = overlapping(detections, faces, least, regions=crowds)
        return cls(pairs, detections.ranks(), thresholds, crowds)

    def match(self, ignored: Flags) -> Indices:
        """Greedily: best detection first, and it takes the free face it overlaps most.

        Args:
            ignored: Shape (G,): faces taken only where no other overlaps enough.

        Returns:
            Shape (T, N): the index of the face of each detection, NO_FACE without one.
        """
        # By turn, then by detection, its first choice first; of equals the later face.
        order = np.lexsort(
            (-self._face, -self._iou, ignored[self._face], self._detection, self._rank)
        )
        matched = np.full((len(self._thresholds), self._count), NO_FACE)
        taken = np.zeros((len(self._thresholds), len(ignored)), bool)
        turns = np.flatnonzero(np.diff(self._rank[order])) + 1
        # A photo's detections choose one after another, those of different photos together.
        for turn in np.split(order, turns):
            detection, face = self._detection[turn], self._face[turn]
            free = ~taken[:, face] | self._crowds[face]
            free &= self._iou[turn] >= self._thresholds
            starts = np.flatnonzero(np.diff(detection, prepend=-1))
            choice = np.where(free, np.arange(len(turn)), len(turn))
            choice = np.minimum.reduceat(choice, starts, axis=1)
            threshold, chooser = np.nonzero(choice < len(turn))
            chosen = face[choice[threshold, chooser]]
            matched[threshold, detection[starts][chooser]] = chosen
            taken[threshold, chosen] = True
        return matched
