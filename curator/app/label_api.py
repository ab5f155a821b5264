"""The annotator's routes: the queue, saves, undo. JSON in, JSON out, all under ``/label``.

Who asks is known from the session, see :mod:`curator.app.guard`; whatever is wrong with a
request is answered with one sentence: ``{"error": "..."}``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from curator.app import label_json as as_json
from curator.app.session import user_of
from curator.errors import CuratorError, InputError, NotFound, StaleEdit, StoreError
from curator.pipeline import correct, queue
from curator.pipeline.correct import Overtaken
from curator.records import User
from curator.store import edits, leases
from curator.store.dataset import Dataset

LARGEST_BODY = 2_000_000
# Counting what is left of 100,000 images takes longer than all the rest of an answer.
COUNT_SECONDS = 5.0

Json = dict[str, Any]


def answer(value: Any, status: int = 200) -> Response:
    """A JSON answer that nobody keeps."""
    headers = {"Cache-Control": "private, no-store"}
    body = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, status, headers, media_type="application/json")


def told(route: Callable[[Any, Request], Response]) -> Callable[[Any, Request], Response]:
    """Answer errors of ours with a sentence and the status that fits."""

    @wraps(route)
    def guarded(self: Any, request: Request) -> Response:
        try:
            return route(self, request)
        except Overtaken as error:
            return answer(as_json.overtaken_json(error), 409)
        except CuratorError as error:
            return answer({"error": str(error)}, _status(error))

    return guarded


def _status(error: CuratorError) -> int:
    kinds = ((StaleEdit, 409), (NotFound, 404), (StoreError, 503), (InputError, 400))
    return next((status for kind, status in kinds if isinstance(error, kind)), 500)


def writing(route: Callable[[Any, Request, Json], Response]) -> Callable[[Any, Request], Any]:
    """Read the JSON object of a request, then answer in a thread; too large a one is refused."""

    @told
    def refuse(_self: Any, _request: Request) -> Response:
        raise InputError(f"the request is larger than {LARGEST_BODY} bytes")

    @wraps(route)
    async def read(self: Any, request: Request) -> Response:
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > LARGEST_BODY:
                return refuse(self, request)

        @told
        def act(self: Any, request: Request) -> Response:
            return route(self, request, as_json.parsed(bytes(body)))

        return await run_in_threadpool(act, self, request)

    return read


class LabelApi:
    """The routes of labelling on one dataset."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._left: dict[Any, tuple[float, int]] = {}

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
        items = queue.next_items(
            self._dataset,
            user,
            wanted,
            count=as_json.count_of(query, 4),
            holds=as_json.ids_of(query, "except"),
        )
        return answer(
            {
                "items": [as_json.item_json(item) for item in items],
                "left": self._count((user.name, user.role, wanted)),
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

    def _count(self, key: Any) -> int:
        """What is left, counted anew every few seconds."""
        known = self._left.get(key)
        if known is None or time.monotonic() - known[0] > COUNT_SECONDS:
            name, role, wanted = key
            self._left = {k: v for k, v in self._left.items() if v[0] > time.monotonic() - 60}
            user = User(name=name, role=role)
            known = (time.monotonic(), queue.left(self._dataset, user, wanted))
            self._left[key] = known
        return known[1]
