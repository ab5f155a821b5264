"""The measures of many faces as columns, so that rules and histograms cost a blink."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from curator.errors import ConfigError
from curator.quality.components import MEASURES, score

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """N faces.

    Attributes:
        faces: Their ids, shape (N,).
        images: The ids of their images, shape (N,).
        raw: Name -> raw numbers, shape (N,); NaN where a face was not measured so.
        attributes: Name of an attribute -> its labelled values, NaN where a face has none.
        images_copies: How many other images are copies of the face's image.
        best_copy: Whether its image is the best of its copies; so is one without copies.
        sources: Where its image came from, shape (N,), text.
        queries: What was searched for, shape (N,), text; empty where nothing was.
    """

    faces: NDArray[np.int64]
    images: NDArray[np.int64]
    raw: Mapping[str, Floats]
    attributes: Mapping[str, Floats] = field(default_factory=dict)
    copies: Floats
    best_copy: NDArray[np.bool_]
    sources: NDArray[np.object_]
    queries: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.faces)

    def values(self, name: str) -> Floats:
        """Raw numbers; all NaN where nobody has this measure."""
        found = self.raw.get(name)
        return np.full(len(self), np.nan) if found is None else found

    def scores(self, name: str) -> Floats:
        """The 0..100 scores.

        Raises:
            ConfigError: if the measure has none.
        """
        if MEASURES[name].score is None:
            raise ConfigError(f"{name} has no score; ask for its raw number")
        return score(name, self.values(name), self.values("Grey"))
