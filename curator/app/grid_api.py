"""The routes of the grid: a page of crops, and what a person says of it."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from curator.app import label_json as as_json
from curator.app.answers import Json, answer, told, writing
from curator.app.label_api import Left
from curator.app.pictures import crop_url
from curator.app.session import user_of
from curator.app.thumbnails import window
from curator.errors import InputError
from curator.pipeline import editing
from curator.pipeline.grid import MOST, Judged, Page, grid, judge
from curator.store.dataset import Dataset
from curator.store.suspects import Suspect


class GridApi:
    """The routes of the grid of one dataset."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._left = Left(dataset)

    def routes(self) -> list[Route]:
        """To be mounted at the root."""
        return [
            Route("/label/grid", self.page, methods=["GET"]),
            Route("/label/grid", self.judge, methods=["POST"]),
        ]

    @told
    def page(self, request: Request) -> Response:
        """The most doubtful faces, their images leased."""
        user, query = user_of(request), request.query_params
        wanted = as_json.filter_of(query)
        found = grid(
            self._dataset,
            user,
            wanted,
            count=as_json.count_of(query, 24),
            holds=as_json.ids_of(query, "except"),
        )
        shown = [_shown(suspect) for suspect in found]
        return answer({"faces": shown, "left": self._left.of(user, wanted)})

    @writing
    def judge(self, request: Request, said: Json) -> Response:
        """Accept a page but for what is flagged."""
        return answer({"faces": judge(self._dataset, user_of(request), _page_of(said))})


def _shown(suspect: Suspect) -> Json:
    image, face = suspect.image, suspect.face
    return {
        "image": image.id,
        "name": image.name,
        "version": image.version,
        "face": as_json.face_json(face.id or 0, face),
        "crop": crop_url(image, face),
        "window": window(face.box, image),
        "why": {"reason": suspect.reason, "detail": suspect.detail},
    }


def _page_of(said: Json) -> Page:
    accepted = [_object(one) for one in as_json.listed(said, "accept", most=MOST)]
    flagged = [_object(one) for one in as_json.listed(said, "flag", most=MOST)]
    seconds, actions = as_json.spent_of(said)
    return Page(
        step=as_json.uuid(said, "step"),
        accepted=tuple(
            Judged(
                image_id=as_json.number(one, "image"),
                face_id=as_json.number(one, "face"),
                version=as_json.number(one, "face_version"),
            )
            for one in accepted
        ),
        flagged=tuple(
            (as_json.number(one, "image"), as_json.number(one, "face"), _reason(one))
            for one in flagged
        ),
        seconds=seconds,
        actions=actions,
    )


def _object(value: Any) -> Json:
    if not isinstance(value, dict):
        raise InputError("a face of the page is an object with image, face and face_version")
    return value


def _reason(said: Json) -> str:
    reason = said.get("reason") or "flagged on a page of crops"
    return editing.text(reason, "reason")
