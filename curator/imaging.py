"""The one place where bytes become pixels: sniffed, limited, EXIF orientation applied.

Pure functions of bytes. Everything else in the package that needs an image calls these, so
that a box means the same thing everywhere.
"""

from __future__ import annotations

import io
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageFile, UnidentifiedImageError

from curator.errors import InputError

MIME_SUFFIX = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/bmp": ".bmp",
    "image/gif": ".gif",
    "image/tiff": ".tif",
}
# MPO, as some phones write it, comes with JPEG.
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
_ORIENTATION_TAG = 0x0112
# Where Pillow looks for it in a JPEG.
_METADATA = ("exif", "xmp", "XML:com.adobe.xmp", "Raw profile type exif")
# Orientations 5-8 swap the axes (EXIF 2.32, tag 274).
_SWAPPED = frozenset({5, 6, 7, 8})

# What undoes each orientation.
_UPRIGHT = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}
# OpenCV turns by EXIF only, Pillow knows of XMP too; so that all agree, it turns nothing.
_JPEG = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
# What Pillow's readers raise on damaged files.
_DAMAGE = (OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, struct.error)
# The warning filters belong to the whole process: two threads may not change them at once.
_FILTERS = threading.Lock()

# Where no other limit is stated: twice what Pillow warns about, as its own limit is. Pillow's is
# lifted, because it would not say how large the image is, and stop a larger limit of the user.
_MOST_PIXELS = 178_956_970
Pillow.MAX_IMAGE_PIXELS = None
# A truncated file is an error here, never silently grey.
ImageFile.LOAD_TRUNCATED_IMAGES = False


