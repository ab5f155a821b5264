"""How far predicted points are from the true ones, in parts of the distance between the eyes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from curator.errors import ConfigError, InputError
from curator.geometry import Floats
from curator.records import Face, Points
from curator.schemes import to_five


def five_points(face: Face) -> Points | None:
    """The five points of a face of any scheme; None unless all five are known."""
    if face.landmarks is None or face.visibility is None or face.scheme is None:
        return None
    try:
        points, visibility = to_five(face.landmarks, face.visibility, face.scheme)
    except ConfigError:
        return None
    return points if all(visibility) else None


def normalised_errors(
    predicted: Floats, truth: Floats, eyes: tuple[tuple[int, ...], tuple[int, ...]] = ((0,), (1,))
) -> NDArray[np.float64]:
    """The normalised mean error of each face: mean point distance / inter-ocular distance.

    Args:
        predicted: Shape (N, K, 2), pixels.
        truth: Shape (N, K, 2), pixels.
        eyes: The points whose mean is the one eye and the other; those of the five points
            without.

    Returns:
        Shape (N,), 0 and up, 0.05 being 5 % of the distance between the true eyes; NaN where
        the true eyes fall together or a point is NaN.

    Raises:
        InputError: if the shapes differ or are not of this form.
    """
    if predicted.shape != truth.shape or truth.ndim != 3 or truth.shape[2] != 2:
        raise InputError(f"points of shape {predicted.shape} against points of {truth.shape}")
    points = np.asarray(truth, np.float64)
    first, second = (points[:, list(eye)].mean(axis=1) for eye in eyes)
    apart = np.linalg.norm(first - second, axis=1)
    mean = np.linalg.norm(predicted - points, axis=2).mean(axis=1)
    return np.asarray(mean / np.where(apart > 0, apart, np.nan))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LandmarkResult:
    """What the errors of a set of faces come to.

    Attributes:
        faces: How many were judged, those not detected included.
        missed: Faces that were not detected; they have no mean, but they are failures.
        left_out: Faces whose error is NaN; in none of the figures.
        mean: Of the detected faces; NaN without any.
        median: Of the detected faces; NaN without any.
        failure_rate: Part of the faces with an error above ``limit``, 0..1; NaN without faces.
        auc: Area under the cumulative curve from 0 to ``limit``, over ``limit``, 0..1; exact,
            as the curve is made of steps. NaN without faces.
        limit: The error from which on a face counts as failed.
        errors: Of the detected faces, growing, shape (D,).
    """

    faces: int
    missed: int
    left_out: int
    mean: float
    median: float
    failure_rate: float
    auc: float
    limit: float
    errors: NDArray[np.float64] = field(repr=False)

    def cumulative(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """The part of the faces with at most each of these errors, 0..1; NaN without faces."""
        if not self.faces:
            return np.full(len(at), np.nan)
        return np.asarray(np.searchsorted(self.errors, at, side="right") / self.faces)


def evaluate(errors: NDArray[np.float64], *, missed: int = 0, limit: float = 0.1) -> LandmarkResult:
    """Sum up the errors of a set of faces.

    Args:
        errors: Shape (N,), as :func:`normalised_errors` gives them.
        missed: Further faces that were not detected.
        limit: The error above which a face counts as failed; 0.1 and 0.08 are in use.

    Raises:
        InputError: if ``limit`` is not above 0 or ``missed`` is negative.
    """
    if limit <= 0 or missed < 0:
        raise InputError(f"the limit {limit} is not above 0, or {missed} missed faces are below it")
    known = np.sort(errors[~np.isnan(errors)])
    faces = len(known) + missed
    nothing = float("nan")
    return LandmarkResult(
        faces=faces,
        missed=missed,
        left_out=len(errors) - len(known),
        mean=float(known.mean()) if len(known) else nothing,
        median=float(np.median(known)) if len(known) else nothing,
        failure_rate=(int((known > limit).sum()) + missed) / faces if faces else nothing,
        auc=float(np.maximum(1 - known / limit, 0).sum()) / faces if faces else nothing,
        limit=limit,
        errors=known,
    )
