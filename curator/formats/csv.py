"""A table with everything: one face a line, one line for an image without faces, for pandas.

``landmarks`` is ``x y v`` for each point, all separated by spaces. Attributes of the vocabulary
have a column each, free ones stand in ``attributes`` as a json object. The lines of an image
follow one another.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from curator.attributes import ATTRIBUTES, attribute_problem
from curator.formats.csv_rows import COLUMNS, IMAGE, PROVENANCE, rows_of
from curator.formats.folder import ExportFolder
from curator.formats.lines import first_folder
from curator.formats.names import checked_name
from curator.formats.options import DEFAULT_OPTIONS, ExportOptions
from curator.formats.report import Tally
from curator.records import SPLITS, Face, LabelledImage, Sample

FILE = "faces.csv"

_NO_FACE: list[object] = [""] * (len(COLUMNS) - len(IMAGE))


class Csv:
    """Reads and writes the table."""

    options: frozenset[str] = frozenset()

    def read(self, path: Path, images: Path | None = None) -> Iterator[LabelledImage]:
        """The images of one table.

        Args:
            path: A csv with at least the columns ``image, x_min, y_min, x_max, y_max``.
            images: By default ``images`` beside the file, else its folder.

        Raises:
            InputError: if the file cannot be read.
            FormatError: if it breaks the format, or the lines of an image stand apart.
        """
        folder = first_folder(images, (path.parent / "images", path.parent))
        first: dict[str, int] = {}
        for stated, rows in groupby(rows_of(path), key=lambda row: row.values["image"]):
            own = list(rows)
            head = own[0]
            name = checked_name(stated, path, head.line)
            if name in first:
                raise head.error(f"{name} stands in line {first[name]} already: sort by image")
            first[name] = head.line
            for row in own[1:]:
                row.check_same_image(head)
            split = head.values.get("split", "")
            if split not in ("", *SPLITS):
                raise head.error(f"{split!r} is no split")
            yield LabelledImage(
                path=folder / name,
                name=name,
                faces=() if len(own) == 1 and head.is_negative else tuple(r.face() for r in own),
                split=split or None,
                provenance={key: head.values[key] for key in PROVENANCE if head.values.get(key)},
            )

    def write(
        self,
        samples: Iterable[Sample],
        folder: ExportFolder,
        options: ExportOptions = DEFAULT_OPTIONS,
    ) -> None:
        """One table for all splits."""
        folder.describe(precision="exact", carried=None)
        table = csv.writer(folder.text(FILE))
        table.writerow(COLUMNS)
        for sample in samples:
            name = folder.names.tree(sample.image)
            folder.add_image(sample, f"images/{name}", sample.faces)
            image = _image_cells(sample, name)
            faces = [_face_cells(face, folder.tally, sample.image.name) for face in sample.faces]
            table.writerows([*image, *face] for face in faces or [_NO_FACE])


def _image_cells(sample: Sample, name: str) -> list[object]:
    image = sample.image
    return [
        name,
        sample.split,
        image.width,
        image.height,
        image.sha256,
        *(getattr(image, column) for column in PROVENANCE),
        image.fetched_at.isoformat(),
    ]


def _face_cells(face: Face, tally: Tally, image: str) -> list[object]:
    free = {name: value for name, value in face.attributes.items() if name not in ATTRIBUTES}
    return [
        *(float(value) for value in face.box),
        face.score,
        face.identity,
        face.origin,
        face.status,
        face.scheme,
        _landmark_cell(face),
        *(_attribute_cell(name, face.attributes.get(name), tally, image) for name in ATTRIBUTES),
        json.dumps(free, sort_keys=True) if free else None,
    ]


def _landmark_cell(face: Face) -> str | None:
    if face.landmarks is None or face.visibility is None:
        return None
    triples = zip(face.landmarks, face.visibility, strict=True)
    return " ".join([f"{float(x)!r} {float(y)!r} {seen}" for (x, y), seen in triples])


def _attribute_cell(name: str, value: object, tally: Tally, image: str) -> object:
    if value is not None and attribute_problem(name, value) is not None:
        tally.lose(f"attribute {name} out of its domain, left out", image)
        return None
    return int(value) if isinstance(value, bool) else value


CSV = Csv()
