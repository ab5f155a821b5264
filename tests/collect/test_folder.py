from __future__ import annotations

import hashlib
import os
import shutil
import sys
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curator.collect import SOURCES, Limits
from curator.errors import InputError, SourceError
from curator.progress import Silent
from curator.records import Candidate, Fetched, Refused

Collect = Callable[..., Any]
Picture = Callable[..., bytes]


def put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_everything_below_a_folder_comes_in_the_order_of_its_names(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    for seed, name in enumerate(["b.jpg", "a/2.png", "a/10.jpg", "a/1.jpg", "c/d/e.JPEG"]):
        put(tmp_path / name, picture(seed, kind="PNG" if name.endswith("png") else "JPEG"))
    found = collected("folder", tmp_path, licence="CC0-1.0", author="me").fetched
    assert [r.candidate.name for r in found] == [
        "a/1.jpg",
        "a/10.jpg",
        "a/2.png",
        "b.jpg",
        "c/d/e.JPEG",
    ]
    first = found[0]
    path = tmp_path / "a" / "1.jpg"
    facts = path.stat()
    assert first.candidate == Candidate(
        url=f"file://{path}",
        source="folder",
        name="a/1.jpg",
        licence="CC0-1.0",
        author="me",
        validator=f"{facts.st_size}:{facts.st_mtime_ns}",
    )
    assert first.data == path.read_bytes()
    assert first.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_home_folder_may_be_written_short(
    tmp_path: Path, picture: Picture, collected: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = put(tmp_path / "Pictures" / "1.jpg", picture(1))
    assert (
        collected("folder", "~/Pictures/../Pictures/").fetched[0].candidate.url == f"file://{path}"
    )


def test_an_empty_folder_has_no_images(tmp_path: Path, collected: Collect) -> None:
    assert collected("folder", tmp_path).records == []


def test_a_name_promises_nothing_and_a_content_is_enough(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    put(tmp_path / "page.jpg", b"<html><body>404</body></html>")
    put(tmp_path / "nothing.png", b"")
    put(tmp_path / "no_suffix", picture(1))
    put(tmp_path / "picture.dat", picture(2, kind="PNG"))
    put(tmp_path / "really_jpeg.png", picture(3))
    put(tmp_path / "cut.jpg", picture(4)[:-300])
    result = collected("folder", tmp_path)
    assert result.names == ["no_suffix", "picture.dat", "really_jpeg.png"]
    assert [r.mime for r in result.fetched] == ["image/jpeg", "image/png", "image/jpeg"]
    assert result.reasons == {
        "cut.jpg": "truncated",
        "nothing.png": "empty",
        "page.jpg": "not-an-image",
    }


def test_what_is_no_image_is_counted_and_told_once(
    tmp_path: Path, picture: Picture, collected: Collect, listener: Any
) -> None:
    for name in ("list.txt", "labels.json", "a.xml", "BM is how this text begins.txt"):
        put(tmp_path / name, name.encode())
    for name in (".DS_Store", "Thumbs.db", "._1.jpg", ".git/x.jpg", "__MACOSX/1.jpg"):
        put(tmp_path / name, picture(1))
    put(tmp_path / "1.jpg", picture(1))
    assert collected("folder", tmp_path).names == ["1.jpg"]
    assert (
        listener.notes[-1] == "left out: files that are no images (4), hidden files and folders (5)"
    )
    assert listener.done == 1


def test_an_archive_inside_the_folder_is_refused_not_opened(
    tmp_path: Path, collected: Collect
) -> None:
    put(tmp_path / "more.zip", b"PK\x03\x04")
    put(tmp_path / "old.tar.gz", b"\x1f\x8b")
    assert collected("folder", tmp_path).reasons == {"more.zip": "archive", "old.tar.gz": "archive"}


def test_links_are_followed_to_files_inside_the_folder_only(
    tmp_path: Path, picture: Picture, collected: Collect, listener: Any
) -> None:
    outside = put(tmp_path / "outside" / "secret.jpg", picture(1))
    root = tmp_path / "root"
    put(root / "real.jpg", picture(2))
    put(root / "sub" / "other.jpg", picture(3))
    (root / "alias.jpg").symlink_to(root / "real.jpg")
    (root / "escape.jpg").symlink_to(outside)
    (root / "nothing.jpg").symlink_to(root / "gone.jpg")
    (root / "round.jpg").symlink_to(root / "round.jpg")
    (root / "elsewhere").symlink_to(outside.parent, target_is_directory=True)
    (root / "sub" / "cycle").symlink_to(root, target_is_directory=True)
    result = collected("folder", root)
    assert result.names == ["alias.jpg", "real.jpg", "sub/other.jpg"]
    assert result.reasons["escape.jpg"] == "link"
    assert result.reasons["nothing.jpg"] == "link"
    assert set(result.reasons) == {"escape.jpg", "nothing.jpg", "round.jpg"}
    assert listener.notes[-1] == "left out: links and devices (2)"


def test_pipes_are_not_opened(tmp_path: Path, collected: Collect) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    os.mkfifo(tmp_path / "pipe")
    assert collected("folder", tmp_path).reasons == {"pipe.jpg": "link"}


def test_names_of_every_kind_become_safe_names(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    names = {
        "grüße 名前.jpg".encode(): "grüße 名前.jpg",
        b"caf\xe9.jpg": "caf%E9.jpg",
        b"two\nlines.jpg": "two%0Alines.jpg",
        b"back\\slash.jpg": "back%5Cslash.jpg",
        "ü".encode() * 125 + b".jpg": "ü" * 125 + ".jpg",
    }
    for seed, raw in enumerate(names):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + raw)).write_bytes(picture(seed))
    result = collected("folder", tmp_path)
    assert set(result.names) == set(names.values())
    urls = {r.candidate.name: r.candidate.url for r in result.fetched}
    assert urls["caf%E9.jpg"] == f"file://{tmp_path}/caf%E9.jpg"
    assert all(url.isascii() for url in urls.values())
    assert len(set(urls.values())) == 5


def test_a_tree_deeper_than_python_recurses(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    depth = 400
    put(tmp_path / "a.jpg", picture(0))
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        for _ in range(depth):
            # One step at a time: such a path is too long for some calls.
            Path("d").mkdir()
            os.chdir("d")
        Path("x.jpg").write_bytes(picture(1))
    finally:
        os.chdir(here)
    # What is loaded with the first picture may recurse as it likes.
    collected("folder", tmp_path, max_images=1)
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(depth)
    try:
        result = collected("folder", tmp_path)
    finally:
        sys.setrecursionlimit(before)
    assert result.names == ["a.jpg", "d/" * depth + "x.jpg"]


def test_a_path_too_long_for_the_system_is_refused(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    here = Path.cwd()
    try:
        os.chdir(tmp_path)
        for _ in range(20):
            Path("n" * 240).mkdir()
            os.chdir("n" * 240)
        Path("x.jpg").write_bytes(picture(1))
    finally:
        os.chdir(here)
    put(tmp_path / "z.jpg", picture(2))
    result = collected("folder", tmp_path)
    assert result.names == ["z.jpg"]
    assert list(result.reasons.values()) == ["unreadable"]
    assert "too long" in result.refused[0].detail


def test_large_files_are_refused_unread(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.write(picture(1))
        file.truncate(1 << 40)
    put(tmp_path / "tiny.jpg", picture(2, (20, 20)))
    result = collected("folder", tmp_path, min_side=21)
    assert result.reasons == {"huge.jpg": "too-large", "tiny.jpg": "too-small"}
    assert "1,099,511,627,776 bytes" in result.refused[0].detail


def test_unreadable_files_may_be_tried_again(
    tmp_path: Path,
    picture: Picture,
    collected: Collect,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put(tmp_path / "a.jpg", picture(1))
    put(tmp_path / "b.jpg", picture(2))
    real = Path.open

    # Not by mode bits: they do not bind the user that tests often run as.
    def denied(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self.name == "a.jpg":
            raise PermissionError(13, "Permission denied")
        return real(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", denied)
    result = collected("folder", tmp_path)
    assert result.names == ["b.jpg"]
    assert (result.refused[0].reason, result.refused[0].retry) == ("unreadable", True)
    assert "Permission denied" in result.refused[0].detail


def test_a_target_that_is_nothing_is_one_sentence(tmp_path: Path, collected: Collect) -> None:
    with pytest.raises(InputError, match="there is no such folder or archive"):
        collected("folder", tmp_path / "missing")
    with pytest.raises(InputError, match="there is no such folder or archive"):
        collected("folder", "a\0b")
    with pytest.raises(SourceError, match="File name too long"):
        collected("folder", tmp_path / ("x" * 300))
    with pytest.raises(InputError, match="neither a folder nor a zip or tar"):
        collected("folder", put(tmp_path / "notes.txt", b"hello " * 200))


def test_a_folder_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, collected: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(SourceError, match=r"cannot be read \(Permission denied\)"):
        collected("folder", tmp_path)


def test_what_is_settled_is_neither_read_nor_yielded_until_it_changes(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    put(tmp_path / "a.jpg", picture(1))
    put(tmp_path / "b.jpg", b"broken")
    put(tmp_path / "c.zip", b"")
    seen: set[tuple[str, str | None]] = set()

    def settled(candidate: Candidate) -> bool:
        return (candidate.url, candidate.validator) in seen

    first = collected("folder", tmp_path, settled)
    seen |= {(r.candidate.url, r.candidate.validator) for r in first.records}
    assert len(first.records) == 3
    assert collected("folder", tmp_path, settled).records == []
    put(tmp_path / "b.jpg", picture(2))
    assert collected("folder", tmp_path, settled).names == ["b.jpg"]


def test_the_source_ends_at_its_limits_and_says_so(
    tmp_path: Path, picture: Picture, collected: Collect, listener: Any
) -> None:
    for number in range(9):
        put(tmp_path / f"{number}.jpg", picture(number))
    put(tmp_path / "00.jpg", b"")
    result = collected("folder", tmp_path, max_images=3)
    assert result.names == ["0.jpg", "1.jpg", "2.jpg"]
    assert result.reasons == {"00.jpg": "empty"}
    assert listener.notes[-1] == "ended at the limit of 3 images"
    size = sum((tmp_path / f"{n}.jpg").stat().st_size for n in range(4))
    assert len(collected("folder", tmp_path, max_total_bytes=size).names) == 4
    assert f"limit of {size:,} bytes" in listener.notes[-1]


def test_a_large_folder_needs_no_more_memory_than_a_few_pictures(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    # What the first picture loads stays: libraries, tables.
    collected("folder", put(tmp_path / "warm" / "1.jpg", picture(0)).parent)
    data = picture(1, (300, 200), "BMP")
    for number in range(500):
        # Bytes after the end of a bitmap are no damage, and make every file another one.
        put(tmp_path / "many" / f"{number:03}.bmp", data + number.to_bytes(2, "big"))
    source = SOURCES.load("folder")(str(tmp_path / "many"), Limits(threads=2))
    tracemalloc.start()
    try:
        records = source.collect(lambda _: False, Silent())
        digests = {record.sha256 for record in records if isinstance(record, Fetched)}
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(digests) == 500
    # 500 such files are 90 MB.
    assert peak < 45 * len(data)


@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_only_a_few_pictures_are_read_ahead(
    tmp_path: Path, picture: Picture, limits: Limits, kind: str
) -> None:
    for number in range(30):
        put(tmp_path / "in" / f"{number:02}.jpg", picture(number))
    target = tmp_path / "in"
    if kind == "archive":
        target = Path(shutil.make_archive(str(tmp_path / "a"), "tar", target))
    asked: list[str] = []

    def settled(candidate: Candidate) -> bool:
        asked.append(candidate.name)
        return False

    records = SOURCES.load("folder")(str(target), limits).collect(settled, Silent())
    next(records)
    assert len(asked) == limits.threads + 1
    next(records)
    assert len(asked) == limits.threads + 2
    records.close()


def test_closing_early_leaves_no_thread(tmp_path: Path, picture: Picture, limits: Limits) -> None:
    for number in range(30):
        put(tmp_path / f"{number:02}.jpg", picture(number))
    before = set(threading.enumerate())
    records = SOURCES.load("folder")(str(tmp_path), limits).collect(lambda _: False, Silent())
    record = next(records)
    assert isinstance(record, Fetched | Refused)
    assert set(threading.enumerate()) > before
    records.close()
    assert set(threading.enumerate()) == before


def test_an_error_of_the_caller_comes_out_as_it_is(
    tmp_path: Path, picture: Picture, collected: Collect
) -> None:
    put(tmp_path / "a.jpg", picture(1))

    def settled(_: Candidate) -> bool:
        raise OverflowError("the store says no")

    before = set(threading.enumerate())
    with pytest.raises(OverflowError, match="the store says no"):
        collected("folder", tmp_path, settled)
    assert set(threading.enumerate()) == before
