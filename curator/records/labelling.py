"""Labelling: what people did to faces, what is to be looked at and why, and who takes part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from curator.records.faces import Face


class Op(StrEnum):
    """What an edit does to a face.

    ``choose`` takes over what one of two people said; ``done`` speaks of the image as a whole.
    """

    BOX = "box"
    POINTS = "points"
    VISIBILITY = "visibility"
    ATTRIBUTES = "attributes"
    IDENTITY = "identity"
    TAGS = "tags"
    ACCEPT = "accept"
    REJECT = "reject"
    CREATE = "create"
    RESTORE = "restore"
    CHOOSE = "choose"
    DONE = "done"


class Reason:
    """Why something is to be looked at: stable words to filter by.

    ``review:`` is followed by the name of the run or of the view that asks.
    """

    DISAGREEMENT = "disagreement"
    LOW_SCORE = "low-score"
    SHAPE = "shape"
    QUALITY = "quality"
    REVIEW = "review:"
    AUDIT = "audit"
    CONFLICT = "conflict"
    SECOND_OPINION = "second-opinion"
    FLAGGED = "flagged"
    NEW = "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change that a person made; edits are added, never changed.

    Attributes:
        id: A UUID made where the edit was made, so that it is stored once however often it is
            sent.
        face_id: None for what was said of the image, and for a face that only an opinion has.
        subject: What the browser called the face; None for what was said of the image.
        before: The fields that changed, as they were; None where the face was not there.
        after: The same fields as they became; None where the face went away.
        step: UUID of what one action did: undo takes back a step.
        version: Of the image after the step.
        opinion_id: The second opinion this belongs to, None for the labels of the dataset.
    """

    id: str
    image_id: int
    face_id: int | None
    subject: str | None
    user: str
    at: datetime
    op: Op
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    step: str
    version: int
    opinion_id: int | None = None


class StepKind(StrEnum):
    """How a step came about."""

    SAVE = "save"
    UNDO = "undo"
    REDO = "redo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action of a person.

    Attributes:
        target: The step that this one took back or did again.
        undone: True while it is taken back.
        images: How many images it finished.
        faces: How many faces these have.
        seconds: Spent on it, None where nobody measured.
        actions: Keys and clicks, None where nobody counted.
    """

    id: str
    user: str
    at: datetime
    kind: StepKind
    target: str | None = None
    undone: bool = False
    images: int = 0
    faces: int = 0
    seconds: float | None = None
    actions: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """Something that a person should look at.

    Attributes:
        reason: A word of :class:`Reason`.
        priority: 0..1, higher first.
        detail: One sentence for a person, such as ``score 0.31``.
        except_user: Who must not be given it.
    """

    image_id: int
    reason: str
    priority: float
    face_id: int | None = None
    detail: str = ""
    except_user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A stored :class:`NewTask`; ``done_at`` is None while it waits."""

    id: int
    image_id: int
    face_id: int | None
    reason: str
    priority: float
    detail: str
    except_user: str | None
    created_at: datetime
    done_at: datetime | None
    done_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """An image that one person works on until a moment, so that nobody else is given it."""

    image_id: int
    user: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one person says of an image that two are asked about.

    Attributes:
        faces: As this person left them, by what the browser calls them: the number, or the
            name of one that this person added, whose ``id`` is None.
        version: Grows with each saved step.
        done_at: None while the person is at it.
    """

    id: int
    image_id: int
    user: str
    faces: Mapping[str, Face]
    version: int
    created_at: datetime
    done_at: datetime | None


class Role(StrEnum):
    """What somebody may do; each may all that those before it may.

    A labeller labels; a reviewer also decides conflicts, rejects other people's work and makes
    releases; an owner everything.
    """

    LABELLER = "labeller"
    REVIEWER = "reviewer"
    OWNER = "owner"

    def may(self, needed: Role) -> bool:
        """Whether this role includes the needed one."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who takes part.

    Attributes:
        password: How it was hashed and the hash; None for who cannot log in.
        epoch: Sessions of an earlier one are over.
        settings: Keys, colours and the like.
    """

    name: str
    role: Role
    password: str | None = field(default=None, repr=False)
    epoch: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    created_at: datetime | None = None
