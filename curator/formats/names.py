"""File names: what an annotation file may say, and what an export writes.

An image's name is whatever it arrived under. On the way in it must stay inside its folder; on
the way out it becomes a path that every file system takes and no other image of the export has.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256
from pathlib import Path, PurePosixPath

from curator.errors import FormatError
from curator.formats.report import Tally
from curator.imaging import MIME_SUFFIX
from curator.records import Image

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
PART_BYTES = 255
PATH_BYTES = 1000
JOINT = "__"

# By far the most names: nothing in them needs a closer look.
_PLAIN = re.compile(
    r"(?:[A-Za-z0-9_(+=-][A-Za-z0-9_()+=,.-]*/)*"
    r"[A-Za-z0-9_(+=-][A-Za-z0-9_()+=,.-]*\.(?:jpg|jpeg|png|webp|bmp|gif|tif|tiff)"
)
# Controls, lone surrogates, line and paragraph separators: they break lines, UTF-8 or XML.
_BREAKING = frozenset({"Cc", "Cs", "Zl", "Zp"})
_NO_CHARACTERS = frozenset("\ufffe\uffff")
_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]")
_SPLIT = re.compile(r"(?<![a-z])(train|val|test)(?![a-z])")


def split_in(text: str) -> str | None:
    """The split that a file or folder name states, None where it states none or several."""
    found = set(_SPLIT.findall(text.lower()))
    return found.pop() if len(found) == 1 else None


def checked_name(name: str, file: str | Path, line: int | None = None) -> str:
    """The image name of an annotation file, as a normal relative POSIX path.

    Raises:
        FormatError: if it is empty, absolute, leaves its folder, holds control characters, or is
            longer than a file's name can be.
    """
    if not name or (not name.isprintable() and any(map(_breaks, name))):
        raise FormatError(f"{name!r} is no image name", file=file, line=line)
    if _ABSOLUTE.match(name):
        raise FormatError(f"the image name {name!r} is absolute", file=file, line=line)
    if ".." in name and ".." in name.replace("\\", "/").split("/"):
        raise FormatError(f"the image name {name!r} leaves its folder", file=file, line=line)
    if name.endswith(("/", "/.")) or name == ".":
        raise FormatError(f"{name!r} is a folder, not an image name", file=file, line=line)
    if len(name) > PART_BYTES // 4 and _too_long(name):
        raise FormatError(f"the image name {name[:40]!r}... is too long", file=file, line=line)
    return str(PurePosixPath(name)) if "./" in name or "//" in name else name


class NameBook:
    """The names given out in one export: each is safe, short enough and given only once.

    What counts as the same name is decided as the least careful file system would: letter case
    and Unicode composition do not tell two files apart. Every change is counted.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def tree(self, image: Image) -> str:
        """A relative path that keeps the folders of the image's name."""
        name = image.name
        given = self._claim(_safe(name, image.mime), name)
        if given != name:
            self._tally.lose("file name changed", f"{name} -> {given}")
        return given

    def flat(self, image: Image) -> tuple[str, str]:
        """A file name without folders, and its stem, which no other image of the export has."""
        name = image.name
        safe = _safe(name, image.mime)
        joined = safe.replace("/", JOINT)
        if len(joined.encode()) > PART_BYTES:
            joined = _marked(joined, name)
        wanted, _, suffix = joined.rpartition(".")
        stem = self._claim(wanted, name)
        given = f"{stem}.{suffix}"
        if given == name:
            return given, stem
        if safe == name and stem == wanted:
            self._tally.lose(f"folders joined into the file name with {JOINT}", name)
        else:
            self._tally.lose("file name changed", f"{name} -> {given}")
        return given, stem

    def _claim(self, wanted: str, name: str) -> str:
        if self._take(wanted):
            return wanted
        for digits in (8, 16, 64):
            marked = _marked(wanted.replace("/", JOINT), name, digits)
            if self._take(marked):
                return marked
        raise AssertionError(f"{name!r} stands in this export twice")

    def _take(self, path: str) -> bool:
        """Reserve a path unless it, or a folder on its way, is taken by a file."""
        key = path.lower() if path.isascii() else unicodedata.normalize("NFC", path).casefold()
        folders = []
        folder = key.rpartition("/")[0]
        while folder:
            folders.append(folder)
            folder = folder.rpartition("/")[0]
        if key in self._files or key in self._folders or not self._files.isdisjoint(folders):
            return False
        self._files.add(key)
        self._folders.update(folders)
        return True


def _breaks(character: str) -> bool:
    return unicodedata.category(character) in _BREAKING or character in _NO_CHARACTERS


def _safe(name: str, mime: str) -> str:
    """The name without anything that leaves the folder, breaks a text file or is too long."""
    if len(name) <= PART_BYTES and _PLAIN.fullmatch(name):
        return name
    *folders, last = (_safe_part(part) for part in name.split("/"))
    if PurePosixPath(last).suffix.lower() not in SUFFIXES:
        last += MIME_SUFFIX.get(mime, ".jpg")
    folders = [folder if _fits(folder) else _marked(folder, folder) for folder in folders]
    last = last if _fits(last) else _marked(last, name)
    safe = "/".join([*folders, last])
    return _marked(last, name) if _too_long(safe) else safe


def _fits(part: str) -> bool:
    return len(part.encode()) <= PART_BYTES


def _too_long(name: str) -> bool:
    return len(name.encode()) > PATH_BYTES or not all(map(_fits, name.split("/")))


def _safe_part(part: str) -> str:
    cleaned = "".join("_" if c == "\\" or _breaks(c) else c for c in part).strip()
    if cleaned.startswith("."):
        # Neither "." nor ".." nor hidden: many tools skip hidden files.
        cleaned = "_" + cleaned[1:]
    return cleaned or "_"


def _marked(part: str, name: str, digits: int = 8) -> str:
    """A file name made distinct by a hash of the original name, cut to what a folder takes."""
    suffix = PurePosixPath(part).suffix
    suffix = suffix if suffix.lower() in SUFFIXES else ""
    stem = part.removesuffix(suffix)
    mark = "-" + sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:digits] + suffix
    # Five bytes are kept for a suffix where this is a stem.
    room = PART_BYTES - 5 - len(mark)
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip() + mark
