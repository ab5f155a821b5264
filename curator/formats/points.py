"""The five points that several formats are made of, from a face of any scheme."""

from __future__ import annotations

from curator.formats.report import Tally
from curator.records import Face, Points
from curator.schemes import CONVERSIONS, Visibility, to_five

FIVE = "5"


def five_of(face: Face) -> tuple[Points, Visibility] | None:
    """The five points of a face, None where it has none, or of a scheme not known here."""
    if face.landmarks is None or face.visibility is None or face.scheme is None:
        return None
    if face.scheme != FIVE and (face.scheme, FIVE) not in CONVERSIONS:
        return None
    return to_five(face.landmarks, face.visibility, face.scheme)


def five_points(face: Face, tally: Tally, image: str) -> tuple[Points, Visibility] | None:
    """As :func:`five_of`, and what is given up is counted."""
    five = five_of(face)
    if five is None and face.scheme is not None:
        tally.lose(f"points of scheme {face.scheme!r}, which is not known here", image)
    elif face.scheme not in (None, FIVE):
        tally.lose(f"points of scheme {face.scheme} reduced to five", image)
    return five
