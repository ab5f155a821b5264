"""Push: a judged run becomes lines of JSON, one a sample, for FiftyOne to show."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from curator.attributes import ATTRIBUTES
from curator.errors import InputError
from curator.pipeline.export import samples
from curator.progress import Progress
from curator.records import Face, Image, Match, MatchKind, Measures, Run, Sample
from curator.review.process import Bridge
from curator.split import Item, near_duplicate_groups
from curator.store import faces, matches, measures, runs
from curator.store.dataset import Dataset

_BATCH = 500


def push(dataset: Dataset, name: str, progress: Progress) -> tuple[Run, int]:
    """Make or refresh the FiftyOne dataset of a judged run.

    Returns:
        The run, and how many samples are in it.

    Raises:
        NotFound: if there is no such run.
        InputError: if the run has judged nothing.
        MissingExtra: if FiftyOne is not installed.
        RunError: if it does not work.
    """
    with dataset.read() as connection:
        run = runs.named(connection, name, kind="evaluate")
    if not run.metrics:
        raise InputError(f"run {name!r} has judged nothing yet")
    bridge = Bridge(dataset)
    file = bridge.folder / f"push-{run.id}.jsonl"
    try:
        count = write(dataset, run, bridge.name_of(run), file)
        progress.begin("pushing to FiftyOne", count)
        bridge.push(file, progress)
    finally:
        file.unlink(missing_ok=True)
    return run, count


def write(dataset: Dataset, run: Run, name: str, file: Path) -> int:
    """Write what FiftyOne is to be told: a line for the dataset of that name, then one a sample.

    Returns:
        How many samples there are.
    """
    every = list(samples(dataset, run.params["release"]))
    judged = [sample for sample in every if sample.split == run.params["split"]]
    with file.open("w", encoding="utf-8") as out:
        out.write(json.dumps({"name": name, "info": _about(run)}) + "\n")
        for sample in _rows(dataset, run, judged, _copies(every)):
            out.write(json.dumps(sample) + "\n")
    return len(judged)


def subject_of(one: Match) -> str:
    """What a detection is called in a review: by its corners, which outlive a second judgement."""
    return "found:" + ",".join(f"{value:.1f}" for value in one.box)


def _about(run: Run) -> dict[str, Any]:
    return {
        "run": run.name,
        "method": run.method,
        "release": run.params["release"],
        "split": run.params["split"],
        "licence": run.licence,
        "figures": run.metrics["figures"],
    }


def _rows(
    dataset: Dataset, run: Run, judged: Sequence[Sample], copies: Mapping[int, list[str]]
) -> Iterator[dict[str, Any]]:
    """A batch of images at a time, so that no dataset is too large."""
    with dataset.read() as connection:
        told: dict[int, list[Match]] = {}
        for one in matches.of_run(connection, run.id):
            told.setdefault(one.image_id, []).append(one)
    for start in range(0, len(judged), _BATCH):
        batch = judged[start : start + _BATCH]
        with dataset.read() as connection:
            current = faces.current(connection, [sample.image.id for sample in batch])
            known = [face.id for each in current.values() for face in each if face.id is not None]
            measured = measures.of(connection, known)
        for sample in batch:
            now = current[sample.image.id]
            found = told.get(sample.image.id, [])
            yield _row(sample, now, found, copies.get(sample.image.id, []), measured)


def _row(
    sample: Sample,
    now: Sequence[Face],
    told: Sequence[Match],
    copies: list[str],
    measured: Mapping[int, Sequence[Measures]],
) -> dict[str, Any]:
    image = sample.image
    by_face = {one.face_id: one for one in told if one.face_id is not None}
    frozen = {face.id: face for face in sample.faces}
    shown = list(now) or list(sample.faces)
    return {
        "image": image.id,
        "filepath": sample.place,
        "width": image.width,
        "height": image.height,
        "split": sample.split,
        "fields": {
            "name": image.name,
            "source": image.source,
            "licence": image.licence,
            "author": image.author,
            "url": image.url,
            "near_duplicates": copies,
            # What people did since the release was frozen.
            "corrected": any(
                face.id not in frozen or face.version != frozen[face.id].version for face in now
            )
            or len(shown) != len(sample.faces),
        },
        "faces": [
            _face(face, image, by_face.get(face.id or 0), measured.get(face.id or 0, ()))
            for face in shown
        ],
        "found": [_detection(one, image) for one in told if one.kind is not MatchKind.FN],
    }


def _face(
    face: Face, image: Image, one: Match | None, measured: Sequence[Measures]
) -> dict[str, Any]:
    seen = face.visibility or ()
    points = [
        _point(point, image) if visible else [float("nan")] * 2
        for point, visible in zip(face.landmarks or (), seen, strict=True)
    ]
    return {
        "subject": f"face:{face.id}",
        "label": face.identity or "face",
        "box": _box(face.box, image),
        "points": points,
        "fields": {
            "subject": f"face:{face.id}",
            "identity": face.identity,
            "status": str(face.status),
            "version": face.version,
            "height": round(face.box[3] - face.box[1], 1),
            "eval": None if one is None else "fn" if one.kind is MatchKind.FN else "tp",
            "iou": None if one is None else round(one.iou, 4),
            **_numbers(face),
        },
        # Of the face, not of its points.
        "measured": _measured(measured),
    }


def _numbers(face: Face) -> dict[str, int | float]:
    """Its attributes that are numbers, each of the type that a name always has.

    Those outside the vocabulary may have any name, also one that means something to FiftyOne.
    """
    numbers: dict[str, int | float] = {}
    for name, value in face.attributes.items():
        if not isinstance(value, int | float):
            continue
        if name in ATTRIBUTES:
            numbers[name] = int(value) if ATTRIBUTES[name].values else float(value)
        else:
            numbers[_field("free", name)] = float(value)
    return numbers


def _measured(measured: Sequence[Measures]) -> dict[str, float]:
    """The raw numbers of a face; what could not be measured is absent."""
    told = (item for each in measured for item in each.values.items())
    return {_field("measured", name): float(value) for name, value in told}


def _field(kind: str, name: str) -> str:
    """A name that means nothing else to FiftyOne."""
    return f"{kind}_" + re.sub(r"\W", "_", name)


def _detection(one: Match, image: Image) -> dict[str, Any]:
    subject = subject_of(one)
    return {
        "subject": subject,
        "label": one.identity or "face",
        "box": _box(one.box, image),
        "points": [_point(point, image) for point in one.landmarks or ()],
        "fields": {
            "subject": subject,
            "confidence": one.score,
            "eval": str(one.kind),
            "iou": round(one.iou, 4),
            "mistake": one.mistake,
            "expected": one.expected,
            "point_error": one.point_error,
            "height": round(one.box[3] - one.box[1], 1),
        },
    }


def _box(box: Sequence[float], image: Image) -> list[float]:
    """FiftyOne's form: corner and size in parts of the image."""
    x_min, y_min, x_max, y_max = box
    width, height = image.width, image.height
    return [x_min / width, y_min / height, (x_max - x_min) / width, (y_max - y_min) / height]


def _point(point: Sequence[float], image: Image) -> list[float]:
    return [point[0] / image.width, point[1] / image.height]


def _copies(every: Sequence[Sample]) -> dict[int, list[str]]:
    """Image id -> names of the images of other splits that look much the same."""
    items = [
        Item(
            key=sample.image.sha256,
            groups=(),
            faces=len(sample.faces),
            face_size=None,
            identities=(),
            phash=None if sample.image.phash is None else int(sample.image.phash, 16),
            pinned=None,
        )
        for sample in every
    ]
    groups = near_duplicate_groups(items)
    together: dict[Any, list[Sample]] = {}
    for sample in every:
        if sample.image.sha256 in groups:
            together.setdefault(groups[sample.image.sha256], []).append(sample)
    return {
        sample.image.id: [
            f"{other.split}: {other.image.name}" for other in group if other.split != sample.split
        ]
        for group in together.values()
        for sample in group
        if any(other.split != sample.split for other in group)
    }
