"""What a file is, by its first bytes or by its name; the bytes have the last word."""

from __future__ import annotations

from pathlib import PurePosixPath

# Enough for every signature below.
HEAD = 32

IMAGE_SUFFIXES = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".bmp", ".gif"),
        *(".tif", ".tiff", ".avif", ".heic", ".heif", ".jp2", ".jxl"),
    )
)
_VIDEO_SUFFIXES = frozenset(
    (
        *(".mp4", ".m4v", ".mkv", ".mov", ".webm", ".avi", ".mpg", ".mpeg", ".mts", ".m2ts"),
        *(".ts", ".wmv", ".flv", ".ogv", ".3gp"),
    )
)
_ARCHIVE_SUFFIXES = (
    *(".zip", ".tar", ".tgz", ".tbz", ".tbz2", ".txz", ".7z", ".rar"),
    *(".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst"),
)
# What systems leave lying beside pictures.
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


def is_image(head: bytes) -> bool:
    """True for the signature of a type that can be decoded here."""
    return (
        head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a"))
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        # Two letters alone would make many a text a bitmap; the reserved words are always 0.
        or (head[:2] == b"BM" and head[6:10] == b"\0\0\0\0")
        or head[:4] in (b"II*\0", b"MM\0*")
    )


def is_html(head: bytes) -> bool:
    """True for the beginning of a web page."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<?xml"))


def named_image(name: str) -> bool:
    """True for a name that promises an image."""
    return PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES


def named_video(name: str) -> bool:
    """True for a name that promises a video."""
    return PurePosixPath(name).suffix.lower() in _VIDEO_SUFFIXES


def named_archive(name: str) -> bool:
    """True for a name that promises an archive."""
    return name.lower().endswith(_ARCHIVE_SUFFIXES)


def is_hidden(name: str) -> bool:
    """True for one path segment that is the system's business and not the user's."""
    return name.startswith(".") or name.lower() in _SYSTEM_FILES
