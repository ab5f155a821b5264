"""WFLW: one line a face, ``list_98pt_rect_attr_{split}.txt`` beside ``WFLW_images``.

::

    x0 y0 ... x97 y97 x_min y_min x_max y_max
        pose expression illumination make-up occlusion blur path

All on one line, 207 fields: the points, the corners of the box in whole pixels, six attributes
that are 0 or 1, the path of the image. Source: the readme of
https://wywu.github.io/projects/LAB/WFLW.html. Faces with five points stand in lists of the same
layout, ``list_5pt_rect_attr_{split}.txt``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from curator.errors import FormatError
from curator.formats.columns import AttributeColumns
from curator.formats.folder import ExportFolder
from curator.formats.lines import Lines, finite, first_folder
from curator.formats.names import checked_name, split_in
from curator.formats.options import DEFAULT_OPTIONS, ExportOptions
from curator.formats.points import FIVE, five_points
from curator.formats.report import Tally
from curator.records import Face, LabelledImage, Points, Sample
from curator.schemes import CONVERSIONS, convert

COLUMNS = ("pose", "expression", "illumination", "make_up", "occlusion", "blur")
DENSE = "98"

_IMAGES = "WFLW_images"
_LIST = "WFLW_annotations/list_{0}pt_rect_attr_train_test/list_{0}pt_rect_attr_{1}.txt"
_FILE_NAME = re.compile(r"list_(98|5)pt_")
# Box and attributes, between the points and the path.
_TAIL = 10


class Wflw:
    """Reads and writes WFLW's lists."""

    options: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self._columns = AttributeColumns(COLUMNS, highest={"occlusion": 1, "blur": 1})

    def read(self, path: Path, images: Path | None = None) -> Iterator[LabelledImage]:
        """The images of one list; faces of an image may stand far apart.

        Args:
            path: ``list_98pt_rect_attr_test.txt`` or the same with ``5pt``; the name tells the
                split, and the first line the number of points where the name does not.
            images: By default ``WFLW_images`` in one of the folders above, else that of the file.

        Raises:
            InputError: if the file cannot be read.
            FormatError: if it breaks the format.
        """
        split = split_in(path.stem)
        above = [parent / _IMAGES for parent in path.absolute().parents[:3]]
        folder = first_folder(images, (*above, path.parent))
        named = _FILE_NAME.match(path.name)
        scheme = named[1] if named else None
        # Kept as text until it is the image's turn: 98 points as numbers take ten times as much.
        rows: dict[str, list[tuple[int, str]]] = {}
        lines = Lines(path)
        for line in lines:
            if line:
                scheme = scheme or _scheme_of(line, lines)
                name = checked_name(_fields(line, scheme, lines)[-1], path, lines.number)
                rows.setdefault(name, []).append((lines.number, line))
        for name, own in rows.items():
            faces = tuple(self._face(line, scheme or DENSE, path, number) for number, line in own)
            yield LabelledImage(path=folder / name, name=name, faces=faces, split=split)

    def write(
        self,
        samples: Iterable[Sample],
        folder: ExportFolder,
        options: ExportOptions = DEFAULT_OPTIONS,
    ) -> None:
        """A list of the faces with 98 points a split, and one of those with only five.

        A face with neither is left out, and so is an image without faces: there is no line
        that could say so.
        """
        folder.describe(
            precision="boxes whole pixels, points a millionth of a pixel",
            carried={"points", *COLUMNS},
        )
        for sample in samples:
            image = sample.image.name
            pointed = [
                (face, points)
                for face in sample.faces
                if (points := _complete_points(face, folder.tally, image)) is not None
            ]
            missing = len(sample.faces) - len(pointed)
            folder.tally.leave_out("face without 98 or five points", image, missing)
            if not pointed:
                folder.tally.leave_out("image without a face that can be written", image)
                continue
            name = folder.names.tree(sample.image)
            faces = [face for face, _ in pointed]
            folder.add_image(sample, f"{_IMAGES}/{name}", faces)
            rows = self._columns.texts(faces, folder.tally, image)
            for (face, points), row in zip(pointed, rows, strict=True):
                text = folder.text(_LIST.format(len(points), sample.split))
                text.write(f"{_line(face, points, folder.tally, image)} {row} {name}\n")

    def _face(self, line: str, scheme: str, path: Path, number: int) -> Face:
        fields = line.split(None, 2 * int(scheme) + _TAIL)[:-1]
        values = finite(fields, path, number)
        x_min, y_min, x_max, y_max = values[-_TAIL:-6]
        if x_max < x_min or y_max < y_min:
            raise FormatError("the corners of the box are swapped", file=path, line=number)
        row = tuple(int(value) for value in values[-6:])
        problem = self._columns.problem(row)
        if problem is None and any(value != int(value) for value in values[-6:]):
            problem = "an attribute is no whole number"
        if problem is not None:
            raise FormatError(problem, file=path, line=number)
        coordinates = values[:-_TAIL]
        return Face(
            box=(x_min, y_min, x_max, y_max),
            landmarks=tuple(zip(coordinates[::2], coordinates[1::2], strict=True)),
            visibility=(2,) * int(scheme),
            scheme=scheme,
            attributes=self._columns.attributes(row),
        )


def _scheme_of(line: str, lines: Lines) -> str:
    count = len(line.split())
    for scheme in (DENSE, FIVE):
        if count > 2 * int(scheme) + _TAIL:
            return scheme
    raise lines.error(f"a face has 207 fields, or 21 with five points, not {count}")


def _fields(line: str, scheme: str, lines: Lines) -> list[str]:
    wanted = 2 * int(scheme) + _TAIL + 1
    fields = line.split(None, wanted - 1)
    if len(fields) != wanted:
        raise lines.error(f"a face with {scheme} points has {wanted} fields, not {len(fields)}")
    return fields


def _complete_points(face: Face, tally: Tally, image: str) -> Points | None:
    """All 98 points of a face, else all five, else None; hidden ones count, absent ones do not."""
    if face.landmarks is None or face.visibility is None or face.scheme is None:
        return None
    if face.scheme == DENSE or (face.scheme, DENSE) in CONVERSIONS:
        points, seen = convert(face.landmarks, face.visibility, face.scheme, DENSE)
        if all(seen):
            if face.scheme != DENSE:
                tally.lose(f"points of scheme {face.scheme} reduced to 98", image)
            tally.lose("hidden point not marked as hidden", image, seen.count(1))
            return points
    five = five_points(face, tally, image)
    if five is None or not all(five[1]):
        return None
    tally.lose("face written with five points, without 98", image)
    tally.lose("hidden point not marked as hidden", image, five[1].count(1))
    return five[0]


def _line(face: Face, points: Points, tally: Tally, image: str) -> str:
    """Points and box."""
    corners = tuple(round(value) for value in face.box)
    if corners != face.box:
        tally.lose("box rounded to whole pixels", image)
    coordinates = " ".join([f"{x:.6f} {y:.6f}" for x, y in points])
    return f"{coordinates} {' '.join(map(str, corners))}"


WFLW = Wflw()
