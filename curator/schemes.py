"""Point schemes: what each landmark is, its mirror image, and how one scheme becomes another.

*Left* is the picture's left, everywhere. The tables were checked with the points drawn on
annotated photographs of each scheme.

Sources: ``5`` RetinaFace's label.txt; ``68`` 300-W (https://ibug.doc.ic.ac.uk/resources/300-W);
``98`` WFLW (https://wywu.github.io/projects/LAB/WFLW.html); ``106`` LaPa and the JD challenge
(https://arxiv.org/abs/1905.03469).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from curator.errors import ConfigError
from curator.records import Point, Points

Visibility = tuple[int, ...]
Mix = tuple[tuple[int, ...], ...]
"""For each target point the source points whose mean it is; an empty one cannot be derived."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A group of points that belong together, in drawing order."""

    name: str
    points: tuple[int, ...]
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """An ordered set of K landmarks.

    Attributes:
        points: K names.
        flip: K indices; point ``i`` of a mirrored face is point ``flip[i]`` of the original.
        curves: Every point stands in exactly one.
        inter_ocular: The two points whose distance normalises an error: the outer corners of
            the eyes, or the eyes themselves where no corners are known.
    """

    name: str
    points: tuple[str, ...]
    flip: tuple[int, ...]
    curves: tuple[Curve, ...]
    inter_ocular: tuple[int, int]

    def __len__(self) -> int:
        return len(self.points)


def _scheme(
    name: str,
    curves: Sequence[Curve],
    mirrored: Iterable[tuple[Sequence[int], Sequence[int]]],
    inter_ocular: tuple[int, int],
) -> Scheme:
    """Number the points by their curves; ``mirrored`` pairs sequences of points left and right."""
    names = {
        index: f"{curve.name}_{place}" if len(curve.points) > 1 else curve.name
        for curve in curves
        for place, index in enumerate(curve.points)
    }
    flip = list(range(len(names)))
    for left, right in mirrored:
        for one, other in zip(left, right, strict=True):
            flip[one], flip[other] = other, one
    points = tuple(names[index] for index in range(len(names)))
    return Scheme(
        name=name,
        points=points,
        flip=tuple(flip),
        curves=tuple(curves),
        inter_ocular=inter_ocular,
    )


def _run(first: int, last: int) -> tuple[int, ...]:
    """The indices from first to last, both included, in that direction."""
    step = 1 if last >= first else -1
    return tuple(range(first, last + step, step))


_FIVE = _scheme(
    "5",
    (
        Curve("left_eye", (0,)),
        Curve("right_eye", (1,)),
        Curve("nose", (2,)),
        Curve("left_mouth", (3,)),
        Curve("right_mouth", (4,)),
    ),
    (((0, 3), (1, 4)),),
    inter_ocular=(0, 1),
)

_300W = _scheme(
    "68",
    (
        Curve("contour", _run(0, 16)),
        Curve("left_brow", _run(17, 21)),
        Curve("right_brow", _run(22, 26)),
        Curve("nose_bridge", _run(27, 30)),
        Curve("nose_base", _run(31, 35)),
        Curve("left_eye", _run(36, 41), closed=True),
        Curve("right_eye", _run(42, 47), closed=True),
        Curve("outer_lips", _run(48, 59), closed=True),
        Curve("inner_lips", _run(60, 67), closed=True),
    ),
    (
        (_run(0, 7), _run(16, 9)),
        (_run(17, 21), _run(26, 22)),
        (_run(31, 32), _run(35, 34)),
        (_run(36, 41), (45, 44, 43, 42, 47, 46)),
        (_run(48, 50), _run(54, 52)),
        (_run(58, 59), _run(56, 55)),
        (_run(60, 61), _run(64, 63)),
        ((67,), (65,)),
    ),
    inter_ocular=(36, 45),
)

_CONTOUR_AND_BROWS = (
    Curve("contour", _run(0, 32)),
    Curve("left_brow", _run(33, 41), closed=True),
    Curve("right_brow", _run(42, 50), closed=True),
    Curve("nose_bridge", _run(51, 54)),
)
_CONTOUR_AND_BROWS_MIRRORED = (
    (_run(0, 15), _run(32, 17)),
    (_run(33, 37), _run(46, 42)),
    (_run(38, 41), _run(50, 47)),
)

