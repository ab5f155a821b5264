"""The mean face: where its points lie in space, and how far a face's points are from it.

Axes: x to the right of the picture, y down, z away from the viewer; a frontal face is not turned.

The 14 points are the anthropometric model of P. Martins and J. Batista, University of Coimbra
(glAnthropometric3DModel.cpp), in its own unit of about 8 mm. The middle of the eyes and the tip
of the nose are not among them: they were triangulated from the 68 points of 800 photos of Helen
posed by the 14.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curator.errors import ConfigError

Floats = NDArray[np.float64]

_FOURTEEN = np.array(
    [
        (-6.825897, -6.760612, -4.402142),  # brows: left outer, left inner,
        (-1.330353, -7.122144, -6.903745),
        (1.330353, -7.122144, -6.903745),  # right inner, right outer
        (6.825897, -6.760612, -4.402142),
        (-5.311432, -5.485328, -3.987654),  # eye corners in the same order
        (-1.789930, -5.393625, -4.413414),
        (1.789930, -5.393625, -4.413414),
        (5.311432, -5.485328, -3.987654),
        (-2.005628, -1.409845, -6.165652),  # nose wings
        (2.005628, -1.409845, -6.165652),
        (-2.774015, 2.080775, -5.048531),  # mouth corners
        (2.774015, 2.080775, -5.048531),
        (0.0, 3.116408, -6.097667),  # lower edge of the lower lip
        (0.0, 7.415691, -4.070434),  # chin
    ]
)
_FIVE = np.array(
    [
        (-3.61, -5.53, -4.71),
        (3.61, -5.53, -4.71),
        (0.0, -2.03, -8.06),
        (-3.15, 1.84, -4.80),
        (3.15, 1.84, -4.80),
    ]
)
# Which points of a scheme the model knows.
_KNOWN: dict[str, tuple[int, ...]] = {
    "5": (0, 1, 2, 3, 4),
    "68": (17, 21, 22, 26, 36, 39, 42, 45, 31, 35, 48, 54, 57, 8),
    "98": (33, 37, 42, 46, 60, 64, 68, 72, 55, 59, 76, 82, 85, 16),
    "106": (33, 37, 42, 46, 66, 70, 75, 79, 58, 62, 84, 90, 93, 16),
}


def known_points(scheme: str) -> tuple[tuple[int, ...], Floats]:
    """Which points of a scheme the mean face has, and where they are.

    Returns:
        N indices, and their places, shape (N, 3).

    Raises:
        ConfigError: if the scheme is not known.
    """
    if scheme not in _KNOWN:
        raise ConfigError(f"no mean face for points of scheme {scheme!r}")
    return _KNOWN[scheme], _FIVE if scheme == "5" else _FOURTEEN


def similarity(points: ArrayLike, target: ArrayLike) -> Floats:
    """The rotation, scale and shift that bring points nearest to others, by least squares.

    Args:
        points: Shape (N, 2), N at least 2.
        target: Shape (N, 2).

    Returns:
        Shape (2, 3), to be multiplied with (x, y, 1). Of points that all coincide: zero scale.
        Source: Umeyama, 1991, https://doi.org/10.1109/34.88573, in the plane without mirroring.
    """
    source, wanted = np.asarray(points, np.float64), np.asarray(target, np.float64)
    source_mean, wanted_mean = source.mean(0), wanted.mean(0)
    # In the plane a rotation with scale is one complex number.
    a = (source - source_mean) @ (1, 1j)
    b = (wanted - wanted_mean) @ (1, 1j)
    size = float((a * a.conj()).real.sum())
    turn = complex((b * a.conj()).sum()) / size if size > 0 else 0j
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.column_stack([linear, wanted_mean - linear @ source_mean])


def moved(points: ArrayLike, matrix: Floats) -> Floats:
    """Points, shape (N, 2), under an affine map of shape (2, 3)."""
    return np.asarray(np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2])


def shape_distance(points: Sequence[Sequence[float]] | Floats, scheme: str) -> float:
    """How unlike the mean frontal face the points are (Procrustes distance).

    Shift, size and turn in the picture do not count; a head turned aside does, and so does a
    point in a wrong place.

    Args:
        points: All points of the scheme, shape (K, 2), pixels.
        scheme: ``5``, ``68``, ``98`` or ``106``.

    Returns:
        Root of the mean squared distance over the points that the model knows, in distances
        between the eyes of the mean face; 0 for the mean face itself. A profile is near 0.3 by
        its five points, swapped eyes near 0.5.

    Raises:
        ConfigError: if the scheme is not known.
    """
    which, model = known_points(scheme)
    mean = model[:, :2]
    seen = np.asarray(points, np.float64)[list(which)]
    rest = moved(seen, similarity(seen, mean)) - mean
    between = np.linalg.norm(_FIVE[1] - _FIVE[0])
    return float(np.sqrt((rest**2).sum(1).mean()) / between)
