"""Pascal VOC: an xml an image in ``Annotations``, ``JPEGImages``, lists in ``ImageSets/Main``.

Source: the VOC2012 devkit, http://host.robots.ox.ac.uk/pascal/VOC/voc2012/. Corners are numbers
of pixels, the first pixel is 1 and the last one belongs to the box; as edges, a box of
``xmin, xmax`` reaches from ``xmin - 1`` to ``xmax``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from xml.sax.saxutils import escape

from curator.errors import FormatError, InputError
from curator.formats.folder import ExportFolder
from curator.formats.lines import Lines, finite, first_folder, unreadable
from curator.formats.names import checked_name
from curator.formats.options import DEFAULT_OPTIONS, ExportOptions
from curator.formats.report import Tally
from curator.records import SPLITS, Attributes, Face, LabelledImage, Sample

FACE = "face"

_VIEWS = frozenset({"Frontal", "Rear", "Left", "Right"})
_FLAGS = ("truncated", "difficult", "occluded")


class Voc:
    """Reads and writes Pascal VOC folders."""

    options: frozenset[str] = frozenset()

    def read(self, path: Path, images: Path | None = None) -> Iterator[LabelledImage]:
        """The images of a folder of xml, sorted by file.

        ``pose`` becomes the attribute ``view``; ``truncated``, ``difficult`` and ``occluded``
        keep their names; a class other than ``face`` is the attribute ``class``.

        Args:
            path: The folder with ``Annotations``, or one with the xml itself. The lists of
                ``ImageSets/Main`` tell the splits.
            images: By default ``JPEGImages`` beside the xml's folder, else that folder.

        Raises:
            InputError: if there is no such folder.
            FormatError: if a file breaks the format.
        """
        inner = path / "Annotations"
        annotations = inner if inner.is_dir() else path
        if not annotations.is_dir():
            raise InputError(f"{path} is no folder of xml files")
        folder = first_folder(images, (annotations.parent / "JPEGImages", annotations))
        splits = _splits(annotations.parent / "ImageSets" / "Main")
        seen: dict[str, Path] = {}
        for file in sorted(annotations.glob("*.xml")):
            root = _parsed(file)
            name = checked_name(_text(root, "filename", file), file)
            if name in seen:
                raise FormatError(f"{name} is described by {seen[name]} already", file=file)
            seen[name] = file
            faces = tuple(_face(item, file) for item in root.findall("object"))
            split = splits.get(file.stem)
            yield LabelledImage(path=folder / name, name=name, faces=faces, split=split)

    def write(
        self,
        samples: Iterable[Sample],
        folder: ExportFolder,
        options: ExportOptions = DEFAULT_OPTIONS,
    ) -> None:
        """An xml an image; corners are rounded to whole pixels, points are not carried."""
        folder.describe(precision="whole pixels", carried={"view", *_FLAGS})
        for sample in samples:
            name, stem = folder.names.flat(sample.image)
            folder.add_image(sample, f"JPEGImages/{name}", sample.faces)
            folder.write(f"Annotations/{stem}.xml", _document(sample, name, folder.tally))
            folder.text(f"ImageSets/Main/{sample.split}.txt").write(f"{stem}\n")


class _WithoutEntities(TreeBuilder):
    """Refuses a document type: only that can define entities or name other files."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("a document type (DOCTYPE) is not allowed")


def _parsed(file: Path) -> Element:
    parser = XMLParser(target=_WithoutEntities())  # noqa: S314
    try:
        parser.feed(file.read_bytes())
        root: Any = parser.close()
    except OSError as cause:
        raise unreadable(file, cause) from cause
    except ParseError as cause:
        raise FormatError(f"no XML: {cause.msg}", file=file, line=cause.position[0]) from cause
    except (ValueError, LookupError) as cause:
        raise FormatError(f"no usable XML: {cause}", file=file) from cause
    if not isinstance(root, Element) or root.tag != "annotation":
        raise FormatError("the outermost element is not <annotation>", file=file)
    return root


def _splits(lists: Path) -> dict[str, str]:
    """Stem -> split, as far as the lists tell."""
    splits: dict[str, str] = {}
    for split in SPLITS:
        file = lists / f"{split}.txt"
        if not file.is_file():
            continue
        lines = Lines(file)
        for line in lines:
            # The whole line: a stem may hold spaces, and only the lists of one class add a flag.
            stem = line.strip()
            if stem and splits.setdefault(stem, split) != split:
                raise lines.error(f"{stem} stands in {splits[stem]} too")
    return splits


def _text(element: Element, path: str, file: Path) -> str:
    text = (element.findtext(path) or "").strip()
    if not text:
        raise FormatError(f"<{element.tag}> has no <{path}>", file=file)
    return text


def _face(item: Element, file: Path) -> Face:
    corners = ("xmin", "ymin", "xmax", "ymax")
    texts = [_text(item, f"bndbox/{corner}", file) for corner in corners]
    x_min, y_min, x_max, y_max = finite(texts, file)
    if x_max < x_min - 1 or y_max < y_min - 1:
        raise FormatError("the corners of the box are swapped", file=file)
    return Face(
        box=(x_min - 1, y_min - 1, x_max, y_max),
        attributes=_attributes(item, file),
    )


def _attributes(item: Element, file: Path) -> Attributes:
    attributes: dict[str, int | float | str | bool] = {}
    name = _text(item, "name", file)
    if name.lower() != FACE:
        attributes["class"] = name
    view = (item.findtext("pose") or "").strip()
    if view in _VIEWS:
        attributes["view"] = view
    for flag in _FLAGS:
        value = (item.findtext(flag) or "").strip()
        if value not in ("", "0", "1"):
            raise FormatError(f"<{flag}> must be 0 or 1, not {value!r}", file=file)
        if value:
            attributes[flag] = int(value)
    return attributes


def _document(sample: Sample, name: str, tally: Tally) -> str:
    objects = "".join(_object(face, tally, sample.image.name) for face in sample.faces)
    return (
        "<annotation>\n"
        f"  <folder>JPEGImages</folder>\n  <filename>{escape(name)}</filename>\n"
        f"  <size><width>{sample.image.width}</width><height>{sample.image.height}</height>"
        "<depth>3</depth></size>\n"
        f"  <segmented>0</segmented>\n{objects}</annotation>\n"
    )


def _object(face: Face, tally: Tally, image: str) -> str:
    x_min, y_min, x_max, y_max = corners = tuple(round(value) for value in face.box)
    if corners != face.box:
        tally.lose("box rounded to whole pixels", image)
    known = face.attributes
    view = known.get("view")
    if view is not None and view not in _VIEWS:
        tally.lose("attribute view unknown to VOC, written as Unspecified", image)
    if any(known.get(flag, 0) not in (0, 1) for flag in _FLAGS):
        tally.lose("attribute that must be 0 or 1, written as 1", image)
    flags = "".join(f"<{flag}>{1 if known.get(flag) else 0}</{flag}>" for flag in _FLAGS)
    return (
        f"  <object><name>{FACE}</name>"
        f"<pose>{view if view in _VIEWS else 'Unspecified'}</pose>{flags}"
        f"<bndbox><xmin>{x_min + 1}</xmin><ymin>{y_min + 1}</ymin>"
        f"<xmax>{x_max}</xmax><ymax>{y_max}</ymax></bndbox></object>\n"
    )


VOC = Voc()
