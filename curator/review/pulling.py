"""Pull: tags that people set in FiftyOne become tasks and edits here, once each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from curator.pipeline.editing import Change
from curator.pipeline.sheet import open_sheet
from curator.records import (
    Decision,
    Face,
    ImageStatus,
    NewTask,
    Op,
    Reason,
    Run,
    Step,
    StepKind,
    Verdict,
)
from curator.review.process import Bridge
from curator.review.pushing import subject_of
from curator.store import (
    faces,
    images,
    labelling,
    matches,
    review_tags,
    runs,
    steps,
    verdicts,
)
from curator.store.dataset import Dataset
from curator.store.review_tags import Tagged
from curator.store.rows import now

RELABEL, DROP, IGNORE, WRONG_PERSON = "relabel", "drop", "ignore", "wrong-person"
TAGS = (RELABEL, DROP, IGNORE, WRONG_PERSON)
IMAGE, FACE = "image", "face:"
NOWHERE = -1
_PRIORITY = {RELABEL: 0.8, WRONG_PERSON: 0.85, DROP: 0.7, IGNORE: 0.7}
_SENTENCES = {
    RELABEL: "to be labelled again",
    DROP: "to be dropped",
    IGNORE: "to be ignored",
    WRONG_PERSON: "the wrong person",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PullReport:
    """What became of the tags of a review.

    Attributes:
        run: The run that was reviewed.
        found: Tags of ours that stand in FiftyOne.
        settled: Those that an earlier pull took over.
        tasks: New tasks in the queue.
        edits: Faces marked invalid.
        verdicts: Faces and images dropped.
        strange: Tags on what is not in this dataset, by reason; nothing was done with them.
    """

    run: str
    found: int
    settled: int
    tasks: int
    edits: int
    verdicts: int
    strange: Mapping[str, int]


def pull(dataset: Dataset, name: str, user: str) -> PullReport:
    """Take over the tags of a run's review.

    ``relabel`` and ``wrong-person`` become tasks. ``drop`` on a face or an image becomes the
    reviewer's verdict; ``ignore`` on a face marks it invalid, an edit that can be undone. On a
    detection, and ``ignore`` on an image, they become tasks: there is nothing to edit yet.

    Args:
        dataset: Whose run.
        name: Of the run.
        user: Who has reviewed.

    Raises:
        NotFound: if there is no such run.
        MissingExtra: if FiftyOne is not installed.
        RunError: if it does not work, or answers nonsense.
    """
    with dataset.read() as connection:
        run = runs.named(connection, name, kind="evaluate")
    answer = Bridge(dataset).pull(run)
    # Without a dataset there is nothing to be learned, not even that tags were taken away.
    return take(dataset, run, answer, user) if answer is not None else _nothing(run)


def take(dataset: Dataset, run: Run, answer: Sequence[Any], user: str) -> PullReport:
    """Take over what FiftyOne answered, which may be anything; in one transaction."""
    strange: Counter[str] = Counter()
    said = _said(answer, strange)
    with dataset.write() as connection:
        known = review_tags.known(connection, run.id)
        inside = _inside(connection, run, {image_id for image_id, _, _ in said})
        fresh = []
        for tagged in sorted(said - known):
            if tagged[:2] in inside:
                fresh.append(tagged)
            else:
                strange["not of this run"] += 1
        dropped = [each for each in fresh if each[2] == DROP and _face_of(each) != NOWHERE]
        reason = (f"{Reason.REVIEW}{run.name}",)
        verdicts.decide(connection, [_verdict(each, user, reason) for each in dropped])
        edits, left = _edit(connection, [each for each in fresh if each not in dropped], user)
        tasks = labelling.enqueue(connection, [_task(run, each) for each in left])
        review_tags.forget(connection, run.id, known - said)
        review_tags.add(connection, run.id, fresh)
    return PullReport(
        run=run.name,
        found=len(said),
        settled=len(said & known),
        tasks=tasks,
        edits=edits,
        verdicts=len(dropped),
        strange=dict(strange),
    )


def _nothing(run: Run) -> PullReport:
    strange = {"FiftyOne has no dataset of this run": 1}
    return PullReport(
        run=run.name, found=0, settled=0, tasks=0, edits=0, verdicts=0, strange=strange
    )


def _said(answer: Sequence[Any], strange: Counter[str]) -> set[Tagged]:
    """The tags of ours, each once; what is no sample is counted and left."""
    said: set[Tagged] = set()
    for row in answer:
        try:
            image_id, tags, labels = row["image"], row["tags"], row["labels"]
            told = [(IMAGE, tags), *((label["subject"], label["tags"]) for label in labels)]
            if not isinstance(image_id, int) or isinstance(image_id, bool):
                raise TypeError  # noqa: TRY301 - one place for all that is no sample
            for subject, words in told:
                if not isinstance(subject, str):
                    raise TypeError  # noqa: TRY301
                said.update((image_id, subject, tag) for tag in words if tag in TAGS)
        except (KeyError, TypeError):
            strange["no sample"] += 1
    return said


def _inside(connection: Connection, run: Run, asked: set[int]) -> set[tuple[int, str]]:
    """What can be tagged in these images: the images themselves, their faces and detections."""
    judged = {one.image_id for one in matches.of_run(connection, run.id)} & asked
    inside = {(image_id, IMAGE) for image_id in judged}
    for one in matches.of_run(connection, run.id):
        if one.image_id in judged:
            inside.add((one.image_id, subject_of(one)))
    for image_id, each in faces.current(connection, judged).items():
        inside.update((image_id, f"face:{face.id}") for face in each)
    return inside


def _edit(connection: Connection, fresh: Sequence[Tagged], user: str) -> tuple[int, list[Tagged]]:
    """Mark faces invalid; the number of them, and the tags that are left."""
    by_image: dict[int, list[Tagged]] = {}
    left = []
    for tagged in fresh:
        if tagged[2] == IGNORE and tagged[1].startswith(FACE):
            by_image.setdefault(tagged[0], []).append(tagged)
        else:
            left.append(tagged)
    edited = 0
    for image_id, tags in by_image.items():
        step = str(uuid4())
        sheet = open_sheet(connection, images.get(connection, image_id), user, step=step)
        current = faces.current(connection, [image_id])[image_id]
        by_id = {face.id: face for face in current}
        for tagged in tags:
            sheet.apply(connection, _change(by_id[_face_of(tagged) or 0]))
            edited += 1
        sheet.write(connection, ImageStatus(sheet.status))
        steps.add(connection, Step(id=step, user=user, at=now(), kind=StepKind.SAVE))
    return edited, left


def _face_of(tagged: Tagged) -> int | None:
    """The number of the face that was tagged, None for the image, NOWHERE for a detection."""
    subject = tagged[1]
    if subject == IMAGE:
        return None
    return int(subject.removeprefix(FACE)) if subject.startswith(FACE) else NOWHERE


def _verdict(tagged: Tagged, user: str, reasons: tuple[str, ...]) -> Verdict:
    return Verdict(
        image_id=tagged[0],
        face_id=_face_of(tagged),
        decision=Decision.DROP,
        reasons=reasons,
        user=user,
    )


def _change(face: Face) -> Change:
    marked = {"attributes": dict(face.attributes) | {"invalid": 1}}
    return Change(id=str(uuid4()), face=face.id or 0, op=Op.ATTRIBUTES, after=marked)


def _task(run: Run, tagged: Tagged) -> NewTask:
    image_id, subject, tag = tagged
    word, _, number = subject.partition(":")
    what = {"face": "this face is", "found": "a detection is", IMAGE: "the image is"}[word]
    return NewTask(
        image_id=image_id,
        face_id=int(number) if word == "face" else None,
        reason=f"{Reason.REVIEW}{run.name}",
        priority=_PRIORITY[tag],
        detail=f"review: {what} {_SENTENCES[tag]}",
    )
