"""How the faces of a release are spread, measured while it is frozen."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import Any

from curator.records import Face

# Lower ends of the bars: faces in an image, and height of a face in pixels.
FACES_PER_IMAGE = (0, 1, 2, 3, 5, 10, 20, 50, 100)
FACE_HEIGHTS = (0, 8, 16, 32, 64, 128, 256, 512)


class Profile:
    """Counts, split by split, as the samples pass by."""

    def __init__(self) -> None:
        self._images: Counter[tuple[str, int]] = Counter()
        self._faces: Counter[tuple[str, int]] = Counter()
        self._totals: Counter[str] = Counter()

    def add(self, split: str, faces: Sequence[Face]) -> None:
        """One more image of this split."""
        self._images[split, _bar(FACES_PER_IMAGE, len(faces))] += 1
        self._totals[split] += len(faces)
        for face in faces:
            self._faces[split, _bar(FACE_HEIGHTS, face.box[3] - face.box[1])] += 1

    def as_json(self) -> dict[str, Any]:
        """Faces by split, and for both histograms: lower end of the bar -> split -> how many."""
        return {
            "faces": dict(self._totals),
            "images_by_faces": _table(FACES_PER_IMAGE, self._images),
            "faces_by_height": _table(FACE_HEIGHTS, self._faces),
        }


def _bar(ends: Sequence[int], value: float) -> int:
    return ends[max(bisect_right(ends, value) - 1, 0)]


def _table(ends: Sequence[int], counts: Counter[tuple[str, int]]) -> dict[str, dict[str, int]]:
    """Every bar, also the empty ones."""
    return {
        str(end): {split: n for (split, bar), n in sorted(counts.items()) if bar == end}
        for end in ends
    }
