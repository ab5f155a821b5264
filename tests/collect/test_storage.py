"""Object storage by fsspec: its own in memory stands for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from curator.collect import SOURCES, Limits, Source
from curator.errors import InputError, MissingExtra
from curator.testing import SourceContract

Collect = Callable[..., Any]


@pytest.fixture(autouse=True)
def bucket() -> Iterator[Any]:
    files = fsspec.filesystem("memory")
    files.store.clear()
    files.pseudo_dirs[:] = [""]
    yield files
    files.store.clear()


def test_all_that_is_named_like_an_image_is_taken(
    bucket: Any, picture: Callable[..., bytes], collected: Collect, listener: Any
) -> None:
    for number in range(3):
        bucket.pipe(f"/photos/deep/{number}.jpg", picture(number))
    bucket.pipe("/photos/notes.txt", b"x")
    bucket.pipe("/photos/.hidden.jpg", picture(1))
    bucket.pipe("/photos/broken.png", b"no picture")
    bucket.pipe("/photos/large.jpg", bytes(300_001))
    bucket.pipe("/elsewhere/9.jpg", picture(9))
    result = collected("storage", "memory://photos", licence="CC0-1.0")
    assert sorted(result.names) == ["deep/0.jpg", "deep/1.jpg", "deep/2.jpg"]
    assert result.reasons == {"broken.png": "not-an-image", "large.jpg": "too-large"}
    first = min(result.fetched, key=lambda record: record.candidate.url).candidate
    assert first.url == "memory:///photos/deep/0.jpg"
    assert first.licence == "CC0-1.0"
    assert "hidden files" in listener.notes[-1]
    seen = {r.candidate.url for r in result.records}
    assert collected("storage", "memory://photos", lambda c: c.url in seen).records == []
    assert len(collected("storage", "memory://photos/deep/1.jpg").fetched) == 1


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("photos", "is no URL of a storage"),
        ("simplecache::https://x/y", "is no URL of a storage"),
        ("https://example.org/", "with the source urls or web"),
        ("file:///etc", "with the source folder"),
        ("memory://nothing", "there is nothing"),
        ("nosuch://x", "nosuch"),
    ],
)
def test_what_is_no_storage_is_one_sentence(target: str, words: str, collected: Collect) -> None:
    with pytest.raises(InputError, match=words):
        collected("storage", target)


def test_a_storage_whose_library_is_missing_says_which(
    collected: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(MissingExtra, match="s3:// needs a library: Install s3fs"):
        collected("storage", "s3://bucket/x")


class TestStorage(SourceContract):
    @pytest.fixture(autouse=True)
    def _pictures(self, bucket: Any, picture: Callable[..., bytes]) -> None:
        for number in range(3):
            bucket.pipe(f"/contract/{number}.jpg", picture(number))

    def source(self, folder: Path) -> Source:
        return SOURCES.load("storage")("memory://contract", Limits())
