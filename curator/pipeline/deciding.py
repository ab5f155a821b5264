"""Conflicts: two people said different things of an image, and a reviewer takes one of them."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from curator.errors import NotFound
from curator.pipeline import editing
from curator.pipeline.correct import Overtaken, Saved, settle
from curator.pipeline.editing import Fields
from curator.pipeline.sheet import Sheet, faces_of, open_sheet
from curator.records import Face, FaceStatus, Op, Opinion, Step, StepKind, User
from curator.store import edits, images, opinions, steps
from curator.store.dataset import Dataset

_GONE: Fields = {"status": str(FaceStatus.REJECTED)}


def choose(
    dataset: Dataset, user: User, image_id: int, *, version: int, step: str, author: str
) -> Saved:
    """Make the labels of an image what one person said of it; the conflict is over.

    Args:
        dataset: Whose image.
        user: Who decides.
        image_id: Of the image.
        version: Of the image as the decider saw it.
        step: UUID of this action; it is stored once however often it is sent.
        author: Whose answer is taken.

    Raises:
        NotFound: if there is no such image, or this person has given no answer.
        Overtaken: if the image has changed meanwhile.
    """
    with dataset.write() as connection:
        image = images.get(connection, image_id)
        sheet = Sheet(image, None, {}, user.name, step)
        sheet.faces = open_sheet(connection, image, "").faces
        if steps.get(connection, step) is None:
            if image.version != version:
                raise Overtaken(sheet, edits.last(connection, image_id))
            opinion = opinions.of(connection, image_id, author)
            if opinion is None or opinion.done_at is None:
                raise NotFound(f"{author} has said nothing of image {image_id}")
            _take_over(sheet, opinion)
            settle(connection, sheet, user, done=True)
            kind = StepKind.SAVE
            done = Step(id=step, user=user.name, at=sheet.at, kind=kind, images=1)
            steps.add(connection, done)
        return Saved(
            image_id=image_id, version=sheet.version, faces=faces_of(sheet), ids=sheet.numbers
        )


def _take_over(sheet: Sheet, opinion: Opinion) -> None:
    for key, old in list(sheet.faces.items()):
        if key in opinion.faces:
            _become(sheet, key, old, editing.said(opinion.faces[key]))
        elif old.status is not FaceStatus.REJECTED:
            _become(sheet, key, old, _GONE)
    for key, face in opinion.faces.items():
        if key not in sheet.faces and face.status is not FaceStatus.REJECTED:
            sheet.faces[key] = face
            sheet.note(_edit_id(sheet, key), key, Op.CREATE, None, editing.said(face))


def _become(sheet: Sheet, key: str, old: Face, fields: Fields) -> None:
    new = editing.with_fields(old, fields)
    before, after = editing.difference(old, new)
    if after:
        sheet.faces[key] = new
        sheet.note(_edit_id(sheet, key), key, Op.CHOOSE, before, after)


def _edit_id(sheet: Sheet, key: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"{sheet.step}/{sheet.image.id}/chosen/{key}"))
