"""RetinaFace: ``{split}/label.txt`` beside ``{split}/images``.

::

    # 0--Parade/0_Parade_marchingband_1_849.jpg
    449 330 122 149 488.906 373.643 0.0 542.089 376.442 0.0 ... 538.357 431.491 0.0 0.82

x, y, width, height, five times x, y, v, and a score of sharpness. v is 0 for a visible point and
1 for a hidden one; a point that is not there is -1 -1 -1, a score that is not known negative.
Sources: https://github.com/deepinsight/insightface (detection/retinaface, which also publishes
the files), https://arxiv.org/abs/1905.00641. The form without the points, and the one without
the five v, are read too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from curator.formats.folder import ExportFolder
from curator.formats.lines import Lines, finite, first_folder
from curator.formats.names import checked_name
from curator.formats.options import DEFAULT_OPTIONS, ExportOptions
from curator.formats.points import FIVE, five_points
from curator.formats.report import Tally
from curator.geometry import box_from_xywh, xywh
from curator.records import SPLITS, Face, LabelledImage, Points, Sample
from curator.schemes import Visibility

SCORE = "blur_score"

_ABSENT = "-1.0 -1.0 -1.0"
_VISIBILITY = {0.0: 2, 1.0: 1}


class RetinaFace:
    """Reads and writes label.txt."""

    options: frozenset[str] = frozenset()

    def read(self, path: Path, images: Path | None = None) -> Iterator[LabelledImage]:
        """The images of one label.txt.

        Args:
            path: ``train/label.txt``; the name of its folder tells the split.
            images: By default ``images`` beside the file, else its folder.

        Raises:
            InputError: if the file cannot be read.
            FormatError: if it breaks the format.
        """
        split = path.parent.name if path.parent.name in SPLITS else None
        folder = first_folder(images, (path.parent / "images", path.parent))
        lines = Lines(path)
        seen: set[str] = set()
        for line in lines:
            if not line:
                continue
            if not line.startswith("#"):
                raise lines.error("a face stands before the first '# name' line")
            name = checked_name(line[1:].strip(), path, lines.number)
            if name in seen:
                raise lines.error(f"{name} has a stanza above already")
            seen.add(name)
            faces = []
            while (following := lines.peek()) is not None and not following.startswith("#"):
                next(lines)
                if following:
                    faces.append(_face(following.split(), lines))
            yield LabelledImage(path=folder / name, name=name, faces=tuple(faces), split=split)

    def write(
        self,
        samples: Iterable[Sample],
        folder: ExportFolder,
        options: ExportOptions = DEFAULT_OPTIONS,
    ) -> None:
        """One label.txt a split; points of other schemes are reduced to five."""
        folder.describe(precision="exact", carried={"points", SCORE})
        for sample in samples:
            name = folder.names.tree(sample.image)
            folder.add_image(sample, f"{sample.split}/images/{name}", sample.faces)
            faces = [_line(face, folder.tally, sample.image.name) for face in sample.faces]
            folder.text(f"{sample.split}/label.txt").write("\n".join([f"# {name}", *faces, ""]))


def _face(fields: list[str], lines: Lines) -> Face:
    if len(fields) not in (4, 15, 19, 20):
        raise lines.error(f"a face has 20 numbers, or 4 without points, not {len(fields)}")
    values = finite(fields, lines.path, lines.number)
    x, y, width, height = values[:4]
    if width < 0 or height < 0:
        raise lines.error(f"the size of the face is negative: {width:g} x {height:g}")
    box = box_from_xywh(x, y, width, height)
    score = values[-1] if len(values) in (15, 20) else -1.0
    attributes = {SCORE: score} if score >= 0 else {}
    step = 2 if len(values) == 15 else 3
    pointed = [_point(values[at : at + step], lines) for at in range(4, len(values) - 1, step)]
    if not any(seen for _, seen in pointed):
        return Face(box=box, attributes=attributes)
    return Face(
        box=box,
        landmarks=tuple(point for point, _ in pointed),
        visibility=tuple(seen for _, seen in pointed),
        scheme=FIVE,
        attributes=attributes,
    )


def _point(values: list[float], lines: Lines) -> tuple[tuple[float, float], int]:
    """One point and its visibility, from ``x y v`` or ``x y``."""
    x, y, *hidden = values
    if x == y == -1:
        if hidden not in ([], [-1.0]):
            raise lines.error(f"a point that is not there has v -1, not {hidden[0]:g}")
        return (0.0, 0.0), 0
    seen = _VISIBILITY.get(hidden[0]) if hidden else 2
    if seen is None:
        raise lines.error(f"v must be 0, 1 or, for a point that is not there, -1; not {hidden[0]}")
    return (x, y), seen


def _line(face: Face, tally: Tally, image: str) -> str:
    box = " ".join(_short(value) for value in xywh(face.box))
    five = five_points(face, tally, image)
    points = " ".join([_ABSENT] * 5) if five is None else _triples(*five, tally, image)
    score = face.attributes.get(SCORE)
    if score is None:
        tally.lose(f"attribute {SCORE} not known, written as -1", image)
    return f"{box} {points} {-1.0 if score is None else float(score)!r}"


def _triples(points: Points, visibility: Visibility, tally: Tally, image: str) -> str:
    texts = []
    for (x, y), seen in zip(points, visibility, strict=True):
        if seen and x == y == -1:
            tally.lose("point at (-1, -1), which means absent here", image)
        if not seen or x == y == -1:
            texts.append(_ABSENT)
        else:
            texts.append(f"{float(x)!r} {float(y)!r} {'1.0' if seen == 1 else '0.0'}")
    return " ".join(texts)


def _short(value: float) -> str:
    """A whole number without its ``.0``, as the owner writes boxes."""
    return str(int(value)) if value == int(value) else repr(float(value))


RETINAFACE = RetinaFace()
