"""The vocabulary of face attributes: one name, one meaning, one domain, for every format.

Free attributes are allowed beside these; what stands here means the same everywhere.

Sources: WIDER FACE's ``wider_face_split/readme.txt`` (blur, expression, illumination, invalid,
occlusion, pose), WFLW's readme (make_up; its blur and occlusion know 0 and 1 only),
the annotation file and the five levels of annotation quality of RetinaFace
(https://arxiv.org/abs/1905.00641, table 1).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute of a face.

    Attributes:
        values: What each whole number means, from ``first`` on; empty where it is any number.
        first: The smallest value.
    """

    name: str
    values: tuple[str, ...] = ()
    first: int = 0

    @property
    def domain(self) -> range:
        """The values allowed; empty where any finite number is."""
        return range(self.first, self.first + len(self.values))

    def problem(self, value: object) -> str | None:
        """One sentence on why this value is outside the domain, None where it is inside."""
        # The bounds also refuse NaN, and whole numbers that are no float.
        if not isinstance(value, int | float) or not -1e300 < value < 1e300:
            return f"{self.name} must be a number, not {value!r}"
        if self.values and value not in self.domain:
            allowed = f"{self.first} to {self.domain[-1]}"
            return f"{self.name} must be {allowed}, not {value}"
        return None


ATTRIBUTES = {
    attribute.name: attribute
    for attribute in (
        Attribute(name="blur", values=("clear", "normal blur", "heavy blur")),
        Attribute(name="expression", values=("typical", "exaggerated")),
        Attribute(name="illumination", values=("normal", "extreme")),
        Attribute(name="invalid", values=("valid", "invalid")),
        Attribute(name="occlusion", values=("none", "partial", "heavy")),
        Attribute(name="pose", values=("typical", "atypical")),
        Attribute(name="make_up", values=("none", "made up")),
        # The last number of a line of label.txt: larger is sharper, unlike blur.
        Attribute(name="blur_score"),
        Attribute(
            name="annotation_level",
            values=(
                "indisputable 68 points",
                "annotatable 68 points",
                "indisputable 5 points",
                "annotatable 5 points",
                "distinguished by context",
            ),
            first=1,
        ),
    )
}


def attribute_problem(name: str, value: object) -> str | None:
    """One sentence on what is wrong with an attribute, None where nothing is.

    A name outside the vocabulary is free and may have any value.
    """
    attribute = ATTRIBUTES.get(name)
    return None if attribute is None else attribute.problem(value)
