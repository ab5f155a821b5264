"""Parts of a dataset that can be hard each in its own way: by size, condition, source, person."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from curator.attributes import ATTRIBUTES
from curator.records import Face, Image, Match, MatchKind

# Least height of a face, pixels of the photo. 32 and 96 are COCO's; below 16 there is hardly a
# face to see.
SIZES = {"tiny, below 16 px": 0, "small, 16 to 32 px": 16, "medium, 32 to 96 px": 32, "large": 96}
CONDITIONS = ("blur", "pose", "occlusion", "illumination")
SIZE, SOURCE, PERSON = "face size", "source", "person"
# Parts of fewer faces say too little of a model.
LEAST_FACES = 5

_HEIGHTS, _SIZE_KEYS = list(SIZES.values()), [(SIZE, name) for name in SIZES]

Key = tuple[str, str]
"""What is asked about, and the answer: ``("blur", "heavy blur")``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """How well the faces of one slice were found.

    Attributes:
        group: What is asked about them, such as ``blur``.
        name: The answer, such as ``heavy blur``.
        faces: How many there are to find.
        found: How many of them were, at the working point.
        trained: How many such faces the training split has.
        point_error: Mean over those found whose points are known; None without any.
    """

    group: str
    name: str
    faces: int
    found: int
    trained: int
    point_error: float | None

    @property
    def recall(self) -> float:
        """Found among the faces, 0..1."""
        return self.found / self.faces

    @property
    def missed(self) -> int:
        """Faces that were not found."""
        return self.faces - self.found


def keys_of(image: Image, face: Face) -> list[Key]:
    """The slices a face belongs to; an attribute that is not labelled is none."""
    height = face.box[3] - face.box[1]
    keys = [_SIZE_KEYS[max(bisect_right(_HEIGHTS, height) - 1, 0)]]
    for name in CONDITIONS:
        if name in face.attributes:
            value, attribute = face.attributes[name], ATTRIBUTES[name]
            if isinstance(value, int) and value in attribute.domain:
                keys.append((name, attribute.values[value - attribute.first]))
    keys.append((SOURCE, image.source))
    if face.identity is not None:
        keys.append((PERSON, face.identity))
    return keys


def count(photos: Iterable[tuple[Image, Sequence[Face]]]) -> Counter[Key]:
    """How many faces each slice has."""
    return Counter(key for image, faces in photos for face in faces for key in keys_of(image, face))


def slices(
    photos: Sequence[tuple[Image, Sequence[Face]]],
    matches: Iterable[Match],
    trained: Mapping[Key, int],
) -> list[Slice]:
    """How each slice fared.

    Args:
        photos: What there was to find.
        matches: What was found, as :func:`curator.evaluate.detection.match` says of the photos.
        trained: How many faces of each slice were there to learn from.

    Returns:
        By group in the order of this module, within it the slice with most faces first.
    """
    found: dict[tuple[int, int | None], float | None] = {
        (one.image_id, one.face_id): one.point_error for one in matches if one.kind is MatchKind.TP
    }
    faces, hits = Counter[Key](), Counter[Key]()
    errors: dict[Key, list[float]] = {}
    for image, true in photos:
        for face in true:
            keys = keys_of(image, face)
            faces.update(keys)
            if (image.id, face.id) not in found:
                continue
            hits.update(keys)
            error = found[image.id, face.id]
            if error is not None:
                for key in keys:
                    errors.setdefault(key, []).append(error)
    groups = [SIZE, *CONDITIONS, SOURCE, PERSON]
    order = sorted(faces, key=lambda key: (groups.index(key[0]), -faces[key], key[1]))
    return [
        Slice(
            group=key[0],
            name=key[1],
            faces=faces[key],
            found=hits[key],
            trained=trained.get(key, 0),
            point_error=math.fsum(errors[key]) / len(errors[key]) if key in errors else None,
        )
        for key in order
    ]


def worst(every: Iterable[Slice], least: int = LEAST_FACES) -> list[Slice]:
    """Where more pictures would help most: slices with faces that were missed, worst recall first.

    Args:
        every: Slices of one evaluation.
        least: Slices of fewer faces say too little.
    """
    told = [one for one in every if one.faces >= least and one.missed]
    return sorted(told, key=lambda one: (one.recall, one.trained, -one.missed))
