"""The ``data.yaml`` of a YOLO dataset: where its images and labels are, what its classes mean.

Source: https://docs.ultralytics.com/datasets/detect/. ``train``, ``val`` and ``test`` each name
a folder of images, a text file listing images, or several of these. The label of an image is
where the last ``images`` folder of its path is called ``labels``. An image without a label file
shows no face, as Ultralytics reads it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from curator.errors import FormatError
from curator.formats.lines import Lines, text_of
from curator.formats.names import SUFFIXES, checked_name
from curator.formats.options import ClassBy
from curator.records import SPLITS

FILE = "data.yaml"


@dataclass(frozen=True, slots=True)
class YoloData:
    """What one data.yaml says.

    Attributes:
        file: The data.yaml.
        root: The folder that everything is relative to.
        names: Class number -> class name.
        identities: True where the classes are people.
        entries: Split -> folders and lists of images, relative to ``root``.
    """

    file: Path
    root: Path
    names: Mapping[int, str]
    identities: bool
    entries: Mapping[str, Sequence[str]]

    def images(self, split: str) -> Iterator[tuple[str, Path]]:
        """Name and label file of each image of a split; the label file need not exist.

        Raises:
            FormatError: if a folder is missing, two images share a label, or a label has no image.
        """
        for entry in self.entries.get(split, ()):
            place = self.root / entry
            if place.is_dir():
                yield from self._of_folder(entry)
            elif place.is_file():
                yield from self._of_list(entry)
            else:
                raise FormatError(f"{split}: there is no {entry} in {self.root}", file=self.file)

    def _of_folder(self, entry: str) -> Iterator[tuple[str, Path]]:
        labelled: dict[str, str] = {}
        for name in _files(self.root, entry, SUFFIXES):
            label = _label_of(name)
            other = labelled.setdefault(label, name)
            if other != name:
                raise FormatError(f"{other} and {name} share one label", file=self.root / label)
            yield name, self.root / label
        labels = str(PurePosixPath(_label_of(f"{entry}/x")).parent)
        if labels != entry and (self.root / labels).is_dir():
            for label in _files(self.root, labels, frozenset({".txt"})):
                # Some labelling tools keep the list of classes among the labels.
                if label not in labelled and not label.endswith("/classes.txt"):
                    raise FormatError(f"there is no image in {entry}", file=self.root / label)

    def _of_list(self, entry: str) -> Iterator[tuple[str, Path]]:
        lines = Lines(self.root / entry)
        beside = PurePosixPath(entry).parent
        for line in lines:
            if line:
                local = str(beside / line) if line.startswith("./") else line
                name = checked_name(_relative(local, self.root), lines.path, lines.number)
                yield name, self.root / _label_of(name)


def read_data(path: Path, images: Path | None) -> YoloData:
    """Read a data.yaml.

    Args:
        path: The file, or the folder it is in.
        images: The folder that its entries are relative to, where it does not say so itself.

    Raises:
        InputError: if it cannot be read.
        FormatError: if it is not a data.yaml, or points out of its folder.
    """
    file = path / FILE if path.is_dir() else path
    try:
        content = yaml.safe_load(text_of(file))
    except (yaml.YAMLError, ValueError, RecursionError) as cause:
        mark = getattr(cause, "problem_mark", None)
        line = mark.line + 1 if mark else None
        reason = (getattr(cause, "problem", None) or str(cause)).splitlines()[0]
        raise FormatError(f"no YAML: {reason}", file=file, line=line) from cause
    if not isinstance(content, dict):
        raise FormatError("a data.yaml names train, val, test and names", file=file)
    _check_points(content.get("kpt_shape"), file)
    root = images or _root(content.get("path"), file)
    entries = {split: _entries(content.get(split), root, split, file) for split in SPLITS}
    if not any(entries.values()):
        raise FormatError("it names no images: train, val and test are missing", file=file)
    return YoloData(
        file=file,
        root=root,
        names=_names(content.get("names"), file),
        identities=content.get("class_by") == ClassBy.IDENTITY,
        entries=entries,
    )


def _check_points(shape: object, file: Path) -> None:
    if shape is not None and shape not in ([5, 2], [5, 3]):
        raise FormatError(f"kpt_shape is {shape!r}, but a face has five points", file=file)


def _root(stated: object, file: Path) -> Path:
    """The folder of data.yaml, or the one inside it that ``path`` states.

    Ultralytics also takes ``path`` as absolute or relative to a setting of its own; a file from
    somewhere else shall not choose folders on this disk.
    """
    if isinstance(stated, str) and stated:
        inside = os.path.normpath(file.parent / stated)
        below = inside.startswith(f"{os.path.normpath(file.parent)}{os.sep}")
        # Unlike that of a Path this one takes a name that is too long for any folder.
        if below and os.path.isdir(inside):  # noqa: PTH112
            return Path(inside)
    return file.parent


def _entries(stated: object, root: Path, split: str, file: Path) -> list[str]:
    several = stated if isinstance(stated, list) else [] if stated in (None, "") else [stated]
    entries = []
    for entry in several:
        if not isinstance(entry, str):
            raise FormatError(f"{split} must name a folder, not {entry!r}", file=file)
        # Roboflow writes ../train/images for a folder beside data.yaml; Ultralytics allows it.
        local = entry.removeprefix("../").removesuffix("/")
        entries.append(checked_name(_relative(local, root), file))
    return entries


def _relative(entry: str, root: Path) -> str:
    """An absolute path below ``root`` as relative to it, any other as it is."""
    path = PurePosixPath(entry)
    if path.is_absolute() and path.is_relative_to(root.absolute().as_posix()):
        return str(path.relative_to(root.absolute().as_posix()))
    return entry


def _names(stated: Any, file: Path) -> dict[int, str]:
    named = dict(enumerate(stated)) if isinstance(stated, list) else stated
    if not isinstance(named, dict) or not named:
        raise FormatError("names must list the classes", file=file)
    for number, name in named.items():
        if not isinstance(number, int) or not isinstance(name, str | int | float):
            raise FormatError(f"names: {number!r}: {name!r} is no class", file=file)
    return {number: str(name) for number, name in named.items()}


def _label_of(name: str) -> str:
    """The label's path of an image's path, both relative to the root."""
    swapped = "/labels/".join(f"/{name}".rsplit("/images/", 1))[1:]
    return str(PurePosixPath(swapped).with_suffix(".txt"))


def _files(root: Path, folder: str, suffixes: frozenset[str]) -> Iterator[str]:
    """All files below a folder with such a suffix, sorted, relative to the root."""
    names = []
    for place, folders, files in os.walk(root / folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        here = Path(place).relative_to(root).as_posix()
        names += [
            f"{here}/{name}" if here != "." else name
            for name in files
            if PurePosixPath(name).suffix.lower() in suffixes and not name.startswith(".")
        ]
    return iter(sorted(names))
