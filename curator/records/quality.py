"""Quality: raw numbers measured of faces, what is decided by them, and pairs of copies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One raw number of one face.

    Attributes:
        subject: The id of the face.
        version: Of the face when it was measured; an edited face has a higher one.
        name: As in :data:`curator.quality.MEASURES`, which tells the unit.
        method: How it was measured, with the version of the method after a slash.
    """

    subject: int
    version: int
    name: str
    value: float
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """Everything measured of one face in one go.

    Attributes:
        face_id: The face.
        version: Of the face when it was measured.
        suite: What was measured and how; the same suite of the same version is the same work.
        values: Name -> raw number; what could not be measured is absent.
        methods: Family of measures -> method, such as ``pose`` -> ``solvepnp-68/2``.
        problems: Name -> why it could not be measured, in a few words.
    """

    face_id: int
    version: int
    suite: str
    values: Mapping[str, float]
    methods: Mapping[str, str]
    problems: Mapping[str, str] = field(default_factory=dict)

    def each(self, families: Mapping[str, str]) -> Iterator[Measure]:
        """The measures one by one, given the family of each name."""
        for name, value in self.values.items():
            method = self.methods[families[name]]
            yield Measure(
                subject=self.face_id, version=self.version, name=name, value=value, method=method
            )


class Decision(StrEnum):
    """What becomes of a face or an image: in, a person is to look, out."""

    KEEP = "keep"
    ASK = "ask"
    DROP = "drop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was decided of a face, or of a whole image where ``face_id`` is None.

    Attributes:
        reasons: The rules that were broken, as they read, or a person's own words.
        user: The person who decided; None where rules did, which is never stored.
    """

    image_id: int
    face_id: int | None = None
    decision: Decision
    reasons: tuple[str, ...] = ()
    user: str | None = None
    at: datetime | None = None


class CopyKind(StrEnum):
    """How two pictures are alike: one is made from the other, or they only look alike."""

    COPY = "copy"
    SIMILAR = "similar"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two images that may be copies; ``first`` is the smaller id.

    Attributes:
        kind: What the machine found, or what a person said instead.
        distance: Bits between the nearest of their perceptual hashes, 0..64.
        correlation: Of their aligned thumbnails, -1..1.
        mirrored: One is the mirror image of the other.
        user: The person who said what kind it is, None where the machine did.
    """

    first: int
    second: int
    kind: CopyKind
    distance: int
    correlation: float
    mirrored: bool = False
    user: str | None = None
