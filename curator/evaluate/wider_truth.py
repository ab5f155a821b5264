"""The ground truth of WIDER FACE as its owners publish it: four MATLAB files."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from curator.errors import FormatError, InputError

LEVELS = ("easy", "medium", "hard")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Photo:
    """The truth about one photo.

    Attributes:
        boxes: All its faces, shape (G, 4), ``xyxy`` pixels.
        counts: Level to which of them count there, shape (G,).
    """

    boxes: NDArray[np.float64]
    counts: Mapping[str, NDArray[np.bool_]]


def read_truth(folder: Path) -> dict[str, Photo]:
    """Read ``wider_face_val.mat`` and the three files ``wider_{easy,medium,hard}_val.mat``.

    Returns:
        ``<event>/<photo>`` to the truth about it, in the order of the files.

    Raises:
        InputError: if one of the four files is missing.
        FormatError: if a file is not of the form in which the owners publish it.
    """
    face_file = folder / "wider_face_val.mat"
    events, files, boxes = _read_mat(face_file, "event_list", "file_list", "face_bbx_list")
    counting = {
        level: _read_mat(folder / f"wider_{level}_val.mat", "gt_list")[0] for level in LEVELS
    }
    truth: dict[str, Photo] = {}
    try:
        for i, event in enumerate(events):
            rows = {level: cells[i][0] for level, cells in counting.items()}
            for j, file in enumerate(files[i][0]):
                truth[f"{event[0][0]}/{file[0][0]}"] = _photo(
                    boxes[i][0][j][0], {level: row[j][0] for level, row in rows.items()}
                )
    except (IndexError, TypeError, ValueError) as cause:
        raise FormatError(
            f"the four files do not agree on the photos or faces after {len(truth)} photos",
            file=face_file,
        ) from cause
    return truth


def _photo(box_xywh: NDArray[Any], numbers: Mapping[str, NDArray[Any]]) -> Photo:
    """The truth from corner and size, and the 1-based numbers of the faces that count."""
    boxes = box_xywh.reshape(-1, 4).astype(np.float64)
    boxes[:, 2:] += boxes[:, :2]
    counts = {level: np.zeros(len(boxes), bool) for level in numbers}
    for level, faces in numbers.items():
        indices = faces.ravel().astype(np.intp) - 1
        # As an index -1 would be the last face.
        if (indices < 0).any():
            raise IndexError("faces are counted from 1")
        counts[level][indices] = True
    return Photo(boxes=boxes, counts=counts)


def _read_mat(file: Path, *names: str) -> list[NDArray[np.object_]]:
    """Some variables of a MATLAB file."""
    if not file.is_file():
        raise InputError(f"{file}: no such file; the ground truth is four files")
    try:
        variables = loadmat(file, variable_names=names)
    except (MatReadError, NotImplementedError, OSError, TypeError, ValueError, zlib.error) as cause:
        raise FormatError(f"not a MATLAB file of version 7 ({cause})", file=file) from cause
    missing = [name for name in names if name not in variables]
    if missing:
        raise FormatError(f"the variable {missing[0]} is missing", file=file)
    return [variables[name] for name in names]
