"""WIDER FACE: ``wider_face_{split}_bbx_gt.txt`` beside ``WIDER_{split}/images``.

::

    0--Parade/0_Parade_marchingband_1_849.jpg
    1
    449 330 122 149 0 0 0 0 0 0

A stanza an image: its name, the number of faces, then for each face x, y, width and height in
whole pixels, blur, expression, illumination, invalid, occlusion, pose. An image without faces
has the count 0 and one line of ten zeros. Source: ``wider_face_split/readme.txt``,
http://shuoyang1213.me/WIDERFACE/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from curator.formats.columns import AttributeColumns
from curator.formats.folder import ExportFolder
from curator.formats.lines import Lines, first_folder
from curator.formats.names import checked_name, split_in
from curator.formats.options import DEFAULT_OPTIONS, ExportOptions
from curator.geometry import box_from_xywh
from curator.records import Face, LabelledImage, Sample

COLUMNS = ("blur", "expression", "illumination", "invalid", "occlusion", "pose")

_NO_FACE = "0 0 0 0 0 0 0 0 0 0"
_FACE_LINE = re.compile(r"-?\d+(\s+-?\d+){9}")


class Wider:
    """Reads and writes WIDER FACE's annotation files."""

    options: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self._columns = AttributeColumns(COLUMNS)

    def read(self, path: Path, images: Path | None = None) -> Iterator[LabelledImage]:
        """The stanzas of one annotation file.

        Args:
            path: ``wider_face_val_bbx_gt.txt``; its name tells the split.
            images: By default WIDER's own layout, else ``images`` beside the file, else its folder.

        Raises:
            InputError: if the file cannot be read.
            FormatError: if it breaks the format.
        """
        split = split_in(path.stem)
        own = path.parent.parent / f"WIDER_{split}" / "images"
        folder = first_folder(images, (own, path.parent / "images", path.parent))
        lines = Lines(path)
        seen: set[str] = set()
        for line in lines:
            if not line:
                continue
            name = checked_name(line.strip(), path, lines.number)
            if name in seen:
                raise lines.error(f"{name} has a stanza above already")
            seen.add(name)
            faces = self._faces(lines, name)
            yield LabelledImage(path=folder / name, name=name, faces=faces, split=split)

    def write(
        self,
        samples: Iterable[Sample],
        folder: ExportFolder,
        options: ExportOptions = DEFAULT_OPTIONS,
    ) -> None:
        """One annotation file a split; boxes are rounded to whole pixels."""
        folder.describe(precision="whole pixels", carried=COLUMNS)
        for sample in samples:
            split = sample.split
            name = folder.names.tree(sample.image)
            folder.add_image(sample, f"WIDER_{split}/images/{name}", sample.faces)
            text = folder.text(f"wider_face_split/wider_face_{split}_bbx_gt.txt")
            text.write(self._stanza(sample, name, folder))

    def _faces(self, lines: Lines, name: str) -> tuple[Face, ...]:
        count = next(lines, None)
        if count is None:
            raise lines.error(f"the file ends after the name {name}")
        if not count.isdecimal() or len(count) > 9:
            raise lines.error(f"{count!r} stands where the number of faces of {name} should")
        if int(count) == 0:
            following = lines.peek()
            if following is not None and _FACE_LINE.fullmatch(following.strip()):
                next(lines)
                if following.split() != _NO_FACE.split():
                    raise lines.error(f"a face follows, but the number of faces of {name} is 0")
            return ()
        return tuple(self._face(lines, name, place, count) for place in range(int(count)))

    def _face(self, lines: Lines, name: str, place: int, count: str) -> Face:
        line = next(lines, None)
        if line is None:
            raise lines.error(f"the file ends after {place} of {count} faces of {name}")
        try:
            x, y, width, height, *values = map(int, line.split())
            box = box_from_xywh(x, y, width, height)
        except (ValueError, OverflowError) as cause:
            raise lines.error(f"{line!r} is no face, {place} of {count} of {name} read") from cause
        row = tuple(values)
        if len(row) != len(COLUMNS):
            raise lines.error(f"a face has ten numbers, not {len(row) + 4}")
        if width < 0 or height < 0:
            raise lines.error(f"the size of the face is negative: {width} x {height}")
        problem = self._columns.problem(row)
        if problem is not None:
            raise lines.error(problem)
        return Face(box=box, attributes=self._columns.attributes(row))

    def _stanza(self, sample: Sample, name: str, folder: ExportFolder) -> str:
        faces = sample.faces
        if not faces:
            return f"{name}\n0\n{_NO_FACE}\n"
        values: list[object] = [name, len(faces)]
        rounded = 0
        rows = self._columns.texts(faces, folder.tally, sample.image.name)
        for face, row in zip(faces, rows, strict=True):
            x_min, y_min, x_max, y_max = face.box
            left, top, right, bottom = round(x_min), round(y_min), round(x_max), round(y_max)
            rounded += left != x_min or top != y_min or right != x_max or bottom != y_max
            values += (left, top, right - left, bottom - top, row)
        folder.tally.lose("box rounded to whole pixels", sample.image.name, rounded)
        return ("%s\n%d\n" + "%d %d %d %d %s\n" * len(faces)) % tuple(values)


WIDER = Wider()
