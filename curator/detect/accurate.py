"""Look ten times: five scales, each also mirrored, merged by box voting.

Slow, and for labelling rather than for watching: small faces show up at the large scales, large
ones at the small. The scales and the voting are those of RetinaFace's test on WIDER FACE
(https://arxiv.org/abs/1905.00641, section 4.1).
"""

from __future__ import annotations

import cv2
import numpy as np

from curator.detect.detectors import Scalable
from curator.detect.letterbox import Rgb, Size
from curator.geometry import flipped, joined, scaled, vote
from curator.records import Detections
from curator.schemes import SCHEMES

SHORT_SIDES = (500, 800, 1100, 1400, 1700)
# A strip is not drawn longer than this many times the short side asked for, so that no input is
# larger than 1700 x 3400 pixels, however large the photo is.
MAX_ASPECT = 2
# A face of 4 pixels becomes one of 16, the smallest that the networks know; there is nothing to
# see in smaller ones.
MAX_ENLARGEMENT = 4
VOTE_IOU = 0.4
MIRRORED = SCHEMES["5"].flip


class Accurate:
    """A detector used at several scales and mirrored; safe to call from several threads."""

    def __init__(self, detector: Scalable) -> None:
        self._detector = detector

    @property
    def name(self) -> str:
        """Of the detector inside."""
        return self._detector.name

    @property
    def licence(self) -> str:
        """Of the weights."""
        return self._detector.licence

    @property
    def weights_sha256(self) -> str:
        """Hex digest of the file of weights."""
        return self._detector.weights_sha256

    @property
    def method(self) -> str:
        """The weights, the short sides, and that each is seen mirrored too."""
        return f"{self.name}@{'+'.join(map(str, SHORT_SIDES))}x2"

    @property
    def min_score(self) -> float:
        """Faces below this are not returned."""
        return self._detector.min_score

    def __call__(self, image: Rgb) -> Detections:
        """Find the faces of one RGB photo, shape (H, W, 3).

        Raises:
            RunError: if the network cannot run at other sizes than its own.
        """
        height, width = image.shape[:2]
        return vote(
            joined([self._at(image, drawn_wh) for drawn_wh in scales((width, height))]), VOTE_IOU
        )

    def _at(self, image: Rgb, drawn_wh: Size) -> Detections:
        """What is found in the photo drawn at one size, and in its mirror image, photo pixels."""
        height, width = image.shape[:2]
        drawn: Rgb = np.asarray(cv2.resize(image, drawn_wh), np.uint8)
        mirror: Rgb = np.asarray(cv2.flip(drawn, 1), np.uint8)
        size = max(drawn_wh)
        seen = self._detector(drawn, size=size)
        reflected = flipped(self._detector(mirror, size=size), drawn_wh[0], MIRRORED)
        return scaled(joined([seen, reflected]), (width / drawn_wh[0], height / drawn_wh[1]))


def scales(photo_wh: Size) -> list[Size]:
    """The sizes (width, height) at which a photo is looked at, smallest first, none twice."""
    short, long = min(photo_wh), max(photo_wh)
    sizes: dict[Size, None] = {}
    for side in SHORT_SIDES:
        scale = min(side / short, MAX_ASPECT * side / long, MAX_ENLARGEMENT)
        size = (max(round(photo_wh[0] * scale), 1), max(round(photo_wh[1] * scale), 1))
        sizes[size] = None
    return list(sizes)
