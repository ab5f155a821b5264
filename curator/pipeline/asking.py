"""Second opinions: who is asked again, what is closed by whom, and what becomes a conflict."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection

from curator.config import settings
from curator.evaluate.agreement import conflict
from curator.pipeline.sheet import Sheet, machine_faces
from curator.records import Face, Image, NewTask, Opinion, Reason
from curator.store import labelling, opinions

# A conflict is two people's work gone to waste until somebody decides: before anything else.
CONFLICT_PRIORITY = 1.0
SECOND_PRIORITY = 0.9


def tasks_of(connection: Connection, sheet: Sheet, *, decides: bool) -> list[int]:
    """The tasks that are over when this person has finished with the image."""
    waiting = labelling.open_of(connection, [sheet.image.id]).get(sheet.image.id, [])
    if sheet.opinion is not None:
        return [
            task.id
            for task in waiting
            if task.reason == Reason.SECOND_OPINION and task.except_user != sheet.user
        ]
    kept = {Reason.SECOND_OPINION} if decides else {Reason.SECOND_OPINION, Reason.CONFLICT}
    return [task.id for task in waiting if task.reason not in kept]


def after(connection: Connection, sheet: Sheet) -> None:
    """An image is finished: ask another person, or compare what the two say."""
    if sheet.opinion is not None:
        _compare(connection, sheet.image, sheet.opinion)
    elif is_drawn(sheet.image.sha256, settings().second_opinion, "second opinion"):
        _ask(connection, sheet)


def is_drawn(key: str, share: float, what: str) -> bool:
    """Whether a thing is in a random share of all, always the same for the same thing.

    Args:
        key: What identifies the thing.
        share: 0..1.
        what: The drawing: others are independent of it.
    """
    digest = hashlib.sha256(f"{what}/{key}".encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64


def begin(connection: Connection, image: Image, user: str) -> Opinion:
    """The opinion of somebody who now looks at the image: from the machine's proposals on."""
    mine = opinions.of(connection, image.id, user)
    if mine is not None:
        return mine
    start = machine_faces(connection, image)
    return opinions.begin(connection, image.id, user, start, done=False)


def _ask(connection: Connection, sheet: Sheet) -> None:
    given = opinions.given(connection, sheet.image.id)
    if any(opinion.user != sheet.user for opinion in given):
        return
    faces = {key: face for key, face in sheet.faces.items() if key.isdecimal()}
    opinions.begin(connection, sheet.image.id, sheet.user, faces, done=True)
    task = NewTask(
        image_id=sheet.image.id,
        reason=Reason.SECOND_OPINION,
        priority=SECOND_PRIORITY,
        detail="a second person is asked, without seeing what the first one said",
        except_user=sheet.user,
    )
    labelling.enqueue(connection, [task])


def _compare(connection: Connection, image: Image, mine: Opinion) -> None:
    for other in opinions.given(connection, image.id):
        found = conflict(counting(other), counting(mine))
        if other.user == mine.user or found is None:
            continue
        task = NewTask(
            image_id=image.id,
            reason=Reason.CONFLICT,
            priority=CONFLICT_PRIORITY,
            detail=f"{other.user} and {mine.user}: {found}",
        )
        labelling.enqueue(connection, [task])
        return


def counting(opinion: Opinion) -> list[Face]:
    """The faces of an opinion that its person did not reject."""
    return [face for face in opinion.faces.values() if face.status != "rejected"]
