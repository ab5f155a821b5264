"""Annotation formats, each read and written: labels come in, releases go out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from curator.formats.folder import ExportFolder
from curator.formats.options import DEFAULT_OPTIONS, ClassBy, ExportOptions
from curator.formats.report import Count, ExportReport
from curator.records import LabelledImage, Sample
from curator.registry import Entry, Registry

__all__ = [
    "DEFAULT_OPTIONS",
    "FORMATS",
    "ClassBy",
    "Count",
    "ExportFolder",
    "ExportOptions",
    "ExportReport",
    "Format",
    "export",
]


class Format(Protocol):
    """One annotation format.

    Attributes:
        options: The fields of :class:`ExportOptions` that :meth:`write` looks at.
    """

    options: frozenset[str]

    def read(self, path: Path, images: Path | None = None) -> Iterator[LabelledImage]:
        """What the annotations say of each image, in their order.

        Imported faces are accepted truth. A missing image file is the caller's business, except
        where its size is needed to understand the labels.

        Args:
            path: The annotation file, or the folder of a format that has several.
            images: The folder that image names are relative to; by default the format's own
                layout around ``path``.

        Raises:
            InputError: if a file cannot be read.
            FormatError: if it breaks the format: file, line, reason.
        """

    def write(
        self, samples: Iterable[Sample], folder: ExportFolder, options: ExportOptions
    ) -> None:
        """Write the samples as they come, never all at once.

        Args:
            samples: Each image once, with its split.
            folder: Takes the images and texts, and note of what the format cannot carry.
            options: What a person chose.
        """


FORMATS: Registry[Format] = Registry(
    "format",
    {
        "wider": Entry("curator.formats.wider:WIDER", "WIDER FACE: boxes, six attributes"),
        "retinaface": Entry(
            "curator.formats.retinaface:RETINAFACE", "RetinaFace label.txt: boxes, five points"
        ),
        "wflw": Entry("curator.formats.wflw:WFLW", "WFLW lists: 98 points, or five"),
        "yolo": Entry("curator.formats.yolo:YOLO", "Ultralytics YOLO: boxes"),
        "yolo-pose": Entry("curator.formats.yolo:YOLO_POSE", "Ultralytics YOLO: boxes and points"),
        "coco": Entry("curator.formats.coco:COCO", "COCO keypoints json"),
        "voc": Entry("curator.formats.voc:VOC", "Pascal VOC xml: boxes"),
        "csv": Entry("curator.formats.csv:CSV", "a table with everything, one face a line"),
    },
)


def export(
    name: str,
    samples: Iterable[Sample],
    target: Path,
    options: ExportOptions = DEFAULT_OPTIONS,
) -> ExportReport:
    """Write samples in the format of this name to a folder that appears when it is complete.

    Raises:
        ConfigError: if the format or an option is not known.
        InputError: if something else stands at the target.
        RunError: if the disk is full or cannot be written, or an image file is missing.
    """
    writer = FORMATS.load(name)
    options.require(writer.options, name)
    with ExportFolder(target, format_name=name) as folder:
        writer.write(samples, folder, options)
    return folder.report
