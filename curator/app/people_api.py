"""The routes about people: progress and pace, names to complete, settings, conflicts to decide."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from curator.app import label_json as as_json
from curator.app.answers import Json, answer, told, writing
from curator.app.session import required, user_of
from curator.errors import InputError
from curator.pipeline import editing
from curator.pipeline.deciding import choose
from curator.pipeline.pace import progress_of
from curator.records import Role
from curator.store import faces, users
from curator.store.dataset import Dataset
from curator.store.rows import canonical

LARGEST_SETTINGS = 16_000
NAMES = 20


class PeopleApi:
    """The routes about the people who label one dataset."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def routes(self) -> list[Route]:
        """To be mounted at the root."""
        return [
            Route("/label/progress", self.progress, methods=["GET"]),
            Route("/label/identities", self.identities, methods=["GET"]),
            Route("/label/settings", self.settings, methods=["GET"]),
            Route("/label/settings", self.keep_settings, methods=["PUT"]),
            Route("/label/choose", self.choose, methods=["POST"]),
        ]

    @told
    def progress(self, request: Request) -> Response:
        """What is left, and how fast each person is."""
        found = progress_of(self._dataset, user_of(request))
        return answer(
            {
                "left": found.left,
                "done": found.done,
                "waiting": found.waiting,
                "by_user": found.by_user,
            }
        )

    @told
    def identities(self, request: Request) -> Response:
        """Names that begin like what was typed."""
        prefix = request.query_params.get("prefix", "")[:200]
        with self._dataset.read() as connection:
            return answer(faces.identities(connection, prefix, limit=NAMES))

    @told
    def settings(self, request: Request) -> Response:
        """What this person set."""
        with self._dataset.read() as connection:
            return answer(users.settings_of(connection, user_of(request).name))

    @writing
    def keep_settings(self, request: Request, said: Json) -> Response:
        """Keep what this person set."""
        if len(canonical(said).encode()) > LARGEST_SETTINGS:
            raise InputError(f"settings may be {LARGEST_SETTINGS} bytes at most")
        with self._dataset.write() as connection:
            users.keep_settings(connection, user_of(request), said)
        return answer(said)

    @writing
    def choose(self, request: Request, said: Json) -> Response:
        """Take over what one of two people said."""
        saved = choose(
            self._dataset,
            required(request, Role.REVIEWER),
            as_json.number(said, "image"),
            version=as_json.number(said, "version"),
            step=as_json.uuid(said, "step"),
            author=editing.text(said.get("user"), "user", longest=64),
        )
        return answer(as_json.saved_json(saved))
