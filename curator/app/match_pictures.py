"""Pictures of mistakes over HTTP: ``/matches/12``, one match with what is beside it."""

from __future__ import annotations

import hashlib

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from curator.app.pictures import ASK_AGAIN, FOREVER
from curator.errors import NotFound
from curator.imaging import BrokenImage
from curator.pipeline.mistakes import picture
from curator.records import Match, Run
from curator.store.dataset import Dataset


def match_url(run: Run, one: Match) -> str:
    """Where its picture is; another judgement gives the same numbers to other matches."""
    said = repr((run.id, run.finished_at, one.id))
    return f"/matches/{one.id}?v={hashlib.sha256(said.encode()).hexdigest()[:16]}"


class MatchPictures:
    """The route to the pictures of one dataset's matches."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def routes(self) -> list[Route]:
        """To be mounted at the root."""
        return [Route("/matches/{match:int}", self.match)]

    def match(self, request: Request) -> Response:
        """One match."""
        try:
            data = picture(self._dataset, request.path_params["match"])
        except (NotFound, BrokenImage, OSError) as cause:
            raise HTTPException(404, "there is no such picture") from cause
        caching = FOREVER if "v" in request.query_params else ASK_AGAIN
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": caching})
