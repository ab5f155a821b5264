from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.errors import FormatError, InputError
from curator.evaluate.predictions import read_predictions, text


def write(folder: Path, content: str, name: str = "0--Parade/photo_1.txt") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    return file


@pytest.mark.parametrize(
    "content",
    [
        "photo_1.jpg\n2\n1.5 2 3 4 0.9\n10 20 30.25 40 1e-3\n",
        "photo_1\n2\n1.5 2 3 4 0.9 \n10 20 30.25 40 1e-3 ",  # a blank after each line
        "0--Parade/photo_1.jpg\r\n2\r\n1.5 2 3 4 0.9\r\n10\t20  30.25 40 .001\r\n\r\n",
    ],
)
def test_the_forms_in_use_say_the_same(tmp_path: Path, content: str) -> None:
    write(tmp_path, content)
    write(tmp_path, "photo.2.jpg\n0\n", "0--Parade/photo.2.txt")
    found = read_predictions(tmp_path)
    assert list(found) == ["0--Parade/photo.2", "0--Parade/photo_1"]
    assert found["0--Parade/photo_1"].tolist() == [
        [1.5, 2, 4.5, 6, 0.9],
        [10, 20, 40.25, 60, 0.001],
    ]
    assert found["0--Parade/photo.2"].shape == (0, 5)


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("", None, "expected"),
        ("photo_1.jpg\n", None, "expected"),
        ("photo_2.jpg\n0\n", 1, "photo_2.jpg"),
        ("photo_1.jpg\n2\n1 2 3 4 0.5\n", 2, "'2' detections announced, 1 found"),
        ("photo_1.jpg\nmany\n1 2 3 4 0.5\n", 2, "many"),
        ("photo_1.jpg\n2\n1 2 3 4 0.5\n1 2 3 4\n", 4, "4 values"),
        ("photo_1.jpg\n2\n1 2 3 4 5 6\n1 2 3 4 0.5\n", 3, "6 values"),
        ("photo_1.jpg\n3\n1 2 3 4 0.5\n\n1 2 3 4 0.5\n", 4, "0 values"),
        ("photo_1.jpg\n2\n1 2 3 4 0.5\n1 2 x 4 0.5\n", 4, "'x' is no finite number"),
        ("photo_1.jpg\n2\n1 2 3 4 0.5\n1 2 3 4 nan\n", 4, "'nan' is no finite number"),
    ],
)
def test_a_broken_file_is_named_with_its_line(
    tmp_path: Path, content: str, line: int | None, reason: str
) -> None:
    write(tmp_path, "a.jpg\n1\n1 2 3 4 0.5\n", "0--Parade/a.txt")
    file = write(tmp_path, content)
    with pytest.raises(FormatError, match=reason) as error:
        read_predictions(tmp_path)
    assert (error.value.file, error.value.line) == (str(file), line)


def test_a_folder_without_predictions_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no prediction files"):
        read_predictions(tmp_path)


coordinate = st.floats(-100, 5000, width=32)


@given(
    st.lists(st.tuples(coordinate, coordinate, st.floats(0, 900), st.floats(0, 900)), max_size=5),
    st.floats(0, 1, width=32),
)
def test_what_is_written_reads_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, ...]], score: float
) -> None:
    folder = tmp_path_factory.mktemp("predictions")
    xywh = np.array(rows).reshape(-1, 4)
    boxes = np.column_stack([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]])
    scores = np.full(len(rows), score, np.float32)
    write(folder, text("1--Event/a.b.jpg", boxes, scores), "1--Event/a.b.txt")
    (read,) = read_predictions(folder).values()
    np.testing.assert_allclose(read[:, :4], boxes, atol=0.0011)
    assert (read[:, 4].astype(np.float32) == scores).all()
