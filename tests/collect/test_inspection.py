from __future__ import annotations

import hashlib
import io
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageOps

from curator import imaging
from curator.collect import SENTENCES, Limits, Reason
from curator.collect.inspection import inspect
from curator.config import Settings
from curator.errors import ConfigError
from curator.imaging import BrokenImage, decode, decode_grey, decode_reduced
from curator.phash import distance
from curator.records import Candidate, Fetched, Refused

CANDIDATE = Candidate(url="file:///a.jpg", source="folder", name="a.jpg")
Picture = Callable[..., bytes]


def kept(data: bytes, limits: Limits) -> Fetched:
    record = inspect(CANDIDATE, data, limits)
    assert isinstance(record, Fetched), record
    return record


def refusal(data: bytes, limits: Limits) -> Refused:
    record = inspect(CANDIDATE, data, limits)
    assert isinstance(record, Refused), record
    return record


@pytest.mark.parametrize(
    ("kind", "mime"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("WEBP", "image/webp"),
        ("BMP", "image/bmp"),
        ("GIF", "image/gif"),
        ("TIFF", "image/tiff"),
    ],
)
def test_every_type_is_known_by_its_content(
    picture: Picture, limits: Limits, kind: str, mime: str
) -> None:
    data = picture(3, (70, 50), kind)
    record = kept(data, limits)
    assert (record.width, record.height, record.mime) == (70, 50, mime)
    assert record.data == data
    assert record.sha256 == hashlib.sha256(data).hexdigest()
    assert record.candidate == CANDIDATE
    assert record.fetched_at.utcoffset() is not None


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_size_and_the_hash_are_those_of_the_picture_as_displayed(
    picture: Picture, limits: Limits, kind: str, orientation: int
) -> None:
    data = picture(5, (320, 200), kind, orientation)
    record = kept(data, limits)
    with Image.open(io.BytesIO(data)) as image:
        shown = ImageOps.exif_transpose(image)
    assert (record.width, record.height) == shown.size
    assert record.phash is not None
    assert distance(record.phash, str(imagehash.phash(shown))) <= 6


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_decoding_turns_the_picture_as_pillow_does(
    picture: Picture, kind: str, orientation: int
) -> None:
    data = picture(5, (90, 60), kind, orientation)
    with Image.open(io.BytesIO(data)) as image:
        shown = ImageOps.exif_transpose(image).convert("RGB")
    whole = decode(data)
    assert whole.shape == (shown.height, shown.width, 3)
    assert np.abs(whole.astype(int) - np.asarray(shown)).mean() < 2
    _, small = decode_reduced(data, side=30)
    assert min(small.shape[:2]) >= 30
    resized = shown.resize((small.shape[1], small.shape[0]), Image.Resampling.BOX)
    assert np.abs(small.astype(int) - np.asarray(resized)).mean() < 4
    _, grey = decode_grey(data, side=30)
    assert grey.shape == small.shape[:2]
    assert np.abs(grey.astype(int) - np.asarray(resized.convert("L"))).mean() < 4


def test_the_hash_is_that_of_imagehash_on_real_photos(shared_data: Path, limits: Limits) -> None:
    photos = sorted(shared_data.glob("wider_val/**/*.jpg"))[:20]
    limits = replace(limits, max_bytes=50_000_000)
    hashes = [kept(photo.read_bytes(), limits).phash for photo in photos]
    whole = [str(imagehash.phash(Image.open(photo))) for photo in photos]
    # Reducing while decoding may tip a few bits; another photo differs in about 32.
    near = [distance(a, b) for a, b in zip(hashes, whole, strict=True) if a is not None]
    far = [distance(a, b) for a, b in zip(hashes[1:], whole, strict=False) if a is not None]
    assert len(near) == 20
    assert max(near) <= 6
    assert min(far) > 8
    assert all(re.fullmatch("[0-9a-f]{16}", a or "") for a in hashes)


def test_distance_counts_bits() -> None:
    assert distance("0" * 16, "f" * 16) == 64
    assert distance("8000000000000001", "0000000000000003") == 2
    assert distance("abcdef0123456789", "abcdef0123456789") == 0


def chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png_bomb(side: int) -> bytes:
    """A PNG of a few hundred bytes that promises side x side pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF"])
def test_a_picture_that_ends_too_early_is_refused_now(
    picture: Picture, limits: Limits, kind: str
) -> None:
    record = refusal(cut(picture(1, (200, 160), kind)), limits)
    # The table of a TIFF stands at its end, so that nothing of a cut one can be known.
    expected = {"truncated", "not-an-image"} if kind == "TIFF" else {"truncated"}
    assert record.reason in expected
    assert not record.retry


def test_damaged_pixels_are_refused_now(picture: Picture, limits: Limits) -> None:
    data = bytearray(picture(1, (200, 160), "PNG"))
    data[len(data) // 2 : len(data) // 2 + 200] = bytes(200)
    assert refusal(bytes(data), limits).reason == "truncated"


@pytest.mark.parametrize(
    ("data", "reason", "words"),
    [
        (b"", "empty", "empty"),
        (b"<!DOCTYPE html><html><body>Not found</body></html>", "not-an-image", "HTML"),
        (b"GIF89a", "not-an-image", "no image type"),
        (b"hello", "not-an-image", "no image type"),
        (png_bomb(30_000), "too-many-pixels", "30000 x 30000"),
        (png_bomb(11_000), "too-many-pixels", "11000 x 11000"),
        (bytes(400_000), "too-large", "400,000 bytes"),
    ],
)
def test_what_is_no_usable_image_is_refused_with_a_sentence(
    limits: Limits, data: bytes, reason: str, words: str
) -> None:
    record = refusal(data, limits)
    assert record.reason == reason
    assert words in record.detail
    assert not record.retry


def test_a_bomb_is_refused_before_it_is_decoded(
    limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(Image.Image, "load", never)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", never)
    assert refusal(png_bomb(11_000), limits).reason == "too-many-pixels"


def test_small_pictures_are_refused_by_their_shorter_side(picture: Picture, limits: Limits) -> None:
    data = picture(1, (300, 99))
    assert "300 x 99" in refusal(data, replace(limits, min_side=100)).detail
    assert kept(data, replace(limits, min_side=99)).height == 99


def test_damage_anywhere_is_a_reason_and_never_another_error(
    picture: Picture, limits: Limits
) -> None:
    rng = np.random.default_rng(7)
    reasons = set()
    for kind in ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF"):
        whole = picture(2, (60, 40), kind)
        for _ in range(120):
            data = bytearray(whole)
            for place in rng.integers(0, min(len(data), 400), 5):
                data[place] = rng.integers(0, 256)
            record = inspect(CANDIDATE, bytes(data), limits)
            reasons.add(record.reason if isinstance(record, Refused) else "kept")
    assert {"kept", "truncated", "not-an-image"} <= reasons


def test_every_reason_has_its_sentence_and_imaging_has_no_other_words() -> None:
    assert set(SENTENCES) == set(Reason)
    assert all(text.endswith(".") for text in SENTENCES.values())
    source = Path(imaging.__file__).read_text()
    words = set(re.findall(r'BrokenImage\(\s*"([a-z-]+)"', source))
    assert len(words) == 4
    assert words <= {reason.value for reason in Reason}
    with pytest.raises(BrokenImage):
        decode(b"")


def test_limits_under_which_nothing_can_be_collected_are_errors() -> None:
    with pytest.raises(ConfigError, match="max_bytes is 0"):
        Limits(max_bytes=0)
    with pytest.raises(ConfigError, match="max_depth"):
        Limits(max_depth=-1)
    assert Limits(max_depth=0, pause=0.0).max_depth == 0


def test_settings_become_limits() -> None:
    settings = Settings(
        max_image_bytes=7, max_image_pixels=8, threads=9, timeout=30.0, user_agent="me"
    )  # type: ignore[call-arg]
    limits = Limits.of(settings)
    stated = (limits.max_bytes, limits.max_pixels, limits.threads, limits.timeout)
    assert stated == (7, 8, 9, 30.0)
    assert limits.user_agent == "me"
    assert limits.max_seconds >= limits.timeout
