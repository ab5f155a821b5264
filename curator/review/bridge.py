"""Runs in FiftyOne's own environment, never in ours: files in, files out.

::

    python bridge.py push FILE            a line of JSON for the dataset, then one a sample
    python bridge.py pull NAME FILE       the tags of the dataset, as JSON
    python bridge.py open NAME PORT       serve it at 127.0.0.1

Imports nothing of this package, so that only FiftyOne's environment has to be there.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# In memory at a time: with all samples of a large dataset every step becomes slow.
CHUNK = 400
FACES, FOUND = "faces", "found"
_LISTS = {
    FACES: "detections",
    FOUND: "detections",
    "face_points": "keypoints",
    "found_points": "keypoints",
}
POINTS = {FACES: "face_points", FOUND: "found_points"}


def push(file: Path) -> None:
    """Make or refresh a dataset; tags that stand in the old one are kept."""
    import fiftyone as fo

    with file.open(encoding="utf-8") as lines:
        about = json.loads(next(lines))
        name = about["name"]
        kept = _tags(fo.load_dataset(name)) if fo.dataset_exists(name) else {}
        building = f"{name} (being made)"
        if fo.dataset_exists(building):
            fo.delete_dataset(building)
        dataset = fo.Dataset(building)
        dataset.persistent = True
        dataset.info = about["info"]
        chunk: list[Any] = []
        done = 0
        for line in lines:
            chunk.append(_sample(fo, json.loads(line), kept))
            if len(chunk) == CHUNK:
                dataset.add_samples(chunk, dynamic=True, validate=False, progress=False)
                done += len(chunk)
                print(f"pushed {done}", flush=True)  # noqa: T201 - read by the one who asked
                chunk = []
        if chunk:
            dataset.add_samples(chunk, dynamic=True, validate=False, progress=False)
    _save_views(fo, dataset)
    if fo.dataset_exists(name):
        fo.delete_dataset(name)
    dataset.name = name
    print(f"pushed {len(dataset)}", flush=True)  # noqa: T201


def pull(name: str, file: Path) -> None:
    """Write what was tagged in a dataset; nothing where there is no such dataset."""
    import fiftyone as fo

    tagged = list(_tagged(fo.load_dataset(name))) if fo.dataset_exists(name) else None
    file.write_text(json.dumps(tagged), encoding="utf-8")


def serve(name: str, port: int) -> None:
    """Serve FiftyOne's own app at 127.0.0.1 until the process is told to stop."""
    import fiftyone as fo

    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    signal.signal(signal.SIGINT, lambda *_: over.set())
    dataset = fo.load_dataset(name) if fo.dataset_exists(name) else None
    # Its route for pictures reads any file that we can read: it must never listen further.
    session = fo.launch_app(dataset, remote=True, address="127.0.0.1", port=port)
    print(f"serving {port}", flush=True)  # noqa: T201
    parent = os.getppid()
    while not over.wait(1.0):
        if os.getppid() != parent:
            break
    session.close()


def _sample(fo: Any, row: dict[str, Any], kept: dict[str, list[str]]) -> Any:
    image = row["image"]
    sample = fo.Sample(
        filepath=row["filepath"],
        tags=sorted({row["split"], *kept.get(f"{image}/image", ())}),
        image=image,
        **row["fields"],
    )
    sample["metadata"] = fo.ImageMetadata(width=row["width"], height=row["height"])
    for field in (FACES, FOUND):
        boxes, points = [], []
        for label in row[field]:
            tags = kept.get(f"{image}/{label['subject']}", [])
            common = {"label": label["label"], "tags": tags, **label["fields"]}
            boxes.append(fo.Detection(bounding_box=label["box"], **common))
            if label["points"]:
                # Of keypoints FiftyOne expects a confidence a point.
                common["score"] = common.pop("confidence", None)
                points.append(fo.Keypoint(points=label["points"], **common))
        sample[field] = fo.Detections(detections=boxes)
        sample[POINTS[field]] = fo.Keypoints(keypoints=points)
    return sample


def _save_views(fo: Any, dataset: Any) -> None:
    field = fo.ViewField
    have = dataset.get_field_schema(flat=True)
    found, faces = f"{FOUND}.detections.", f"{FACES}.detections."
    views = {
        "worst false positives": (
            f"{found}eval",
            lambda: dataset.filter_labels(FOUND, field("eval") == "fp").sort_by(
                field(f"{found}confidence").max(), reverse=True
            ),
        ),
        "missed small faces": (
            f"{faces}eval",
            lambda: dataset.filter_labels(FACES, (field("eval") == "fn") & (field("height") < 32)),
        ),
        "misplaced points": (
            f"{found}point_error",
            lambda: dataset.filter_labels(FOUND, field("point_error") > 0.1),
        ),
        "confused people": (
            f"{found}mistake",
            lambda: dataset.filter_labels(FOUND, field("mistake").starts_with("wrong-person")),
        ),
        "near-duplicates across splits": (
            "near_duplicates",
            lambda: dataset.match(field("near_duplicates").length() > 0),
        ),
        "low quality accepted": (
            f"{faces}blur",
            lambda: dataset.filter_labels(
                FACES, (field("blur") == 2) & (field("status") != "proposed")
            ),
        ),
        "corrected since": ("corrected", lambda: dataset.match(field("corrected") == True)),  # noqa: E712
    }
    made: dict[str, tuple[str, Any]] = views
    for name, (needed, make) in made.items():
        # A field that no label has is in no schema, and FiftyOne refuses to ask for it.
        if needed in have:
            dataset.save_view(name, make())


def _tagged(dataset: Any) -> Iterator[dict[str, Any]]:
    """Samples with a tag of ours or with tagged labels."""
    for sample in dataset.iter_samples(progress=False):
        labels = []
        for field, kind in _LISTS.items():
            held = sample.get_field(field) if sample.has_field(field) else None
            labels += [
                {"subject": label.get_attribute_value("subject", None), "tags": list(label.tags)}
                for label in getattr(held, kind, None) or []
                if label.tags
            ]
        if labels or sample.tags:
            yield {"image": sample.get_field("image"), "tags": list(sample.tags), "labels": labels}


def _tags(dataset: Any) -> dict[str, list[str]]:
    """``image/subject`` -> tags that people have set."""
    kept: dict[str, list[str]] = {}
    for row in _tagged(dataset):
        own = [tag for tag in row["tags"] if tag not in ("train", "val", "test")]
        if own:
            kept[f"{row['image']}/image"] = own
        for label in row["labels"]:
            kept.setdefault(f"{row['image']}/{label['subject']}", []).extend(label["tags"])
    return {key: sorted(set(tags)) for key, tags in kept.items()}


def main(words: list[str]) -> None:
    """Do what the words say."""
    if words[0] == "push":
        push(Path(words[1]))
    elif words[0] == "pull":
        pull(words[1], Path(words[2]))
    else:
        serve(words[1], int(words[2]))


if __name__ == "__main__":
    main(sys.argv[1:])
