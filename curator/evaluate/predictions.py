"""Detections in the text form in which results on WIDER FACE are published.

One file a photo, ``<event>/<photo>.txt``::

    <photo>.jpg
    <number of detections>
    x y w h score          one line a detection, pixels

In memory a photo is ``<event>/<photo>``, and its detections are one array of shape (N, 5),
float64: ``x_min, y_min, x_max, y_max, score``, in the order of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from curator.errors import FormatError, InputError
from curator.geometry import Floats

_HEADER_LINES = 2


def text(photo: str, boxes: Floats, scores: Floats) -> str:
    """The file of one photo.

    Args:
        photo: ``<event>/<photo>``, with or without the suffix of the image.
        boxes: Shape (N, 4), ``xyxy`` pixels; written to a thousandth of a pixel.
        scores: Shape (N,); written in full.
    """
    lines = [PurePosixPath(photo).name, str(len(boxes))]
    for (x_min, y_min, x_max, y_max), score in zip(boxes.tolist(), scores, strict=True):
        size = f"{x_max - x_min:.3f} {y_max - y_min:.3f}"
        # str of a NumPy float is the shortest text that reads back as the same number.
        lines.append(f"{x_min:.3f} {y_min:.3f} {size} {score!s}")
    return "\n".join(lines) + "\n"


def read_predictions(folder: Path, pattern: str = "*/*.txt") -> dict[str, NDArray[np.float64]]:
    """Read a folder of such files.

    Args:
        folder: That holds them.
        pattern: Which files; ``**/*.txt`` for photos that lie in any folder or none.

    Returns:
        ``<event>/<photo>`` to its detections, shape (N, 5); photos in alphabetical order.

    Raises:
        InputError: if the folder holds no such file, or one cannot be opened.
        FormatError: if a file is about another photo than its name says, announces another
            number of detections than it holds, or has a line that is not five finite numbers.
    """
    files = sorted(folder.glob(pattern))
    if not files:
        raise InputError(f"{folder}: no prediction files of the form <event>/<photo>.txt")
    rows = [_rows(file) for file in files]
    count = sum(len(lines) for lines in rows)
    words = chain.from_iterable(chain.from_iterable(rows))
    try:
        # All files at once: a conversion a file would take longer than reading them.
        values = np.fromiter(map(float, words), np.float64, 5 * count).reshape(-1, 5)
    except ValueError as cause:
        raise _not_finite(files, rows) from cause
    if not np.isfinite(values).all():
        raise _not_finite(files, rows)
    values[:, 2:4] += values[:, :2]
    ends = np.cumsum([len(lines) for lines in rows])[:-1]
    names = [file.relative_to(folder).with_suffix("").as_posix() for file in files]
    return dict(zip(names, np.split(values, ends), strict=True))


def _rows(file: Path) -> list[list[bytes]]:
    """The five words of each detection of one file."""
    try:
        lines = file.read_bytes().rstrip().splitlines()
    except OSError as cause:
        raise InputError(f"{file}: {cause.strerror}") from cause
    if len(lines) < _HEADER_LINES:
        raise FormatError("a name and a number of detections are expected", file=file)
    name = lines[0].decode(errors="replace").strip().rpartition("/")[2]
    if file.stem not in (name, name.rpartition(".")[0]):
        raise FormatError(f"these are the detections of {name!r}", file=file, line=1)
    rows = [line.split() for line in lines[_HEADER_LINES:]]
    if lines[1].strip() != b"%d" % len(rows):
        said = lines[1].decode(errors="replace").strip()
        raise FormatError(f"{said!r} detections announced, {len(rows)} found", file=file, line=2)
    for row in rows:
        if len(row) != 5:
            raise FormatError(
                f"{len(row)} values instead of x y w h score",
                file=file,
                line=_HEADER_LINES + 1 + rows.index(row),
            )
    return rows


def _not_finite(files: Sequence[Path], rows: Sequence[list[list[bytes]]]) -> FormatError:
    """The error that names the first word that is no finite number."""
    for file, lines in zip(files, rows, strict=True):
        for number, row in enumerate(lines, _HEADER_LINES + 1):
            for word in row:
                if not _is_finite(word):
                    bad = word.decode(errors="replace")
                    return FormatError(f"{bad!r} is no finite number", file=file, line=number)
    raise AssertionError("only called where there is such a word")


def _is_finite(word: bytes) -> bool:
    try:
        return bool(np.isfinite(float(word)))
    except ValueError:
        return False
