"""The editor's modules over HTTP: a fixed set of files, by name only.

The version in their address is a digest of all of them, so that browsers keep them for ever and
never mix two versions.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_HERE = Path(__file__).parent


def address(name: str) -> str:
    """Where a module is, as a path of this server."""
    return f"/canvas/{_version()}/{name}"


def routes() -> list[Route]:
    """All of them, to be mounted at the root."""
    return [Route("/canvas/{version}/{name}", _module)]


def _module(request: Request) -> Response:
    found = _modules().get(request.path_params["name"])
    if found is None:
        raise HTTPException(404, "there is no such module")
    right = request.path_params["version"] == _version()
    caching = "private, max-age=31536000, immutable" if right else "private, no-cache"
    return Response(found, media_type="text/javascript", headers={"Cache-Control": caching})


@cache
def _modules() -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(_HERE.glob("*.js"))}


@cache
def _version() -> str:
    return hashlib.sha256(repr(_modules()).encode()).hexdigest()[:16]
