"""The content of a COCO json, checked as it is looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from curator.attributes import attribute_problem
from curator.errors import FormatError
from curator.formats.names import checked_name
from curator.geometry import box_from_xywh
from curator.records import Attributes, Face, Points
from curator.schemes import SCHEMES, Visibility

FACE = "face"

_Id = int | str
_Pointed = tuple[Points, Visibility, str]


class CocoJson:
    """Images and their faces.

    Args:
        content: As parsed.
        file: For the messages.

    Raises:
        FormatError: naming the place in the json, such as ``annotations[3].bbox``.
    """

    def __init__(self, content: Any, file: Path) -> None:
        self._file = file
        if not isinstance(content, dict) or not isinstance(content.get("images"), list):
            raise FormatError("a COCO file is an object with a list of images", file=file)
        self._images: list[Any] = content["images"]
        self._classes = {
            self._value(category, "id", int, "categories"): str(category.get("name", ""))
            for category in self._list(content, "categories")
        }
        self._annotations: dict[_Id, list[tuple[str, dict[str, Any]]]] = {}
        for place, annotation in enumerate(self._list(content, "annotations")):
            where = f"annotations[{place}]"
            image_id = self._value(annotation, "image_id", (int, str), where)
            self._annotations.setdefault(image_id, []).append((where, annotation))

    def images(self) -> dict[_Id, str]:
        """Image id -> name, all annotations accounted for."""
        names: dict[_Id, str] = {}
        ids: dict[str, _Id] = {}
        for place, image in enumerate(self._images):
            where = f"images[{place}]"
            image_id = self._value(image, "id", (int, str), where)
            name = checked_name(self._value(image, "file_name", str, where), self._file)
            if image_id in names:
                raise self._error(where, f"the id {image_id} stands above already")
            if name in ids:
                raise self._error(where, f"{name} stands above already, as {ids[name]}")
            names[image_id] = name
            ids[name] = image_id
        for image_id, annotated in self._annotations.items():
            if image_id not in names:
                raise self._error(annotated[0][0], f"there is no image {image_id}")
        return names

    def faces(self, image_id: _Id) -> Iterator[Face]:
        """The faces of one image."""
        for where, annotation in self._annotations.get(image_id, ()):
            yield self._face(annotation, where)

    def _face(self, annotation: dict[str, Any], where: str) -> Face:
        x, y, width, height = self._numbers(annotation.get("bbox"), 4, f"{where}.bbox")
        if width < 0 or height < 0:
            raise self._error(where, f"the size of the face is negative: {width} x {height}")
        points, visibility, scheme = self._points(annotation, where) or (None, None, None)
        identity = annotation.get("identity")
        if identity is not None and not isinstance(identity, str):
            raise self._error(where, "the identity is no text")
        score = annotation.get("score")
        return Face(
            box=box_from_xywh(x, y, width, height),
            landmarks=points,
            visibility=visibility,
            scheme=scheme,
            attributes=self._attributes(annotation, where),
            score=None if score is None else self._numbers([score], 1, f"{where}.score")[0],
            identity=identity,
        )

    def _points(self, annotation: dict[str, Any], where: str) -> _Pointed | None:
        larger = annotation.get("landmarks")
        scheme = None
        values = annotation.get("keypoints")
        if larger is not None:
            scheme = self._value(larger, "scheme", str, f"{where}.landmarks")
            values = larger.get("points")
        if not values:
            return None
        values = self._numbers(values, None, f"{where}.keypoints")
        scheme = scheme or str(len(values) // 3)
        if scheme not in SCHEMES or len(values) != 3 * len(SCHEMES[scheme]):
            known = ", ".join(SCHEMES)
            raise self._error(where, f"{len(values)} numbers of keypoints; known: 3 x {known}")
        seen = values[2::3]
        if not set(seen) <= {0, 1, 2}:
            raise self._error(where, "the v of a keypoint must be 0, 1 or 2")
        if not any(seen):
            return None
        points = tuple(zip(values[::3], values[1::3], strict=True))
        return points, tuple(int(value) for value in seen), scheme

    def _attributes(self, annotation: dict[str, Any], where: str) -> Attributes:
        stated = annotation.get("attributes", {})
        if not isinstance(stated, dict):
            raise self._error(where, "the attributes are no object")
        attributes = dict(stated)
        for name, value in attributes.items():
            if not isinstance(value, int | float | str | bool):
                raise self._error(where, f"the attribute {name!r} is no plain value")
            problem = attribute_problem(name, value)
            if problem is not None:
                raise self._error(where, problem)
        category = self._classes.get(annotation.get("category_id", -1), FACE)
        if category.lower() != FACE:
            attributes.setdefault("class", category)
        if annotation.get("iscrowd", 0):
            attributes.setdefault("iscrowd", 1)
        return attributes

    def _list(self, content: Mapping[str, Any], key: str) -> list[Any]:
        found = content.get(key, [])
        if not isinstance(found, list):
            raise self._error(key, "it is no list")
        return found

    def _value(self, item: Any, key: str, kind: type | tuple[type, ...], where: str) -> Any:
        if not isinstance(item, dict) or not isinstance(item.get(key), kind):
            raise self._error(where, f"{key!r} is missing or of the wrong type")
        return item[key]

    def _numbers(self, values: Any, count: int | None, where: str) -> list[float]:
        if not isinstance(values, list) or (count is not None and len(values) != count):
            raise self._error(where, f"{count or 'several'} numbers should stand here")
        if not all(type(value) in (int, float) for value in values):
            raise self._error(where, "something here is no number")
        try:
            numbers = [float(value) for value in values]
        except OverflowError as cause:
            raise self._error(where, "a number is too large") from cause
        if not math.isfinite(sum(numbers)):
            raise self._error(where, "a number is not finite")
        return numbers

    def _error(self, where: str, reason: str) -> FormatError:
        return FormatError(f"{where}: {reason}", file=self._file)
