"""Who asks: the one at this machine, or whoever has logged in."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from curator.errors import Forbidden
from curator.records import Role, User

if TYPE_CHECKING:
    from curator.app.accounts import Accounts

# Where the guard leaves word for the routes.
SCOPE = "curator.user"
# A page of ours reads the cookie and says it again; another site's cannot.
XSRF_COOKIE = "curator_xsrf"

_team: list[Accounts] = []


def use(accounts: Accounts | None) -> None:
    """Say who may come in; None where there is nobody but the one at this machine."""
    _team[:] = [] if accounts is None else [accounts]


def current() -> User:
    """Who a page is drawn for, while Streamlit runs it.

    Raises:
        Forbidden: if the session is over.
    """
    from streamlit import context

    from curator.app.accounts import COOKIE

    if not _team:
        return local_user()
    user = _team[0].user_of(context.cookies.get(COOKIE))
    if user is None:
        raise Forbidden("you are logged out; load the page again to log in")
    return user


def need(role: Role) -> User:
    """Who a page is drawn for, if their role includes this one.

    Raises:
        Forbidden: if it does not, or the session is over.
    """
    return _with_role(current(), role)


def is_team() -> bool:
    """Whether people log in."""
    return bool(_team)


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


def required(request: Request, role: Role) -> User:
    """Who sent a request, if their role includes this one.

    Raises:
        Forbidden: if it does not.
    """
    return _with_role(user_of(request), role)


def _with_role(user: User, role: Role) -> User:
    if not user.role.may(role):
        raise Forbidden(f"this takes a {role}; {user.name} is a {user.role}")
    return user
