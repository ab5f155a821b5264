"""What a download promises: the whole export, piece by piece, and nothing besides."""

from __future__ import annotations

import io
import os
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest

from curator.app.downloads import CHUNK, exported, zipped
from curator.pipeline.export import export, folder_of
from curator.pipeline.release import Selection, SplitOptions, release
from curator.progress import Silent
from curator.records import Release


@pytest.fixture
def made(filled: Any) -> Release:
    """Release ``v1``, exported as WIDER."""
    done = release(filled.dataset, "v1", Selection(), SplitOptions(), Silent())
    out = folder_of(filled.dataset, "v1", "wider")
    export(filled.dataset, "v1", "wider", out, progress=Silent())
    return done


def test_the_zip_holds_every_file_of_the_export(filled: Any, made: Release, client: Any) -> None:
    response, body = client.get(f"/exports/{made.id}/wider.zip")
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/zip"
    assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''v1-wider.zip"
    folder = folder_of(filled.dataset, "v1", "wider")
    files = {
        f"v1-wider/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == files
    assert len(files) > 5


@pytest.mark.parametrize(
    "path",
    [
        "/exports/1/yolo.zip",
        "/exports/2/wider.zip",
        "/exports/99999999999999999999999/wider.zip",
        "/exports/1/wider",
        "/exports/1/..%2fv1-wider.zip",
        "/exports/1/../../../curator.sqlite",
        "/exports/1/..%2f..%2fcurator.sqlite.zip",
        "/exports/1/%00.zip",
        "/exports/v1-wider.zip",
        "/exports/",
    ],
)
def test_nothing_but_known_exports_is_given_out(made: Release, client: Any, path: str) -> None:
    assert client.get(path)[0].status == 404


def test_an_export_that_is_not_complete_is_no_export(filled: Any, made: Release) -> None:
    assert list(exported(filled.dataset, made)) == ["wider"]
    folder = folder_of(filled.dataset, "v1", "yolo")
    folder.mkdir()
    (folder / "data.yaml").write_text("half")
    assert list(exported(filled.dataset, made)) == ["wider"]


def test_links_out_of_an_export_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("mine")
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "up").symlink_to(tmp_path)
    with zipfile.ZipFile(io.BytesIO(b"".join(zipped(folder)))) as archive:
        assert archive.namelist() == ["out/a.txt"]


def test_the_size_of_an_export_costs_no_memory(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    noise = os.urandom(1 << 20)
    for number in range(24):
        (folder / f"{number}.jpg").write_bytes(noise)
    (folder / "huge.txt").write_bytes(noise * 24)
    tracemalloc.start()
    total = largest = 0
    for piece in zipped(folder):
        total += len(piece)
        largest = max(largest, len(piece))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total > 48 << 20
    assert largest <= 3 * CHUNK
    assert peak < 12 * CHUNK


def test_an_export_of_nothing_is_an_empty_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(b"".join(zipped(tmp_path)))) as archive:
        assert archive.namelist() == []


def test_files_from_before_1980_can_be_packed(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("x")
    os.utime(tmp_path / "old.txt", (0, 0))
    with zipfile.ZipFile(io.BytesIO(b"".join(zipped(tmp_path)))) as archive:
        assert archive.infolist()[0].date_time[0] == 1980
