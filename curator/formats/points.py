"""The five points that several formats are made of, from a face of any scheme."""

from __future__ import annotations

from curator.formats.report import Tally
from curator.records import Face, Points
from curator.schemes import CONVERSIONS, Visibility, to_five

FIVE = "5"


def five_points(face: Face, tally: Tally, image: str) -> tuple[Points, Visibility] | None:
    """The five points of a face, None where it has none; what is given up is counted."""
    if face.landmarks is None or face.visibility is None or face.scheme is None:
        return None
    if face.scheme == FIVE:
        return face.landmarks, face.visibility
    if (face.scheme, FIVE) not in CONVERSIONS:
        tally.lose(f"points of scheme {face.scheme!r}, which is not known here", image)
        return None
    tally.lose(f"points of scheme {face.scheme} reduced to five", image)
    return to_five(face.landmarks, face.visibility, face.scheme)