class BrokenImage(InputError):
    """These bytes are no image we can use; ``reason`` is a short stable word to count by."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class Header:
    """What the first bytes say: displayed size in pixels, MIME type, EXIF orientation 1-8."""

    width: int
    height: int
    mime: str
    orientation: int


def probe(data: bytes, *, max_pixels: int | None = None) -> Header:
    """Read the header only; also notice a file that ends too early.

    Raises:
        BrokenImage: ``empty``, ``not-an-image``, ``too-many-pixels`` or ``truncated``.
    """
    return _open(data, max_pixels)[1]


def decode(data: bytes, *, max_pixels: int | None = None) -> NDArray[np.uint8]:
    """Decode to RGB uint8 of shape (H, W, 3), orientation applied, alpha over white.

    Raises:
        BrokenImage: as :func:`probe`, ``truncated`` when the pixels do not decode, or
            ``not-an-image`` when they are no colours.
    """
    image, header = _open(data, max_pixels)
    if header.mime == "image/jpeg":
        # libjpeg-turbo through OpenCV: twice as fast as Pillow.
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), _JPEG)
        if pixels is not None:
            return _turned(pixels.astype(np.uint8, copy=False), header.orientation)
    with _decoding(image):
        return np.asarray(_upright(_flat(image), header.orientation))


def decode_reduced(
    data: bytes, *, side: int, max_pixels: int | None = None
) -> tuple[Header, NDArray[np.uint8]]:
    """Check that all of the file decodes, and keep a small picture of it.

    Args:
        data: The file.
        side: The shorter side of the picture is at least this, unless the image is smaller.
            JPEG is reduced by 2, 4 or 8 while it is decoded, the others after.
        max_pixels: As for :func:`probe`.

    Returns:
        The header, and RGB uint8 of shape (h, w, 3), orientation applied, alpha over white.

    Raises:
        BrokenImage: as :func:`probe`, ``truncated`` when the pixels do not decode, or
            ``not-an-image`` when they are no colours.
    """
    image, header = _open(data, max_pixels)
    with _decoding(image):
        image.draft("RGB", (side, side))
        return header, _reduced(_flat(image), side, header.orientation)


def decode_grey(
    data: bytes, *, side: int, max_pixels: int | None = None
) -> tuple[Header, NDArray[np.uint8]]:
    """As :func:`decode_reduced`, but only how bright it is: uint8 of shape (h, w).

    The colours of a JPEG are read, and so checked, but not computed.
    """
    image, header = _open(data, max_pixels)
    with _decoding(image):
        image.draft("L", (side, side))
        is_grey = image.mode == "L" and "transparency" not in image.info
        small = image if is_grey else _flat(image).convert("L")
        return header, _reduced(small, side, header.orientation)


def _reduced(image: Pillow.Image, side: int, orientation: int) -> NDArray[np.uint8]:
    factor = min(image.size) // side
    small = image.reduce(factor) if factor > 1 else image
    return np.asarray(_upright(small, orientation))


def _open(data: bytes, max_pixels: int | None) -> tuple[Pillow.Image, Header]:
    if not data:
        raise BrokenImage("empty", "the file is empty")
    if _ends_early(data):
        raise BrokenImage("truncated", "the file ends before the image does")
    try:
        with _quiet():
            image = Pillow.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError as cause:
        raise BrokenImage("not-an-image", f"the content is {_looks_like(data)}") from cause
    except _DAMAGE as cause:
        raise BrokenImage("not-an-image", f"the header cannot be read ({cause})") from cause
    width, height = image.size
    most = _MOST_PIXELS if max_pixels is None else max_pixels
    if width * height > most:
        raise BrokenImage(
            "too-many-pixels", f"{width} x {height} pixels are more than the limit of {most:,}"
        )
    mime = Pillow.MIME.get(image.format or "", "image/jpeg")
    mime = "image/jpeg" if mime == "image/mpo" else mime
    orientation = _orientation(image)
    if orientation in _SWAPPED:
        width, height = height, width
    return image, Header(width, height, mime, orientation)


def _orientation(image: Pillow.Image) -> int:
    """EXIF orientation 1-8; metadata that cannot be read says nothing, as in every viewer."""
    if image.format == "TIFF":
        # Pillow turns these itself, size included.
        return 1
    if image.format == "JPEG" and not any(map(image.info.__contains__, _METADATA)):
        # Most of the web; looking closer takes as long as opening the image did.
        return 1
    if image.format == "PNG":
        # Its EXIF may follow the pixels, so Pillow decodes them; not under the lock below, and
        # not twice: after a failure it would hand out the half it has.
        with _decoding(image):
            image.load()
    try:
        with _quiet():
            orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    except _DAMAGE:
        return 1
    return orientation if orientation in range(1, 9) else 1


def _turned(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """What :func:`_upright` does, to an array."""
    if orientation in _SWAPPED:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in {3, 4, 7, 8}:
        pixels = pixels[::-1]
    if orientation in {2, 3, 6, 7}:
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _flat(image: Pillow.Image) -> Pillow.Image:
    """RGB, alpha over white; 16 bits become 8.

    Raises:
        BrokenImage: ``not-an-image`` for numbers of which nobody says which one is white.
    """
    if image.mode.startswith("I;16"):
        # Pillow's own conversion to RGB makes everything above 255 white.
        return Pillow.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in {"I", "F"}:
        raise BrokenImage("not-an-image", f"the pixels are numbers ({image.mode}), no colours")
    if "A" in image.getbands() or "transparency" in image.info:
        rgba = image.convert("RGBA")
        image = Pillow.alpha_composite(Pillow.new("RGBA", rgba.size, "white"), rgba)
    return image.convert("RGB")


def _upright(image: Pillow.Image, orientation: int) -> Pillow.Image:
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


@contextmanager
def _decoding(image: Pillow.Image) -> Iterator[None]:
    try:
        # Only the reader of TIFF warns this late; the others decode side by side.
        with _quiet() if image.format == "TIFF" else nullcontext():
            yield
    except _DAMAGE as cause:
        raise BrokenImage("truncated", f"the pixels cannot be decoded ({cause})") from cause


@contextmanager
def _quiet() -> Iterator[None]:
    """Pillow warns about odd but readable metadata, which is no news to anyone here."""
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _ends_early(data: bytes) -> bool:
    """True where the end of the format is missing; other formats are not judged."""
    if data.startswith(b"\xff\xd8\xff"):
        # A thumbnail in the metadata has an end marker too: it must follow the first scan.
        return data.rfind(b"\xff\xd9", _first_scan(data)) < 0
    if data.startswith(b"\x89PNG"):
        return b"IEND" not in data[-4096:]
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return int.from_bytes(data[4:8], "little") > len(data) - 8
    return False


def _first_scan(data: bytes) -> int:
    """Where the pixels of a JPEG begin, after its segments of metadata (ITU T.81, B.1.1)."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        # A marker may be preceded by fill bytes; every other segment here has a length.
        at += 1 if data[at + 1] == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4])
    return at


def _looks_like(data: bytes) -> str:
    head = data[:512].lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")) or b"<html" in head:
        return "an HTML page, not an image"
    if head.startswith(b"<svg") or b"<svg" in head:
        return "an SVG drawing, not a photo"
    if head.startswith((b"{", b"[")):
        return "JSON, not an image"
    return "of no image type known here"
