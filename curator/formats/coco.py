"""COCO keypoints: ``annotations/faces_{split}.json`` beside ``images/{split}``.

Source: https://cocodataset.org/#format-data (object detection, keypoint detection). The five
points are the keypoints of the one category ``face``; what COCO has no field for (attributes,
identity, score, the points of a larger scheme) stands beside them in each annotation, where
other readers pass over it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from curator.formats.coco_json import FACE, CocoJson
from curator.formats.folder import ExportFolder
from curator.formats.lines import first_folder, json_of
from curator.formats.names import split_in
from curator.formats.options import DEFAULT_OPTIONS, ExportOptions
from curator.formats.points import FIVE, five_of
from curator.formats.text_file import TextFile
from curator.geometry import xywh
from curator.records import Face, LabelledImage, Points, Sample
from curator.schemes import SCHEMES, Visibility

_CATEGORY = {
    "id": 1,
    "name": FACE,
    "supercategory": "person",
    "keypoints": list(SCHEMES[FIVE].points),
    "skeleton": [],
}
_HEAD = {"info": {"description": "faces"}, "licenses": [], "categories": [_CATEGORY]}
# The pieces of a copy from the waiting annotations into the file, characters.
_CHUNK = 1 << 20


class Coco:
    """Reads and writes COCO's json."""

    options: frozenset[str] = frozenset()

    def read(self, path: Path, images: Path | None = None) -> Iterator[LabelledImage]:
        """The images of one json, in its order.

        Args:
            path: ``annotations/faces_val.json``; its name tells the split.
            images: By default ``images/{split}``, else ``images`` beside the json's folder, else
                the json's folder.

        Raises:
            InputError: if the file cannot be read.
            FormatError: if it breaks the format.
        """
        split = split_in(path.stem)
        beside = path.parent.parent / "images"
        folder = first_folder(images, (beside / (split or ""), beside, path.parent))
        content = CocoJson(json_of(path), path)
        for image_id, name in content.images().items():
            faces = tuple(content.faces(image_id))
            yield LabelledImage(path=folder / name, name=name, faces=faces, split=split)

    def write(
        self,
        samples: Iterable[Sample],
        folder: ExportFolder,
        options: ExportOptions = DEFAULT_OPTIONS,
    ) -> None:
        """One json a split; points of larger schemes are kept beside the five."""
        folder.describe(precision="exact", carried=None)
        files: dict[str, _SplitFile] = {}
        for sample in samples:
            split = sample.split
            name = folder.names.tree(sample.image)
            folder.add_image(sample, f"images/{split}/{name}", sample.faces)
            if split not in files:
                text = folder.text(f"annotations/faces_{split}.json")
                files[split] = _SplitFile(text, folder.scratch())
            files[split].add(sample, name)
        for file in files.values():
            file.finish()


class _SplitFile:
    """One json while it grows: images go to it, annotations wait until the images are through."""

    def __init__(self, text: TextFile, waiting: IO[str]) -> None:
        self._text = text
        self._waiting = waiting
        self._images = 0
        self._annotations = 0
        text.write(json.dumps(_HEAD)[:-1] + ',\n"images": [')

    def add(self, sample: Sample, name: str) -> None:
        self._images += 1
        image = {
            "id": self._images,
            "file_name": name,
            "width": sample.image.width,
            "height": sample.image.height,
        }
        self._text.write((",\n" if self._images > 1 else "\n") + json.dumps(image))
        for face in sample.faces:
            self._annotations += 1
            head = f'{{"id": {self._annotations}, "image_id": {self._images}, '
            separator = ",\n" if self._annotations > 1 else "\n"
            self._waiting.write(separator + head + _annotation(face))

    def finish(self) -> None:
        self._text.write('],\n"annotations": [')
        self._waiting.seek(0)
        while chunk := self._waiting.read(_CHUNK):
            self._text.write(chunk)
        self._text.write("]}\n")


def _annotation(face: Face) -> str:
    """The annotation's json after its ids."""
    box = [float(value) for value in xywh(face.box)]
    five = five_of(face)
    keypoints = [0] * 15 if five is None else _triples(*five)
    content: dict[str, Any] = {
        "category_id": 1,
        "bbox": box,
        "area": box[2] * box[3],
        "iscrowd": 0,
        "keypoints": keypoints,
        "num_keypoints": sum(seen > 0 for seen in keypoints[2::3]),
    }
    if face.attributes:
        content["attributes"] = dict(face.attributes)
    if face.identity is not None:
        content["identity"] = face.identity
    if face.score is not None:
        content["score"] = face.score
    if face.landmarks is not None and face.visibility is not None and face.scheme != FIVE:
        points = _triples(face.landmarks, face.visibility)
        content["landmarks"] = {"scheme": face.scheme, "points": points}
    return json.dumps(content)[1:]


def _triples(points: Points, visibility: Visibility) -> list[float]:
    return [
        value for (x, y), seen in zip(points, visibility, strict=True) for value in (x, y, seen)
    ]


COCO = Coco()
