"""The annotator's routes: the queue, saves, undo. JSON in, JSON out, all under ``/label``.

Who asks is known from the session, see :mod:`curator.app.guard`; whatever is wrong with a
request is answered with one sentence: ``{"error": "..."}``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from curator.app import label_json as as_json
from curator.app.answers import Json, answer, told, writing
from curator.app.session import user_of
from curator.errors import InputError
from curator.pipeline import correct, queue
from curator.records import Role, User
from curator.store import edits, leases
from curator.store.dataset import Dataset
from curator.store.labelling import QueueFilter

# Counting what is left of 100,000 images takes longer than all the rest of an answer.
COUNT_SECONDS = 3.0


class Left:
    """How many images are left, counted anew now and then, once for all who may see the same."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._lock = Lock()
        self._known: dict[tuple[Role, QueueFilter], tuple[float, int]] = {}

    def of(self, user: User, wanted: QueueFilter) -> int:
        """The number as it was a few seconds ago; one person counts while others go on."""
        key = (user.role, wanted)
        due, known = self._known.get(key, (0.0, None))
        if known is not None and time.monotonic() < due:
            return known
        # Whoever has an older number does not wait for a newer one.
        if not self._lock.acquire(blocking=known is None):
            return known or 0
        try:
            return self._counted(key)
        finally:
            self._lock.release()

    def _counted(self, key: tuple[Role, QueueFilter]) -> int:
        role, wanted = key
        due, known = self._known.get(key, (0.0, 0))
        started = time.monotonic()
        if started < due:
            # Somebody else has counted while this one waited.
            return known
        found = queue.left(self._dataset, User(name="", role=role), wanted)
        now = time.monotonic()
        # Counting takes one part in a hundred of the time, whatever the size of the dataset.
        due = now + max(COUNT_SECONDS, 100 * (now - started))
        fresh = {k: v for k, v in self._known.copy().items() if now - v[0] < 600}
        self._known = fresh | {key: (due, found)}
        return found


class LabelApi:
    """The routes of labelling on one dataset."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._left = Left(dataset)

    def routes(self) -> list[Route]:
        """All of them, to be mounted at the root."""
        return [
            Route("/label/next", self.next, methods=["GET"]),
            Route("/label/image/{image:int}", self.image, methods=["GET"]),
            Route("/label/history", self.history, methods=["GET"]),
            Route("/label/save", self.save, methods=["POST"]),
            Route("/label/renew", self.renew, methods=["POST"]),
            Route("/label/release", self.release, methods=["POST"]),
            Route("/label/undo", self.undo, methods=["POST"]),
            Route("/label/redo", self.redo, methods=["POST"]),
        ]

    @told
    def next(self, request: Request) -> Response:
        """The next images of the queue, leased."""
        user, query = user_of(request), request.query_params
        wanted = as_json.filter_of(query)
        holds = as_json.ids_of(query, "except")
        count = as_json.count_of(query, 4)
        items = queue.next_items(self._dataset, user, wanted, count=count, holds=holds)
        return answer(
            {
                "items": [as_json.item_json(item) for item in items],
                # What waits may wait for others, as a second opinion does.
                "left": self._left.of(user, wanted) if items or holds else 0,
                "done_today": queue.done_today(self._dataset, user),
            }
        )

    @told
    def image(self, request: Request) -> Response:
        """One image."""
        found = queue.item(self._dataset, user_of(request), request.path_params["image"])
        return answer(as_json.item_json(found))

    @told
    def history(self, request: Request) -> Response:
        """Who did what to a face, oldest first."""
        face = next(iter(as_json.ids_of(request.query_params, "face")), None)
        if face is None:
            raise InputError("say which face: /label/history?face=12")
        with self._dataset.read() as connection:
            return answer([as_json.edit_json(e) for e in edits.of_face(connection, face)])

    @writing
    def save(self, request: Request, said: Json) -> Response:
        """One step on one image."""
        saved = correct.save(self._dataset, user_of(request), as_json.save_of(said))
        return answer(as_json.saved_json(saved))

    @writing
    def renew(self, request: Request, said: Json) -> Response:
        """Keep images for another five minutes."""
        ids = as_json.numbers(said, "images")
        with self._dataset.write() as connection:
            kept = leases.renew(connection, ids, user_of(request).name)
        return answer({"leases": {i: lease.until.isoformat() for i, lease in kept.items()}})

    @writing
    def release(self, request: Request, said: Json) -> Response:
        """Give images back."""
        ids = as_json.numbers(said, "images")
        with self._dataset.write() as connection:
            leases.release(connection, ids, user_of(request).name)
        return answer({"released": ids})

    @writing
    def undo(self, request: Request, said: Json) -> Response:
        """Take back what this person did last."""
        return self._reversed(request, said, correct.undo)

    @writing
    def redo(self, request: Request, said: Json) -> Response:
        """Do it again."""
        return self._reversed(request, said, correct.redo)

    def _reversed(self, request: Request, said: Json, act: Callable[..., int | None]) -> Response:
        user = user_of(request)
        step = as_json.uuid(said, "step") if "step" in said else None
        image_id = act(self._dataset, user, step)
        if image_id is None:
            return answer({"nothing": True})
        return answer({"item": as_json.item_json(queue.item(self._dataset, user, image_id))})
