"""Runs in FiftyOne's own environment, never in ours: files in, files out.

::

    python bridge.py push FILE            a line of JSON for the dataset, then one a sample
    python bridge.py plot NAME FILE       the embeddings panel, from vectors of faces
    python bridge.py pull NAME FILE       the tags of the dataset, as JSON
    python bridge.py open NAME PORT       serve it at 127.0.0.1

Imports nothing of this package, so that only FiftyOne's environment has to be there.

Samples are written as the documents that FiftyOne stores, straight into its collection. Adding
them as objects takes some twenty times longer, since each label is looked through for fields that
are new. Here fields are declared once, by FiftyOne, which also begins each document.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

START_SECONDS = 300
# In memory at a time.
CHUNK = 400
FACES, FOUND = "faces", "found"
POINTS = {FACES: "face_points", FOUND: "found_points"}
_LISTS = {
    FACES: "detections",
    FOUND: "detections",
    "face_points": "keypoints",
    "found_points": "keypoints",
}
# Of what is true and of what was found, as in curator.drawing.
COLOURS = {FACES: "#009e73", FOUND: "#e69f00"}
PLOT = "looks_of_faces"
_SPLITS = ("train", "val", "test")
# What a document gets when it is made, and keeps.
_ONCE = ("_id", "_rand", "created_at", "last_modified_at")
# What tells who has tagged what.
_TAGS = {"image": 1, "tags": 1} | {
    f"{field}.{kind}.{name}": 1 for field, kind in _LISTS.items() for name in ("subject", "tags")
}

POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:\">"
)

Document = dict[str, Any]


def fiftyone() -> Any:
    """FiftyOne with the database in its own folder.

    Left to itself, it joins any database that another FiftyOne of the same user has running,
    whichever folder that one is in, and gives up on its own where a busy machine takes a minute.
    """
    import fiftyone as fo
    from fiftyone.core.service import DatabaseService

    DatabaseService.service_name = f"db of {fo.config.database_dir}"
    DatabaseService.port = property(lambda self: self._wait_for_child_port(timeout=START_SECONDS))
    return fo


def push(file: Path) -> None:
    """Make a dataset, or write what has changed into the one that is there.

    What people put beside what is ours stays: tags, fields and attributes of their own.
    """
    fo = fiftyone()
    with file.open(encoding="utf-8") as lines:
        name = json.loads(next(lines))["name"]
    old = fo.load_dataset(name) if fo.dataset_exists(name) else None
    if old is not None:
        # Where a field of ours has another type there, all is made anew; tags still stay.
        with suppress(TypeError, ValueError):
            _fill(fo, old, file, old)
            return
    building = f"{name} (being made)"
    if fo.dataset_exists(building):
        fo.delete_dataset(building)
    made = fo.Dataset(building, persistent=True)
    _fill(fo, made, file, old)
    if old is not None:
        fo.delete_dataset(name)
    made.name = name


def plot(name: str, file: Path) -> None:
    """Lay the faces out by their vectors, in place of an earlier plot."""
    fo = fiftyone()
    import fiftyone.brain as fob
    import numpy as np
    from sklearn.decomposition import PCA

    dataset = fo.load_dataset(name)
    with np.load(file, allow_pickle=False) as held:
        known = dict(zip(held["subjects"].tolist(), held["vectors"], strict=True))
    vectors = {
        str(label["_id"]): known[label["subject"]]
        for document in dataset._sample_collection.find({}, {FACES: 1})
        for label in _labels_of(document, FACES)
        if label.get("subject") in known
    }
    if dataset.has_brain_run(PLOT):
        dataset.delete_brain_run(PLOT)
    # Given vectors, FiftyOne Brain wants one of every face; given points, takes those there are.
    points = PCA(2, random_state=0).fit_transform(np.stack(list(vectors.values())))
    told = dict(zip(vectors, points, strict=True))
    fob.compute_visualization(
        dataset, patches_field=FACES, points=told, brain_key=PLOT, method="manual"
    )
    print(f"plotted {len(vectors)}", flush=True)  # noqa: T201 - read by who asked


def pull(name: str, file: Path) -> None:
    """Write what was tagged in a dataset; nothing where there is no such dataset."""
    fo = fiftyone()
    tagged = list(_tagged(fo.load_dataset(name))) if fo.dataset_exists(name) else None
    file.write_text(json.dumps(tagged, default=str), encoding="utf-8")


def serve(name: str, port: int) -> None:
    """Serve FiftyOne's own app at 127.0.0.1 until the process is told to stop."""
    fo = fiftyone()
    keep_to_itself(Path(fo.__file__).with_name("server") / "static" / "index.html")
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


