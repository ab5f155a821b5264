"""Who asks: the one at this machine, or whoever has logged in."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from curator.records import Role, User

# Where the guard leaves word for the routes.
SCOPE = "curator.user"


def local_user() -> User:
    """The one who works at this machine: everything is theirs."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):
        name = "owner"
    return User(name=name[:64] or "owner", role=Role.OWNER)


def user_of(request: Request) -> User:
    """Who sent a request that the guard let through."""
    return in_scope(request.scope)


def in_scope(scope: Mapping[str, Any]) -> User:
    """Who the guard found in a request."""
    user = scope[SCOPE]
    assert isinstance(user, User)  # noqa: S101 - the guard stands before every route
    return user
