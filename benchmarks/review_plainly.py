"""Makes a FiftyOne dataset from the file of a push as FiftyOne's documentation has it done.

Runs in FiftyOne's environment: ``python review_plainly.py FILE NAME``. What ``curator review push``
writes is measured against it, and must be the same.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "curator" / "review"))
from bridge import fiftyone

fo = fiftyone()
CHUNK = 400


def main(file: Path, name: str) -> None:
    with file.open(encoding="utf-8") as lines:
        about = json.loads(next(lines))
        dataset = fo.Dataset(name, persistent=True)
        dataset.info = about["info"]
        chunk = []
        for line in lines:
            chunk.append(sample(json.loads(line)))
            if len(chunk) == CHUNK:
                dataset.add_samples(chunk, dynamic=True, progress=False)
                chunk = []
        dataset.add_samples(chunk, dynamic=True, progress=False)


def sample(row: dict[str, Any]) -> Any:
    size = fo.ImageMetadata(width=row["width"], height=row["height"])
    made = fo.Sample(
        filepath=row["filepath"],
        tags=[row["split"]],
        metadata=size,
        image=row["image"],
        **row["fields"],
    )
    for field, points in (("faces", "face_points"), ("found", "found_points")):
        boxes, pointed = [], []
        for label in row[field]:
            fields = dict(label["fields"])
            measured = label.get("measured", {})
            boxes.append(
                fo.Detection(label=label["label"], bounding_box=label["box"], **fields, **measured)
            )
            if label["points"]:
                # Of keypoints FiftyOne expects a confidence a point.
                if "confidence" in fields:
                    fields["score"] = fields.pop("confidence")
                pointed.append(fo.Keypoint(label=label["label"], points=label["points"], **fields))
        made[field] = fo.Detections(detections=boxes)
        made[points] = fo.Keypoints(keypoints=pointed)
    return made


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
