"""Faces followed from frame to frame, and the best picture of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from curator.geometry import iou

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]

# Two boxes of one face in neighbouring looks overlap at least so much; faces move little in a
# tenth of a second.
_SAME = 0.3
# A track ends when its face was not seen for so long, seconds.
_PATIENCE = 0.6
# A face seen in fewer looks was no face, or gone before anyone could see it.
_LOOKS = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """A face on one frame: ``xyxy`` pixels, score 0..1."""

    box: Box
    score: float


@dataclass(slots=True)
class Track:
    """One face over time; ``best`` is the key of its best frame."""

    box: Box
    last: float
    looks: int
    quality: float
    best: int


class Tracker:
    """Gives every face of a look to the track it goes on with: the most overlap in all."""

    def __init__(self) -> None:
        self.live: list[Track] = []

    def look(self, seconds: float, key: int, pixels: Pixels, faces: Sequence[Seen]) -> list[Track]:
        """Take in one frame.

        Args:
            seconds: Its time.
            key: What the tracks call it by.
            pixels: RGB uint8 of shape (H, W, 3).
            faces: What is on it.

        Returns:
            The tracks that ended before it.
        """
        pairs = self._pairs(faces)
        for number, seen in enumerate(faces):
            quality = best_shot(pixels, seen)
            track = pairs.get(number)
            if track is None:
                self.live.append(Track(seen.box, seconds, 1, quality, key))
                continue
            track.box, track.last, track.looks = seen.box, seconds, track.looks + 1
            if quality > track.quality:
                track.quality, track.best = quality, key
        ended = [track for track in self.live if seconds - track.last > _PATIENCE]
        self.live = [track for track in self.live if seconds - track.last <= _PATIENCE]
        return [track for track in ended if track.looks >= _LOOKS]

    def end(self) -> list[Track]:
        """The tracks that lasted to the end."""
        ended, self.live = self.live, []
        return [track for track in ended if track.looks >= _LOOKS]

    def _pairs(self, faces: Sequence[Seen]) -> dict[int, Track]:
        from scipy.optimize import linear_sum_assignment

        if not faces or not self.live:
            return {}
        overlaps = iou(
            np.array([seen.box for seen in faces]), np.array([track.box for track in self.live])
        )
        rows, columns = linear_sum_assignment(overlaps, maximize=True)
        return {
            int(row): self.live[column]
            for row, column in zip(rows, columns, strict=True)
            if overlaps[row, column] >= _SAME
        }


def best_shot(pixels: Pixels, seen: Seen) -> float:
    """How good a picture of the face this is: large, sharp and sure; to be compared in one video.

    The root of the area in pixels, times the score, times the logarithm of the variance of the
    Laplacian (Pech-Pacheco et al., ICPR 2000) of the face at 64 x 64 pixels.
    """
    height, width = pixels.shape[:2]
    x_min, y_min = max(0, int(seen.box[0])), max(0, int(seen.box[1]))
    x_max, y_max = min(width, round(seen.box[2])), min(height, round(seen.box[3]))
    if x_max - x_min < 2 or y_max - y_min < 2:
        return 0.0
    grey = cv2.cvtColor(pixels[y_min:y_max, x_min:x_max], cv2.COLOR_RGB2GRAY)
    sharpness = float(cv2.Laplacian(cv2.resize(grey, (64, 64)), cv2.CV_64F).var())
    area = (x_max - x_min) * (y_max - y_min)
    return float(area**0.5 * seen.score * np.log1p(sharpness))
