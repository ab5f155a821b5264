"""Correct: what a person did to an image becomes faces and edits, in one short transaction.

A step is stored once however often it is sent, whole or not at all, and only on the version of
the image that the person saw. Undo and redo are steps of their own: nothing is ever taken out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import uuid4

from sqlalchemy import Connection

from curator.errors import Forbidden, InputError, StaleEdit
from curator.pipeline import asking
from curator.pipeline.editing import Change
from curator.pipeline.sheet import Sheet, faces_of, open_sheet
from curator.records import Edit, Face, ImageStatus, Op, Role, Step, StepKind, User
from curator.store import edits, images, labelling, leases, opinions, steps
from curator.store.dataset import Dataset
from curator.store.rows import now

Named = Sequence[tuple[int | str, Face]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """What a person did to one image.

    Attributes:
        version: Of the image as the person saw it.
        step: UUID of the action.
        done: Accept what is left; nothing more is to be done here.
        seconds: Spent on it.
        actions: Keys and clicks it took.
    """

    image_id: int
    version: int
    step: str
    changes: tuple[Change, ...] = ()
    done: bool = False
    seconds: float | None = None
    actions: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """The image after a save.

    Attributes:
        version: After this step, also where the step is answered again later.
        faces: Those that count, each with what a browser calls it.
        ids: ``new-<uuid>`` -> the number that the face has got.
    """

    image_id: int
    version: int
    faces: Named
    ids: Mapping[str, int]


class Overtaken(StaleEdit):
    """Somebody was faster; what is there now, for the person to choose.

    Attributes:
        faces: Those that count now.
        by: Who changed the image last, None where a machine did.
    """

    def __init__(self, sheet: Sheet, last: tuple[str, datetime] | None) -> None:
        self.image_id = sheet.image.id
        self.version = sheet.version
        self.faces = faces_of(sheet)
        self.by: str | None = None if last is None else last[0]
        self.at: datetime | None = None if last is None else last[1]
        super().__init__(
            f"image {self.image_id} was changed by {self.by or 'a detector'} meanwhile"
        )


def save(dataset: Dataset, user: User, wanted: Save) -> Saved:
    """Store one step of a person.

    Raises:
        NotFound: if there is no such image.
        InputError: if an edit cannot be; nothing of the step is stored then.
        Forbidden: if a labeller rejects the work of another person.
        Overtaken: if the image has changed since the person saw it.
    """
    with dataset.write() as connection:
        image = images.get(connection, wanted.image_id)
        earlier = steps.get(connection, wanted.step)
        if earlier is not None:
            return _again(connection, user, wanted, earlier)
        sheet = open_sheet(connection, image, user.name, step=wanted.step)
        if sheet.version != wanted.version:
            raise Overtaken(sheet, edits.last(connection, image.id))
        if sheet.opinion is None and not user.role.may(Role.REVIEWER):
            _respect_others(connection, sheet, user, wanted)
        known = edits.known(connection, (change.id for change in wanted.changes))
        for change in wanted.changes:
            if change.id not in known:
                sheet.apply(connection, change)
        # What changed nothing is no step: there would be nothing to take back.
        if sheet.made or wanted.done:
            settle(connection, sheet, user, done=wanted.done)
            steps.add(connection, _step(user, wanted, sheet))
        return Saved(
            image_id=image.id,
            version=sheet.version,
            faces=faces_of(sheet),
            ids=sheet.numbers,
        )


def settle(connection: Connection, sheet: Sheet, user: User, *, done: bool) -> None:
    """Store a sheet; a finished one closes its tasks and may ask another person."""
    if not done:
        sheet.write(connection, sheet.status)
        return
    before = sheet.status
    sheet.finish()
    closed = asking.tasks_of(connection, sheet, decides=user.role.may(Role.REVIEWER))
    labelling.close(connection, closed, user.name)
    sheet.say_done({"status": before, "tasks": []}, {"status": "labelled", "tasks": closed})
    sheet.write(connection, ImageStatus.LABELLED)
    leases.release(connection, [sheet.image.id], user.name)
    asking.after(connection, sheet)


def undo(dataset: Dataset, user: User, step: str | None = None) -> int | None:
    """Take back what this person did last, as new edits.

    Args:
        dataset: Whose images.
        user: Whose steps.
        step: UUID of this action; sent again, it takes back nothing more.

    Returns:
        The image of it, None where there is nothing to take back.

    Raises:
        StaleEdit: if somebody else has changed those faces since.
    """
    return _turn(dataset, user, StepKind.UNDO, step)


def redo(dataset: Dataset, user: User, step: str | None = None) -> int | None:
    """Do again what this person took back last, where nothing was done after it.

    Returns:
        The image of it, None where there is nothing.

    Raises:
        StaleEdit: if somebody else has changed those faces since.
    """
    return _turn(dataset, user, StepKind.REDO, step)


def _turn(dataset: Dataset, user: User, kind: StepKind, step: str | None) -> int | None:
    find = steps.standing if kind is StepKind.UNDO else steps.taken_back
    with dataset.write() as connection:
        known = _image_of(connection, step)
        if known is not None:
            return known
        target = find(connection, user.name)
        if target is None:
            return None
        done = target if kind is StepKind.UNDO else steps.undoing(connection, target.id)
        if done is None:
            raise InputError("this step was never taken back")
        return _reverse(connection, user, target, done, kind, step)


def _reverse(
    connection: Connection, user: User, target: Step, done: Step, kind: StepKind, step: str | None
) -> int:
    """Make the opposite of a step: of the target, or of what took the target back."""
    step = step or str(uuid4())
    made = edits.of_step(connection, done.id)
    _refuse_if_overtaken(connection, user, done, made)
    where = sorted(made, key=lambda edit: (edit.image_id, edit.opinion_id or 0))
    for (image_id, opinion_id), group in groupby(
        where, key=lambda edit: (edit.image_id, edit.opinion_id)
    ):
        opinion = None if opinion_id is None else opinions.get(connection, opinion_id)
        image = images.get(connection, image_id)
        sheet = open_sheet(connection, image, user.name, step=step, opinion=opinion)
        if opinion is None and sheet.opinion is not None:
            raise StaleEdit(f"image {image_id} waits for your second opinion; give it first")
        status = sheet.status
        for edit in sorted(group, key=made.index, reverse=True):
            if edit.op is Op.DONE:
                status = _whole_image(connection, sheet, edit)
            else:
                sheet.take_back(edit)
        sheet.write(connection, status)
    steps.set_undone(connection, target.id, kind is StepKind.UNDO)
    steps.add(connection, Step(id=step, user=user.name, at=now(), kind=kind, target=target.id))
    return made[0].image_id


def _whole_image(connection: Connection, sheet: Sheet, edit: Edit) -> ImageStatus:
    """Open again the tasks that an edit closed, or close those that it opened."""
    before, after = dict(edit.before or {}), dict(edit.after or {})
    labelling.reopen(connection, after["tasks"])
    labelling.close(connection, before["tasks"], sheet.user)
    sheet.say_done(after, before)
    return ImageStatus(before["status"])


def _refuse_if_overtaken(
    connection: Connection, user: User, done: Step, made: Sequence[Edit]
) -> None:
    shared = [edit.face_id for edit in made if edit.face_id and edit.opinion_id is None]
    other = edits.by_others_since(connection, done.id, user.name, shared)
    if other is not None:
        raise StaleEdit(f"{other} has changed these faces since, so this cannot be taken back")


def _image_of(connection: Connection, step: str | None) -> int | None:
    """The image of a step that is stored already."""
    made = edits.of_step(connection, step) if step is not None else []
    return made[0].image_id if made else None


def _respect_others(connection: Connection, sheet: Sheet, user: User, wanted: Save) -> None:
    """A labeller does not throw away what another person said; a reviewer may."""
    for change in wanted.changes:
        face = sheet.faces.get(str(change.face))
        if change.op is not Op.REJECT or face is None or face.id is None:
            continue
        other = edits.last_of_face(connection, face.id)
        if other not in (None, user.name):
            raise Forbidden(f"face {face.id} is the work of {other}: a reviewer may reject it")


def _again(connection: Connection, user: User, wanted: Save, earlier: Step) -> Saved:
    """The answer to a step that is stored already."""
    made = [e for e in edits.of_step(connection, earlier.id) if e.image_id == wanted.image_id]
    if earlier.user != user.name or earlier.kind is not StepKind.SAVE:
        raise InputError("this step is known already, and is another one")
    if wanted.changes and not made:
        raise InputError("this step is known already, of another image")
    opinion_id = made[0].opinion_id if made else None
    opinion = None if opinion_id is None else opinions.get(connection, opinion_id)
    image = images.get(connection, wanted.image_id)
    sheet = open_sheet(connection, image, user.name, opinion=opinion)
    return Saved(
        image_id=image.id,
        version=made[0].version if made else sheet.version,
        faces=faces_of(sheet),
        ids={
            str(edit.subject): edit.face_id
            for edit in made
            if edit.op is Op.CREATE and edit.face_id is not None
        },
    )


def _step(user: User, wanted: Save, sheet: Sheet) -> Step:
    return Step(
        id=wanted.step,
        user=user.name,
        at=sheet.at,
        kind=StepKind.SAVE,
        images=int(wanted.done),
        faces=len(sheet.shown) if wanted.done else 0,
        seconds=wanted.seconds,
        actions=wanted.actions,
    )
