"""How our own routes answer: JSON that nobody keeps, one sentence for whatever is wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from curator.app import label_json as as_json
from curator.errors import CuratorError, Forbidden, InputError, NotFound, StaleEdit, StoreError
from curator.pipeline.correct import Overtaken

LARGEST_BODY = 2_000_000
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
    kinds = (
        (Forbidden, 403),
        (StaleEdit, 409),
        (NotFound, 404),
        (StoreError, 503),
        (InputError, 400),
    )
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