_WFLW = _scheme(
    "98",
    (
        *_CONTOUR_AND_BROWS,
        Curve("nose_base", _run(55, 59)),
        Curve("left_eye", _run(60, 67), closed=True),
        Curve("right_eye", _run(68, 75), closed=True),
        Curve("outer_lips", _run(76, 87), closed=True),
        Curve("inner_lips", _run(88, 95), closed=True),
        Curve("left_pupil", (96,)),
        Curve("right_pupil", (97,)),
    ),
    (
        *_CONTOUR_AND_BROWS_MIRRORED,
        (_run(55, 56), _run(59, 58)),
        (_run(60, 67), (72, 71, 70, 69, 68, 75, 74, 73)),
        (_run(76, 78), _run(82, 80)),
        (_run(86, 87), _run(84, 83)),
        (_run(88, 89), _run(92, 91)),
        ((95, 96), (93, 97)),
    ),
    inter_ocular=(60, 72),
)

_LAPA = _scheme(
    "106",
    (
        *_CONTOUR_AND_BROWS,
        Curve("nose_outline", _run(55, 65)),
        Curve("left_eye", _run(66, 73), closed=True),
        Curve("left_eye_centre", (74,)),
        Curve("right_eye", _run(75, 82), closed=True),
        Curve("right_eye_centre", (83,)),
        Curve("outer_lips", _run(84, 95), closed=True),
        Curve("inner_lips", _run(96, 103), closed=True),
        Curve("left_pupil", (104,)),
        Curve("right_pupil", (105,)),
    ),
    (
        *_CONTOUR_AND_BROWS_MIRRORED,
        (_run(55, 59), _run(65, 61)),
        (_run(66, 74), (79, 78, 77, 76, 75, 82, 81, 80, 83)),
        (_run(84, 86), _run(90, 88)),
        (_run(94, 95), _run(92, 91)),
        (_run(96, 97), _run(100, 99)),
        ((103, 104), (101, 105)),
    ),
    inter_ocular=(66, 79),
)

SCHEMES = {scheme.name: scheme for scheme in (_FIVE, _300W, _WFLW, _LAPA)}


def _each(indices: Iterable[int]) -> Mix:
    return tuple((index,) for index in indices)


# 300-W has no lower edge of the brows, no middle of the lids and no pupils. Its contour begins at
# the height of the eyes, WFLW's above them (by 0.12 to 0.44 of the way to the mouth on the faces
# measured), so that of the contour only the chin is the same point.
_68_TO_98: Mix = (
    *(((8,) if point == 16 else ()) for point in range(33)),
    *_each(_run(17, 21)),
    *((),) * 4,
    *_each(_run(22, 26)),
    *((),) * 4,
    *_each(_run(27, 35)),
    *((36,), (37,), (), (38,), (39,), (40,), (), (41,)),
    *((42,), (43,), (), (44,), (45,), (46,), (), (47,)),
    *_each(_run(48, 67)),
    *((),) * 2,
)

# The same points in another order, but for the sides of the nose and the centres of the eyes,
# which WFLW does not have.
_106_TO_98: Mix = _each(
    (*_run(0, 54), *_run(58, 62), *_run(66, 73), *_run(75, 82), *_run(84, 103), 104, 105)
)

CONVERSIONS: dict[tuple[str, str], Mix] = {
    ("68", "5"): (_run(36, 41), _run(42, 47), (30,), (48,), (54,)),
    ("98", "5"): _each((96, 97, 54, 76, 82)),
    ("106", "5"): _each((104, 105, 54, 84, 90)),
    ("68", "98"): _68_TO_98,
    ("106", "98"): _106_TO_98,
}


def scheme_of(count: int) -> Scheme | None:
    """The scheme with this many points, None where there is none."""
    return SCHEMES.get(str(count))


def convert(
    points: Points, visibility: Visibility, source: str, target: str
) -> tuple[Points, Visibility]:
    """Points of one scheme in the order of another.

    A derived point is the mean of its source points and as visible as the least visible of
    them. What cannot be derived is absent, ``(0, 0)`` with visibility 0; nothing is interpolated.

    Raises:
        ConfigError: if there is no table from ``source`` to ``target``.
    """
    if source == target:
        return points, visibility
    table = CONVERSIONS.get((source, target))
    if table is None:
        raise ConfigError(f"points of scheme {source!r} cannot become scheme {target!r}")
    seen = tuple(min((visibility[i] for i in mix), default=0) for mix in table)
    return tuple(
        _mean(points, mix) if v else (0.0, 0.0) for mix, v in zip(table, seen, strict=True)
    ), seen


def to_five(points: Points, visibility: Visibility, source: str) -> tuple[Points, Visibility]:
    """The two eyes, the tip of the nose and the two mouth corners of any scheme.

    An eye is its pupil where the scheme has one, else the mean of its outline.

    Raises:
        ConfigError: if the scheme is not known.
    """
    return convert(points, visibility, source, "5")


def _mean(points: Points, mix: tuple[int, ...]) -> Point:
    if len(mix) == 1:
        return points[mix[0]]
    return (
        sum(points[i][0] for i in mix) / len(mix),
        sum(points[i][1] for i in mix) / len(mix),
    )
