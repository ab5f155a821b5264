from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from curator.imaging import BrokenImage, decode, probe

ORIENTATION = 0x0112
WIDTH, HEIGHT = 64, 48


def picture() -> Image.Image:
    """Every corner another colour, smooth enough for JPEG."""
    x, y = np.meshgrid(np.linspace(0, 255, WIDTH), np.linspace(0, 255, HEIGHT))
    return Image.fromarray(np.stack([x, y, 255 - x], axis=2).astype(np.uint8))


def encoded(image: Image.Image, kind: str, **how: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()


def difference(one: NDArray[np.uint8], other: Any) -> float:
    return float(np.abs(one.astype(int) - np.asarray(other).astype(int)).max())


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_stand_upright_whatever_way_the_camera_was_held(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = encoded(picture(), kind, exif=exif)
    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert difference(decode(data), shown.convert("RGB")) <= 1
    assert (probe(data).width, probe(data).height) == shown.size


@pytest.mark.parametrize("orientation", [3, 6])
def test_an_orientation_that_only_xmp_knows_counts_too(orientation: int) -> None:
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        f'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="{orientation}"/>'
        "</rdf:RDF></x:xmpmeta>"
    )
    data = encoded(picture(), "JPEG", xmp=xmp.encode())
    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert difference(decode(data), shown) <= 1
    assert (probe(data).width, probe(data).height) == shown.size


def test_cmyk_becomes_the_same_colours() -> None:
    data = encoded(picture().convert("CMYK"), "JPEG", quality=98)
    assert difference(decode(data), picture()) < 12


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_keeps_its_shades(kind: str) -> None:
    grey = np.asarray(picture().convert("L"))
    data = encoded(Image.fromarray(grey.astype(np.uint16) * 257), kind)
    assert difference(decode(data), np.dstack([grey] * 3)) == 0


def test_numbers_that_are_no_colours_are_no_image() -> None:
    data = encoded(Image.fromarray(np.zeros((8, 8), np.float32)), "TIFF")
    with pytest.raises(BrokenImage, match="no colours") as caught:
        decode(data)
    assert caught.value.reason == "not-an-image"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF"])
def test_grey_becomes_three_equal_channels(kind: str) -> None:
    pixels = decode(encoded(picture().convert("L"), kind))
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert pixels.dtype == np.uint8
    assert difference(pixels[..., 0], pixels[..., 2]) <= 2


def test_transparent_pixels_are_white() -> None:
    clear = Image.new("RGBA", (4, 4), (200, 0, 0, 0))
    half = Image.new("RGBA", (4, 4), (200, 0, 0, 128))
    assert (decode(encoded(clear, "PNG")) == 255).all()
    red, green, _ = decode(encoded(half, "PNG"))[0, 0]
    assert (red, green) == pytest.approx((227, 127), abs=1)


def test_the_transparent_colour_of_a_palette_is_white() -> None:
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([10, 20, 30, 200, 0, 0])
    palette.putpixel((0, 0), 0)
    pixels = decode(encoded(palette, "PNG", transparency=1))
    assert pixels[0, 0].tolist() == [10, 20, 30]
    assert pixels[1, 1].tolist() == [255, 255, 255]


def test_the_smallest_and_the_thinnest_image_are_images() -> None:
    for size in ((1, 1), (5000, 1), (1, 5000)):
        for kind in ("JPEG", "PNG"):
            assert decode(encoded(Image.new("RGB", size), kind)).shape == (size[1], size[0], 3)


def test_a_jpeg_cut_anywhere_in_its_pixels_is_truncated() -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (200, 200, 3), np.uint8))
    whole = encoded(noise, "JPEG", quality=90)
    pixels = whole.index(b"\xff\xda")
    for end in range(pixels + 20, len(whole) - 1, 997):
        with pytest.raises(BrokenImage) as caught:
            decode(whole[:end])
        assert caught.value.reason == "truncated"


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_photo() -> None:
    # An APP1 segment that holds a whole small JPEG, as cameras write it.
    whole = encoded(picture(), "JPEG", quality=95)
    small = encoded(picture().resize((320, 240)), "JPEG", quality=95)
    body = b"Exif\0\0" + small
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    data = whole[:2] + segment + whole[2:]
    assert decode(data).shape == (HEIGHT, WIDTH, 3)
    for end in (len(data) - 2, data.rindex(b"\xff\xda") + 30):
        with pytest.raises(BrokenImage) as caught:
            decode(data[:end])
        assert caught.value.reason == "truncated"


def test_bytes_behind_the_end_of_a_jpeg_do_not_matter() -> None:
    data = encoded(picture(), "JPEG", quality=95)
    assert difference(decode(data + bytes(100_000)), decode(data)) == 0


def test_a_cut_png_is_truncated() -> None:
    data = encoded(picture(), "PNG")
    for end in (len(data) // 2, len(data) - 8):
        with pytest.raises(BrokenImage) as caught:
            decode(data[:end])
        assert caught.value.reason == "truncated"


def test_a_web_page_named_jpg_is_called_a_web_page() -> None:
    with pytest.raises(BrokenImage, match="HTML page") as caught:
        decode(b"<!DOCTYPE html><html><body>404</body></html>")
    assert caught.value.reason == "not-an-image"


def test_no_bytes_are_empty() -> None:
    with pytest.raises(BrokenImage) as caught:
        decode(b"")
    assert caught.value.reason == "empty"


def test_a_bomb_is_refused_by_its_header() -> None:
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    for limit in (None, 100_000_000):
        with pytest.raises(BrokenImage, match="30000 x 30000") as caught:
            decode(bomb, max_pixels=limit)
        assert caught.value.reason == "too-many-pixels"


def test_the_limit_itself_is_allowed() -> None:
    data = encoded(picture(), "PNG")
    assert decode(data, max_pixels=WIDTH * HEIGHT).shape == (HEIGHT, WIDTH, 3)
    with pytest.raises(BrokenImage):
        decode(data, max_pixels=WIDTH * HEIGHT - 1)
