"""Ultralytics YOLO: ``data.yaml``, ``images/{split}``, ``labels/{split}`` with a file an image.

::

    class cx cy w h                                     detect
    class cx cy w h  px1 py1 v1 ... px5 py5 v5          pose; v is COCO's 0, 1, 2

All but the class and v are shares of the image's width or height. Sources:
https://docs.ultralytics.com/datasets/detect/ and .../pose/. YOLO5Face
(https://github.com/deepcam-cn/yolov5-face) has points without v, -1 -1 where there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from curator.errors import FormatError
from curator.formats.folder import ExportFolder
from curator.formats.lines import Lines, finite, unreadable
from curator.formats.names import checked_name
from curator.formats.options import DEFAULT_OPTIONS, ClassBy, ExportOptions
from curator.formats.points import FIVE, five_points
from curator.formats.report import Tally
from curator.formats.yolo_data import FILE, YoloData, read_data
from curator.geometry import clip
from curator.imaging import BrokenImage, probe
from curator.records import SPLITS, Attributes, Box, Face, LabelledImage, Points, Sample
from curator.schemes import SCHEMES, Visibility

FACE = "face"

# Ultralytics' own tolerance: sloppy rounding is let pass, pixels are noticed.
_LEAST, _MOST = -0.01, 1.01
# Smaller than this, six decimals say zero.
_SMALLEST = 1e-6
_NO_POINT = "0.000000 0.000000 0"


class Yolo:
    """Reads and writes YOLO datasets.

    Args:
        pose: With five points, else boxes only.
    """

    options = frozenset({"class_by"})

    def __init__(self, *, pose: bool) -> None:
        self._pose = pose
        self._line = "%d %.6f %.6f %.6f %.6f %s\n" if pose else "%d %.6f %.6f %.6f %.6f\n"

    def read(self, path: Path, images: Path | None = None) -> Iterator[LabelledImage]:
        """The images of all splits, by name; names are relative to the dataset's folder.

        Args:
            path: data.yaml or its folder.
            images: The folder that the entries of data.yaml are relative to, where it is not
                the folder of data.yaml.

        Raises:
            InputError: if a file cannot be read.
            FormatError: if one breaks the format, or the image of a labelled face is missing
                or broken: its size turns shares into pixels.
        """
        data = read_data(path, images)
        seen: dict[str, str] = {}
        for split in SPLITS:
            for name, label in data.images(split):
                checked_name(name, data.file)
                if name in seen:
                    raise FormatError(f"{name} stands in {seen[name]} and {split}", file=data.file)
                seen[name] = split
                image = data.root / name
                faces = self._faces(label, image, data) if label.exists() else ()
                yield LabelledImage(path=image, name=name, faces=faces, split=split)

    def write(
        self,
        samples: Iterable[Sample],
        folder: ExportFolder,
        options: ExportOptions = DEFAULT_OPTIONS,
    ) -> None:
        """A label file an image, empty where there is no face.

        Boxes are clipped to the image. Faces without a box inside it are left out, and where
        the classes are people, faces of nobody known.
        """
        by_identity = options.class_by is ClassBy.IDENTITY
        carried = {"points"} if self._pose else set()
        folder.describe(
            precision="a millionth of the image's width and height",
            carried=carried | {"identity"} if by_identity else carried,
        )
        classes: dict[str, int] = {} if by_identity else {FACE: 0}
        splits = set()
        for sample in samples:
            faces, text = self._labels(sample, folder.tally, by_identity, classes)
            splits.add(sample.split)
            name, stem = folder.names.flat(sample.image)
            folder.add_image(sample, f"images/{sample.split}/{name}", faces)
            folder.write(f"labels/{sample.split}/{stem}.txt", text)
        folder.write(FILE, self._data(classes, splits, options))

    def _faces(self, label: Path, image: Path, data: YoloData) -> tuple[Face, ...]:
        lines = Lines(label)
        rows = [(lines.number, line.split()) for line in lines if line]
        if not rows:
            return ()
        size_wh = _size_of(image)
        return tuple(self._face(row, size_wh, data, label, number) for number, row in rows)

    def _face(
        self, row: list[str], size_wh: tuple[int, int], data: YoloData, file: Path, line: int
    ) -> Face:
        wanted = (20, 15) if self._pose else (5,)
        if len(row) not in wanted:
            numbers = " or ".join(map(str, wanted))
            raise FormatError(f"a face has {numbers} numbers, not {len(row)}", file=file, line=line)
        name = data.names.get(int(row[0])) if row[0].isdecimal() and len(row[0]) < 10 else None
        if name is None:
            raise FormatError(f"{row[0]!r} is no class of {data.file}", file=file, line=line)
        shares = finite(row[1:], file, line)
        problem = _problem(shares, 3 if len(row) == 20 else 2)
        if problem is not None:
            raise FormatError(problem, file=file, line=line)
        points = _points(shares[4:], 3 if len(row) == 20 else 2, size_wh)
        attributes: Attributes = {}
        if not data.identities and name.lower() != FACE:
            attributes = {"class": name}
        return Face(
            box=_box(shares, size_wh),
            landmarks=points[0] if points else None,
            visibility=points[1] if points else None,
            scheme=FIVE if points else None,
            attributes=attributes,
            identity=name if data.identities else None,
        )

    def _labels(
        self, sample: Sample, tally: Tally, by_identity: bool, classes: dict[str, int]
    ) -> tuple[list[Face], str]:
        """The faces with a box inside the image, and a line for each; new classes get a number."""
        name, width, height = sample.image.name, sample.image.width, sample.image.height
        faces: list[Face] = []
        values: list[object] = []
        for face in sample.faces:
            who = face.identity if by_identity else FACE
            if who is None:
                tally.leave_out("face of unknown identity", name)
                continue
            left, top, right, bottom = face.box
            leaves = left < 0 or top < 0 or right > width or bottom > height
            if leaves:
                left, top, right, bottom = clip(face.box, width, height)
            w, h = (right - left) / width, (bottom - top) / height
            if w < _SMALLEST or h < _SMALLEST:
                tally.leave_out("face without a box inside the image", name)
                continue
            if leaves:
                tally.lose("box clipped to the image", name)
            faces.append(face)
            number = classes.setdefault(who, len(classes))
            values += (number, (left + right) / (2 * width), (top + bottom) / (2 * height), w, h)
            if self._pose:
                values.append(_point_texts(face, sample, tally))
        # Half a million lines, all of an image at once: half the time of an f-string each.
        return faces, self._line * len(faces) % tuple(values)

    def _data(self, classes: dict[str, int], splits: set[str], options: ExportOptions) -> str:
        # An empty path means the folder of this file, wherever it is moved.
        content: dict[str, object] = {"path": ""}
        content |= {split: f"images/{split}" for split in SPLITS if split in splits}
        if self._pose:
            content |= {"kpt_shape": [5, 3], "flip_idx": list(SCHEMES[FIVE].flip)}
        if options.class_by is ClassBy.IDENTITY:
            content["class_by"] = str(options.class_by)
        content["names"] = {number: name for name, number in classes.items()}
        return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _size_of(image: Path) -> tuple[int, int]:
    """Displayed width and height in pixels."""
    try:
        header = probe(image.read_bytes())
    except FileNotFoundError as cause:
        raise FormatError("the image of a labelled face is missing", file=image) from cause
    except OSError as cause:
        raise unreadable(image, cause) from cause
    except BrokenImage as cause:
        raise FormatError(f"the image of a labelled face is broken: {cause}", file=image) from cause
    return header.width, header.height


def _problem(shares: list[float], step: int) -> str | None:
    if not all(_LEAST <= share <= _MOST for share in shares[:4]):
        return "the box is not in shares of the image, 0 to 1"
    for at in range(4, len(shares), step):
        x, y, *seen = shares[at : at + step]
        if seen and seen[0] not in (0, 1, 2):
            return f"v must be 0, 1 or 2, not {seen[0]:g}"
        absent = seen[0] == 0 if seen else x == y == -1
        if not absent and not (_LEAST <= x <= _MOST and _LEAST <= y <= _MOST):
            return "a point is not in shares of the image, 0 to 1"
    return None


def _box(shares: list[float], size_wh: tuple[int, int]) -> Box:
    (cx, cy, w, h), (width, height) = shares[:4], size_wh
    return (
        (cx - w / 2) * width,
        (cy - h / 2) * height,
        (cx + w / 2) * width,
        (cy + h / 2) * height,
    )


def _points(
    shares: list[float], step: int, size_wh: tuple[int, int]
) -> tuple[Points, Visibility] | None:
    """The points in pixels, None where the line has none."""
    points, visibility = [], []
    for at in range(0, len(shares), step):
        x, y = shares[at : at + 2]
        seen = int(shares[at + 2]) if step == 3 else 0 if x == y == -1 else 2
        points.append((x * size_wh[0], y * size_wh[1]) if seen else (0.0, 0.0))
        visibility.append(seen)
    return (tuple(points), tuple(visibility)) if any(visibility) else None


def _point_texts(face: Face, sample: Sample, tally: Tally) -> str:
    five = five_points(face, tally, sample.image.name)
    if five is None:
        return " ".join([_NO_POINT] * 5)
    width, height = sample.image.width, sample.image.height
    texts = []
    for (x, y), seen in zip(*five, strict=True):
        inside = 0 <= x <= width and 0 <= y <= height
        if seen and not inside:
            tally.lose("point outside the image", sample.image.name)
        if seen and inside:
            texts.append(f"{x / width:.6f} {y / height:.6f} {seen}")
        else:
            texts.append(_NO_POINT)
    return " ".join(texts)


YOLO = Yolo(pose=False)
YOLO_POSE = Yolo(pose=True)
