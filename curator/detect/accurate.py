"""Look again ten times: at five scales (or others), each also mirrored, merged by box voting.

Slow, and for labelling rather than for watching: small faces show up at the large scales, large
ones at the small. The scales and the voting are those of RetinaFace's test on WIDER FACE
(https://arxiv.org/abs/1905.00641, section 4.1), but for the score: there the highest of the ten,
which lets every look add its own mistakes; here the mean of the better half, since a face is in
reach of about half of the scales. On 129 photos of WIDER FACE that took RetinaFace-0.25 from AP
.833 to .842 (hard), and its precision at score 0.5 from .58 to .82, for .05 of its recall.

What the detector finds by itself is never lost: where no vote speaks of it, it stays as it is.
Some detectors see a face that fills the photo only when the photo is drawn small.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from curator.detect.detectors import Scalable
from curator.detect.letterbox import Rgb, Size
from curator.errors import ConfigError
from curator.geometry import chosen, flipped, iou, joined, scaled, vote
from curator.records import Detections
from curator.schemes import SCHEMES

SHORT_SIDES = (500, 800, 1100, 1400, 1700)
SMALLEST_SIDE = 32
# A strip is not drawn longer than this many times the short side asked for, so that no input is
# larger than 1700 x 3400 pixels, however large the photo is: two threads of scrfd_2.5g take
# 1.6 GB at most, of which a photo of 50 megapixels is 150 MB each.
MAX_ASPECT = 2
# A face of 4 pixels becomes one of 16, the smallest that the networks know; there is nothing to
# see in smaller ones.
MAX_ENLARGEMENT = 4
VOTE_IOU = 0.4
# Looks count from this share of the lowest score on: less than enough alone, but a vote.
FAINT = 0.4
MIRRORED = SCHEMES["5"].flip


class Accurate:
    """A detector used at several scales and mirrored; safe to call from several threads.

    Args:
        detector: Opened at ``FAINT`` times the lowest score that is wanted.
        min_score: Faces below this are not returned.
        sides: Short sides at which a photo is drawn, pixels.

    Raises:
        ConfigError: if there is no such side, or one is below 32 pixels.
    """

    def __init__(
        self, detector: Scalable, min_score: float, sides: Sequence[int] = SHORT_SIDES
    ) -> None:
        if not sides or min(sides) < SMALLEST_SIDE:
            raise ConfigError(
                f"a photo is drawn with a short side of at least {SMALLEST_SIDE} pixels, "
                f"not {min(sides, default=0)}"
            )
        self._detector = detector
        self._min_score = min_score
        self._sides = tuple(sorted(set(sides)))

    @property
    def inside(self) -> Scalable:
        """The detector that looks."""
        return self._detector

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
        """The detector's own, the short sides, and that each is seen mirrored too."""
        return f"{self._detector.method}/{'+'.join(map(str, self._sides))}x2"

    @property
    def min_score(self) -> float:
        """Faces below this are not returned."""
        return self._min_score

    def __call__(self, image: Rgb) -> Detections:
        """Find the faces of one RGB photo, shape (H, W, 3).

        Raises:
            RunError: if the network cannot run at other sizes than its own.
        """
        height, width = image.shape[:2]
        sizes = scales((width, height), self._sides)
        looks = joined([self._at(image, drawn_wh) for drawn_wh in sizes])
        merged = self._good(vote(looks, VOTE_IOU, votes=len(sizes)))
        own = self._good(self._detector(image))
        known = (iou(own.boxes, merged.boxes) >= VOTE_IOU).any(axis=1)
        found = joined([merged, chosen(own, np.flatnonzero(~known))])
        return chosen(found, np.argsort(-found.scores, kind="stable"))

    def _good(self, found: Detections) -> Detections:
        return chosen(found, found.scores >= self._min_score)

    def _at(self, image: Rgb, drawn_wh: Size) -> Detections:
        """What is found in the photo drawn at one size, and in its mirror image, photo pixels."""
        height, width = image.shape[:2]
        drawn: Rgb = np.asarray(cv2.resize(image, drawn_wh), np.uint8)
        mirror: Rgb = np.asarray(cv2.flip(drawn, 1), np.uint8)
        size = max(drawn_wh)
        seen = self._detector(drawn, size=size)
        reflected = flipped(self._detector(mirror, size=size), drawn_wh[0], MIRRORED)
        return scaled(joined([seen, reflected]), (width / drawn_wh[0], height / drawn_wh[1]))


def scales(photo_wh: Size, sides: Sequence[int] = SHORT_SIDES) -> list[Size]:
    """The sizes (width, height) at which a photo is looked at, smallest first, none twice."""
    short, long = min(photo_wh), max(photo_wh)
    sizes: dict[Size, None] = {}
    for side in sides:
        scale = min(side / short, MAX_ASPECT * side / long, MAX_ENLARGEMENT)
        size = (max(round(photo_wh[0] * scale), 1), max(round(photo_wh[1] * scale), 1))
        sizes[size] = None
    return list(sizes)