def keep_to_itself(page: Path) -> None:
    """Let FiftyOne's page ask its own server only: as it comes, it fetches typefaces from Google.

    The page is that of an environment of ours, which no other FiftyOne uses.
    """
    text = page.read_text(encoding="utf-8")
    if POLICY not in text:
        page.write_text(text.replace("<head>", f"<head>{POLICY}", 1), encoding="utf-8")


def _fill(fo: Any, dataset: Any, file: Path, old: Any) -> None:
    """Write what a file says; what people put into ``old`` stays."""
    with file.open(encoding="utf-8") as lines:
        about = json.loads(next(lines))
        writer = _Writer(fo, dataset, old)
        while chunk := [json.loads(line) for line in islice(lines, CHUNK)]:
            writer.write(chunk)
            print(f"pushed {len(writer.kept)}", flush=True)  # noqa: T201 - read by who asked
    there = [one["_id"] for one in dataset._sample_collection.find({}, {"_id": 1})]
    if gone := [str(key) for key in there if key not in writer.kept]:
        dataset.delete_samples(gone)
    ours = {field: sorted(names) for field, names in writer.ours.items()}
    dataset.info = about["info"] | {"fields": ours}
    _choose_looks(fo, dataset)
    _save_views(fo, dataset)


class _Writer:
    """Writes samples as documents.

    Attributes:
        kept: The keys of the documents that stand for what was written.
        ours: Names of our own, by the list of labels they stand in, those of samples under "".
    """

    def __init__(self, fo: Any, dataset: Any, old: Any) -> None:
        self._fo, self._dataset = fo, dataset
        self._before = None if old is None else old._sample_collection
        # Into a dataset that is made anew nothing comes but tags.
        self._shown = None if old is dataset else _TAGS | {"_id": 0}
        self._types = {
            bool: (fo.BooleanField, None),
            int: (fo.IntField, None),
            float: (fo.FloatField, None),
            str: (fo.StringField, None),
            list: (fo.ListField, fo.StringField),
        }
        one = {"detections": fo.Detection, "keypoints": fo.Keypoint}
        many = {"detections": fo.Detections, "keypoints": fo.Keypoints}
        self._labels = {field: one[kind]().to_dict() for field, kind in _LISTS.items()}
        self._holders = {field: many[kind]().to_dict() for field, kind in _LISTS.items()}
        self._declared: dict[str, set[str]] = {"": set(), **{field: set() for field in _LISTS}}
        self.kept: set[Any] = set()
        told = dataset.info.get("fields")
        earlier = told if isinstance(told, Mapping) else {}
        self.ours = {field: set(earlier.get(field, ())) for field in self._declared}
        dataset.media_type = "image"
        for field, kind in _LISTS.items():
            dataset.add_sample_field(field, fo.EmbeddedDocumentField, embedded_doc_type=many[kind])
        dataset.add_sample_field("image", fo.IntField)
        dataset.create_index("image")

    def write(self, rows: Sequence[Document]) -> None:
        """Write those samples that differ from what is there."""
        from bson import encode
        from pymongo import InsertOne, ReplaceOne

        asked = {"image": {"$in": [row["image"] for row in rows]}}
        there = self._before.find(asked, self._shown) if self._before is not None else ()
        known = {before["image"]: before for before in there if isinstance(before["image"], int)}
        writes: list[Any] = []
        for row in rows:
            before = known.get(row["image"], {})
            after = self._sample(row, before)
            self.kept.add(after["_id"])
            if "_id" not in before:
                writes.append(InsertOne(after))
            # As bytes, since a point that nobody sees is NaN, which equals nothing.
            elif encode(before) != encode(after):
                # Not over what somebody tags at this moment: the next push comes to that.
                same = {name: before.get(name) for name in ("_id", "last_modified_at")}
                writes.append(ReplaceOne(same, after | {"last_modified_at": datetime.now(UTC)}))
        if writes:
            self._dataset._sample_collection.bulk_write(writes, ordered=False)

    def _sample(self, row: Document, before: Document) -> Document:
        from bson import ObjectId

        fo, image, now = self._fo, row["image"], datetime.now(UTC)
        size = fo.ImageMetadata(width=row["width"], height=row["height"])
        begun = fo.Sample(filepath=row["filepath"], metadata=size)
        made = {"_id": ObjectId()}
        made |= self._dataset._make_dict(begun, created_at=now, last_modified_at=now)
        own = [tag for tag in _tags_of(before) if tag not in _SPLITS]
        fields = {"image": image, **row["fields"]}
        self._declare("", fields)
        made |= {name: value for name, value in fields.items() if value is not None}
        made["tags"] = sorted({row["split"], *own})
        for field in (FACES, FOUND):
            self._put(made, field, row[field], before)
            pointed = [label for label in row[field] if label["points"]]
            self._put(made, POINTS[field], pointed, before)
        return self._over(
            "", made | {name: before[name] for name in _ONCE if name in before}, before
        )

    def _put(
        self, made: Document, field: str, labels: Sequence[Document], before: Document
    ) -> None:
        """Put the labels of one field into a document."""
        # Of two detections in one place each keeps its own.
        there: dict[Any, list[Document]] = {}
        for one in _labels_of(before, field):
            there.setdefault(str(one.get("subject")), []).append(one)
        written = []
        for label in labels:
            same = there.get(label["fields"]["subject"])
            written.append(self._label(field, label, same.pop(0) if same else {}))
        made[field] = self._holders[field] | {_LISTS[field]: written}
        self.ours[""].add(field)

    def _label(self, field: str, label: Document, before: Document) -> Document:
        from bson import ObjectId

        fields = dict(label["fields"])
        place = {"bounding_box": label["box"]}
        measured = label.get("measured", {})
        if field not in POINTS:
            # Of keypoints FiftyOne expects a confidence a point.
            if "confidence" in fields:
                fields["score"] = fields.pop("confidence")
            place, measured = {"points": label["points"]}, {}
        fields |= measured
        self._declare(field, fields)
        said = {"label": label["label"], "tags": _tags_of(before)} | place | fields
        made = self._labels[field] | {"_id": before.get("_id") or ObjectId()} | said
        return self._over(field, made, before)

    def _declare(self, field: str, fields: Document) -> None:
        """Make fields known, each at its first value; without one there is no type to tell."""
        for name in (name for name in fields if name not in self._declared[field]):
            self.ours[field].add(name)
            if fields[name] is not None:
                ftype, subfield = self._types[type(fields[name])]
                path = f"{field}.{_LISTS[field]}.{name}" if field else name
                self._dataset.add_sample_field(path, ftype, subfield=subfield)
                self._declared[field].add(name)

    def _over(self, field: str, made: Document, before: Document) -> Document:
        """What is ours now, in the place of what was ours before."""
        kept = {k: v for k, v in before.items() if k in made or k not in self.ours[field]}
        return kept | made


