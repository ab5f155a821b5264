"""The queue: what a person is given next, leased, with the faces and why it is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from curator.pipeline import asking
from curator.pipeline.sheet import Sheet, faces_of, open_sheets
from curator.records import Face, Image, Lease, Reason, Role, Task, User
from curator.store import images, labelling, leases, opinions, proposals, steps
from curator.store.dataset import Dataset
from curator.store.labelling import Asker, QueueFilter
from curator.store.rows import now

MOST = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An image to be labelled.

    Attributes:
        version: Of the labels, to be sent back with a save; of the opinion where it is blind.
        faces: Those that count, each with what a browser calls it.
        why: What waits on it, the most urgent first; empty where nobody asked.
        lease_until: None where the person has no lease on it.
        blind: True where this is a second opinion: what others said is not shown.
        proposed: Number of a face -> attributes that measures propose and nobody has stated; none
            where it is blind.
        answers: Of a conflict that this person may decide: who said what.
    """

    image: Image
    version: int
    faces: Sequence[tuple[int | str, Face]]
    why: Sequence[Task]
    lease_until: datetime | None
    blind: bool
    proposed: Mapping[int, Mapping[str, int]]
    answers: Mapping[str, Sequence[tuple[int | str, Face]]]


def next_items(
    dataset: Dataset, user: User, wanted: QueueFilter, *, count: int, holds: Sequence[int] = ()
) -> list[Item]:
    """The next images for a person, leased for five minutes.

    Args:
        dataset: Whose images.
        user: Who asks.
        wanted: Which part of the queue.
        count: How many, at most 24.
        holds: Images that this person has before them already.
    """
    asker = asker_of(user, holds)
    # Others wait for their saves meanwhile: choose and lease, and do all else after it.
    with dataset.write() as connection:
        ids = labelling.next_images(connection, wanted, asker, min(count, MOST))
        leased = leases.take(connection, ids, user.name)
    with dataset.read() as connection:
        tasks = labelling.open_of(connection, ids)
    second = [image_id for image_id in ids if _is_second(tasks.get(image_id, ()), user)]
    if second:
        with dataset.write() as connection:
            for image_id in second:
                asking.begin(connection, images.get(connection, image_id), user.name)
    with dataset.read() as connection:
        found = images.many(connection, ids)
        sheets = open_sheets(connection, [found[image_id] for image_id in ids], user.name)
        return [_item(connection, sheet, user, tasks, leased) for sheet in sheets]


def item(dataset: Dataset, user: User, image_id: int) -> Item:
    """One image, leased where nobody else has it.

    Raises:
        NotFound: if there is none.
    """
    with dataset.write() as connection:
        image = images.get(connection, image_id)
        leased = leases.take(connection, [image_id], user.name)
        (sheet,) = open_sheets(connection, [image], user.name)
        tasks = labelling.open_of(connection, [image_id])
        return _item(connection, sheet, user, tasks, leased)


def left(dataset: Dataset, user: User, wanted: QueueFilter) -> int:
    """How many images of this part of the queue wait for a person."""
    with dataset.read() as connection:
        return labelling.left(connection, wanted, asker_of(user))


def done_today(dataset: Dataset, user: User) -> int:
    """How many images a person has finished in the last 24 hours."""
    with dataset.read() as connection:
        return steps.finished_since(connection, user.name, now() - timedelta(days=1))


def asker_of(user: User, holds: Sequence[int] = ()) -> Asker:
    """How the store knows somebody who asks for work."""
    return Asker(user=user.name, decides=user.role.may(Role.REVIEWER), holds=holds)


def _item(
    connection: Connection,
    sheet: Sheet,
    user: User,
    tasks: Mapping[int, Sequence[Task]],
    leased: Mapping[int, Lease],
) -> Item:
    image = sheet.image
    lease = leased.get(image.id)
    ids = [] if sheet.opinion is not None else [int(key) for key in sheet.shown if key.isdecimal()]
    return Item(
        image=image,
        version=sheet.version,
        faces=faces_of(sheet),
        why=_shown_tasks(sheet, user, tasks.get(image.id, ())),
        lease_until=None if lease is None else lease.until,
        blind=sheet.opinion is not None,
        proposed=proposals.of(connection, ids),
        answers=_answers(connection, image, user, tasks.get(image.id, ())),
    )


def _shown_tasks(sheet: Sheet, user: User, tasks: Sequence[Task]) -> Sequence[Task]:
    if sheet.opinion is not None:
        return [task for task in tasks if task.reason == Reason.SECOND_OPINION]
    mine = [task for task in tasks if task.except_user != user.name]
    if user.role.may(Role.REVIEWER):
        return mine
    return [task for task in mine if task.reason != Reason.CONFLICT]


def _answers(
    connection: Connection, image: Image, user: User, tasks: Sequence[Task]
) -> dict[str, Sequence[tuple[int | str, Face]]]:
    disputed = any(task.reason == Reason.CONFLICT for task in tasks)
    if not disputed or not user.role.may(Role.REVIEWER):
        return {}
    return {
        opinion.user: faces_of(Sheet(image, opinion, dict(opinion.faces), user.name, ""))
        for opinion in opinions.given(connection, image.id)
    }


def _is_second(tasks: Sequence[Task], user: User) -> bool:
    """Whether all that waits for this person is to say what they see, on their own."""
    mine = [task for task in tasks if task.except_user != user.name]
    return bool(mine) and all(task.reason == Reason.SECOND_OPINION for task in mine)
