"""A sheet: the faces of one image that a person's edits change, and what the edits were.

It holds the labels of the dataset, or, for somebody who was asked for a second opinion and has
not answered yet, that opinion: the machine's proposals with this person's edits alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from msgspec import structs
from sqlalchemy import Connection

from curator.errors import InputError
from curator.pipeline import editing
from curator.pipeline.editing import Change, Fields
from curator.records import Edit, Face, FaceStatus, Image, ImageStatus, Op, Opinion
from curator.store import edits, faces, images, measures, opinions
from curator.store.rows import now


@dataclass(slots=True)
class Sheet:
    """The faces of an image at work.

    Attributes:
        opinion: The second opinion it is, None for the labels of the dataset.
        faces: By what the browser calls them: the number as text, or ``new-<uuid>``.
        made: The edits so far, to be stored by :meth:`write`.
        numbers: ``new-<uuid>`` -> the number that the face has got.
    """

    image: Image
    opinion: Opinion | None
    faces: dict[str, Face]
    user: str
    step: str
    at: datetime = field(default_factory=now)
    made: list[Edit] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    @property
    def version(self) -> int:
        """What a save must have seen."""
        return self.image.version if self.opinion is None else self.opinion.version

    @property
    def status(self) -> ImageStatus:
        """How far it has come; an opinion is finished when its person says so."""
        if self.opinion is None:
            return self.image.status
        return ImageStatus.PROPOSED if self.opinion.done_at is None else ImageStatus.LABELLED

    @property
    def shown(self) -> dict[str, Face]:
        """The faces that count."""
        return {k: face for k, face in self.faces.items() if face.status != FaceStatus.REJECTED}

    def apply(self, connection: Connection, change: Change) -> None:
        """Make one edit.

        Raises:
            InputError: if the image has no such face or it cannot become so.
        """
        if change.op is Op.CREATE:
            self._create(change)
            return
        key = self._key(connection, change.face)
        old = self.faces.get(key)
        if old is None:
            raise InputError(f"image {self.image.id} has no face {change.face}")
        earlier = self._before_rejection(connection, key) if change.op is Op.RESTORE else None
        new = editing.changed(old, change, earlier)
        before, after = editing.difference(old, new)
        self.faces[key] = new
        self.note(change.id, key, change.op, before, after)

    def finish(self) -> None:
        """Accept what is left of the proposals and call the image done."""
        for key, face in self.faces.items():
            if face.status is FaceStatus.PROPOSED:
                new = editing.with_fields(face, {"status": FaceStatus.ACCEPTED})
                self.faces[key] = new
                edit_id = str(uuid5(NAMESPACE_URL, f"{self.step}/rest/{self.image.id}/{key}"))
                self.note(edit_id, key, Op.ACCEPT, *editing.difference(face, new))

    def take_back(self, done: Edit) -> None:
        """Make the edit that undoes one of a face that is on this sheet."""
        key = done.subject if self.opinion is not None else str(done.face_id)
        # A face whose making is taken back stays as a rejected row: its edits point to it.
        gone: Mapping[str, Any] = {"status": FaceStatus.REJECTED}
        if key is None or key not in self.faces:
            raise InputError(f"a face of image {self.image.id} is no longer there")
        fields = gone if done.before is None else done.before
        self.faces[key] = editing.with_fields(self.faces[key], fields)
        edit_id = str(uuid5(NAMESPACE_URL, f"{self.step}/back/{done.id}"))
        self.note(edit_id, key, done.op, done.after, done.before)

    def say_done(self, before: Fields | None, after: Fields | None) -> None:
        """Note what became of the image as a whole."""
        edit_id = str(uuid5(NAMESPACE_URL, f"{self.step}/done/{self.image.id}"))
        self.note(edit_id, None, Op.DONE, before, after)

    def write(self, connection: Connection, status: ImageStatus) -> None:
        """Store faces and edits, all at the next version."""
        if self.opinion is None:
            still = measures.versions(connection, self._unmoved())
            for key in dict.fromkeys(edit.subject for edit in self.made if edit.subject):
                number = faces.put(connection, self.faces[key])
                if not key.isdecimal():
                    self.numbers[key] = number
                    self.faces[str(number)] = structs.replace(self.faces.pop(key), id=number)
            measures.carry(connection, still)
            version = images.advance(connection, self.image.id, status)
            self.image = replace(self.image, version=version, status=status)
        else:
            done_at = self.at if status is ImageStatus.LABELLED else None
            self.opinion = replace(
                self.opinion, faces=self.faces, version=self.version + 1, done_at=done_at
            )
            opinions.put(connection, self.opinion)
        edits.add(connection, [self._numbered(edit) for edit in self.made])

    def _unmoved(self) -> list[int]:
        """Faces of which something else was said than where they are."""
        where = {"box", "points", "visibility", "scheme"}
        moved = {edit.subject for edit in self.made if where & set(edit.after or where)}
        touched = dict.fromkeys(edit.subject for edit in self.made)
        return [int(key) for key in touched if key and key.isdecimal() and key not in moved]

    def _numbered(self, edit: Edit) -> Edit:
        number = edit.face_id
        if number is None and edit.subject is not None:
            number = self.numbers.get(edit.subject)
        return replace(edit, face_id=number, version=self.version)

    def _create(self, change: Change) -> None:
        key = str(change.face)
        if not key.startswith("new-") or key in self.faces:
            raise InputError("a new face is called new-<uuid>, each by another one")
        face = editing.created(change, self.image.id)
        self.faces[key] = face
        self.note(change.id, key, Op.CREATE, None, editing.said(face))

    def _key(self, connection: Connection, face: int | str) -> str:
        key = str(face)
        if key in self.faces or self.opinion is not None or not key.startswith("new-"):
            return key
        # Made by an earlier save whose answer the browser has not had.
        number = edits.created(connection, self.image.id, key)
        return key if number is None else str(number)

    def _before_rejection(self, connection: Connection, key: str) -> FaceStatus | None:
        stored = edits.of_face(connection, int(key)) if key.isdecimal() else []
        for edit in reversed([*stored, *(edit for edit in self.made if edit.subject == key)]):
            if edit.op is Op.REJECT and edit.before and "status" in edit.before:
                return FaceStatus(edit.before["status"])
        return None

    def note(
        self,
        edit_id: str,
        key: str | None,
        op: Op,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
    ) -> None:
        """Keep an edit of this person, to be stored by :meth:`write`."""
        self.made.append(
            Edit(
                id=edit_id,
                image_id=self.image.id,
                face_id=None if key is None else self.faces[key].id,
                subject=key,
                user=self.user,
                at=self.at,
                op=op,
                before=before,
                after=after,
                step=self.step,
                version=0,
                opinion_id=None if self.opinion is None else self.opinion.id,
            )
        )


def open_sheet(
    connection: Connection,
    image: Image,
    user: str,
    *,
    step: str = "",
    opinion: Opinion | None = None,
) -> Sheet:
    """What this person's edits of an image change.

    Args:
        connection: A reading or writing one.
        image: As it is now.
        user: The name of the person.
        step: UUID of what the edits belong to.
        opinion: The opinion meant, where it is finished already.
    """
    mine = opinion or opinions.of(connection, image.id, user)
    if mine is None or (opinion is None and mine.done_at is not None):
        stored = faces.of_image(connection, image.id)
        return Sheet(image, None, {str(i): f for i, f in stored.items()}, user, step)
    return Sheet(image, mine, dict(mine.faces), user, step)


def open_sheets(connection: Connection, shown: Sequence[Image], user: str) -> list[Sheet]:
    """What this person sees of a few images, asked for at once."""
    ids = [image.id for image in shown]
    mine = opinions.under_way(connection, ids, user)
    stored = faces.of_images(connection, ids)
    return [
        Sheet(image, mine[image.id], dict(mine[image.id].faces), user, "")
        if image.id in mine
        else Sheet(image, None, {str(i): f for i, f in stored[image.id].items()}, user, "")
        for image in shown
    ]


def machine_faces(connection: Connection, image: Image) -> dict[str, Face]:
    """The faces as they were before anybody touched them: what a second person starts from."""
    found: dict[int, Face] = faces.of_image(connection, image.id)
    for edit in reversed(edits.of_image(connection, image.id)):
        if edit.face_id not in found or edit.face_id is None:
            continue
        if edit.before is None:
            del found[edit.face_id]
        else:
            known = found[edit.face_id]
            found[edit.face_id] = structs.replace(
                editing.with_fields(known, edit.before), version=known.version - 1
            )
    return {str(i): face for i, face in found.items()}


def faces_of(sheet: Sheet) -> Sequence[tuple[int | str, Face]]:
    """The faces that count, each with what a browser calls it."""
    return [(int(k) if k.isdecimal() else k, face) for k, face in sheet.shown.items()]
