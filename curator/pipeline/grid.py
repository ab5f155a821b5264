"""The grid: a page of crops of proposed faces; what is not flagged is accepted at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection

from curator.errors import NotFound
from curator.pipeline.correct import settle
from curator.pipeline.editing import Change
from curator.pipeline.queue import asker_of
from curator.pipeline.sheet import Sheet, open_sheet
from curator.records import FaceStatus, ImageStatus, NewTask, Op, Reason, Step, StepKind, User
from curator.store import edits, images, labelling, leases, steps
from curator.store.dataset import Dataset
from curator.store.labelling import QueueFilter
from curator.store.rows import now
from curator.store.suspects import Suspect, suspects

MOST = 96
FLAGGED_PRIORITY = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A face as the person saw it on the page."""

    image_id: int
    face_id: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a person said of a page of crops.

    Attributes:
        accepted: Faces that are right.
        flagged: Faces to be looked at, each with a word on why.
    """

    step: str
    accepted: tuple[Judged, ...]
    flagged: tuple[tuple[int, int, str], ...] = ()
    seconds: float | None = None
    actions: int | None = None


def grid(
    dataset: Dataset, user: User, wanted: QueueFilter, *, count: int, holds: Sequence[int] = ()
) -> list[Suspect]:
    """The most doubtful proposed faces; their images are leased for five minutes.

    Args:
        dataset: Whose faces.
        user: Who asks.
        wanted: Which part of the queue.
        count: How many, at most 96.
        holds: Faces that this person has before them already.
    """
    with dataset.write() as connection:
        asker = asker_of(user)
        found = suspects(connection, wanted, asker, count=min(count, MOST), holds=holds)
        leases.take(connection, {suspect.image.id for suspect in found}, user.name)
        return found


def judge(dataset: Dataset, user: User, page: Page) -> dict[int, str]:
    """Accept a page of faces but for those that were flagged or have changed.

    An image whose last proposal is accepted so, and on which nothing else waits, is done.

    Returns:
        ``ok``, ``stale``, or ``flagged`` for each face.

    Raises:
        InputError: if a face is not of its image.
    """
    with dataset.write() as connection:
        if steps.get(connection, page.step) is not None:
            return _again(connection, page)
        said: dict[int, str] = {}
        finished = 0
        by_image: dict[int, list[Judged]] = {}
        for judged in page.accepted:
            by_image.setdefault(judged.image_id, []).append(judged)
        flagged = {image_id for image_id, _, _ in page.flagged}
        for image_id, group in sorted(by_image.items()):
            sheet = open_sheet(
                connection, images.get(connection, image_id), user.name, step=page.step
            )
            said |= _accept(connection, sheet, group)
            if sheet.made:
                finished += _settle(connection, sheet, user, waits=image_id in flagged)
        said |= _flag(connection, page)
        step = Step(
            id=page.step,
            user=user.name,
            at=now(),
            kind=StepKind.SAVE,
            images=finished,
            faces=sum(word == "ok" for word in said.values()),
            seconds=page.seconds,
            actions=page.actions,
        )
        if step.faces:
            steps.add(connection, step)
        return said


def _accept(connection: Connection, sheet: Sheet, group: Sequence[Judged]) -> dict[int, str]:
    said = {}
    for judged in group:
        face = sheet.faces.get(str(judged.face_id))
        fresh = face is not None and face.version == judged.version
        if fresh and face is not None and face.status is FaceStatus.PROPOSED:
            edit_id = str(uuid5(NAMESPACE_URL, f"{sheet.step}/page/{judged.face_id}"))
            change = Change(id=edit_id, face=judged.face_id, op=Op.ACCEPT, after={})
            sheet.apply(connection, change)
            said[judged.face_id] = "ok"
        else:
            said[judged.face_id] = "stale"
    return said


def _settle(connection: Connection, sheet: Sheet, user: User, *, waits: bool) -> bool:
    """Store the accepted faces of one image; True where that finishes it."""
    accepted = {sheet.faces[edit.subject or ""].id for edit in sheet.made}
    open_tasks = labelling.open_of(connection, [sheet.image.id]).get(sheet.image.id, [])
    closed = [task.id for task in open_tasks if task.face_id in accepted]
    left = any(face.status is FaceStatus.PROPOSED for face in sheet.faces.values())
    if not left and not waits and len(closed) == len(open_tasks):
        settle(connection, sheet, user, done=True)
        return True
    labelling.close(connection, closed, user.name)
    status = sheet.status
    sheet.say_done({"status": status, "tasks": []}, {"status": status, "tasks": closed})
    sheet.write(connection, ImageStatus(status))
    return False


def _flag(connection: Connection, page: Page) -> dict[int, str]:
    tasks = []
    for image_id, face_id, why in page.flagged:
        found = open_sheet(connection, images.get(connection, image_id), "").faces
        if str(face_id) not in found:
            raise NotFound(f"image {image_id} has no face {face_id}")
        tasks.append(
            NewTask(
                image_id=image_id,
                face_id=face_id,
                reason=Reason.FLAGGED,
                priority=FLAGGED_PRIORITY,
                detail=why,
            )
        )
    labelling.enqueue(connection, tasks)
    return {face_id: "flagged" for _, face_id, _ in page.flagged}


def _again(connection: Connection, page: Page) -> dict[int, str]:
    """The answer to a page that is stored already."""
    ok = {edit.face_id for edit in edits.of_step(connection, page.step)}
    said = {j.face_id: "ok" if j.face_id in ok else "stale" for j in page.accepted}
    return said | {face_id: "flagged" for _, face_id, _ in page.flagged}