def _labels_of(document: Document, field: str) -> list[Document]:
    """The labels in a field of a document, which anybody may have written."""
    held = document.get(field)
    labels = held.get(_LISTS[field]) if isinstance(held, dict) else None
    return [one for one in labels if isinstance(one, dict)] if isinstance(labels, list) else []


def _tags_of(document: Document) -> list[str]:
    """The tags on a sample or a label, which anybody may have written."""
    tags = document.get("tags")
    return [one for one in tags if isinstance(one, str)] if isinstance(tags, list) else []


def _choose_looks(fo: Any, dataset: Any) -> None:
    """Boxes in the colours of our own pages, without the points that hide small faces.

    What somebody has chosen otherwise stays.
    """
    looks = dataset.app_config
    if looks.active_fields is None and looks.color_scheme is None:
        looks.active_fields = fo.ActiveFields(paths=list(COLOURS))
        fields = [{"path": field, "fieldColor": colour} for field, colour in COLOURS.items()]
        looks.color_scheme = fo.ColorScheme(color_by="field", fields=fields)
        dataset.save()


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
            dataset.save_view(name, make(), overwrite=True)


def _tagged(dataset: Any) -> Iterator[Document]:
    """The tags of every sample and of its labels."""
    for document in dataset._sample_collection.find({}, _TAGS):
        labels = [
            {"subject": label.get("subject"), "tags": _tags_of(label)}
            for field in _LISTS
            for label in _labels_of(document, field)
            if _tags_of(label)
        ]
        yield {"image": document.get("image"), "tags": _tags_of(document), "labels": labels}


def main(words: list[str]) -> None:
    """Do what the words say."""
    if words[0] == "push":
        push(Path(words[1]))
    elif words[0] == "plot":
        plot(words[1], Path(words[2]))
    elif words[0] == "pull":
        pull(words[1], Path(words[2]))
    else:
        serve(words[1], int(words[2]))


if __name__ == "__main__":
    main(sys.argv[1:])
