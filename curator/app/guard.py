"""What stands before everything: the one place that all requests and answers pass.

Pages, pictures, downloads, scripts, the annotator's routes and the WebSocket all come by. Without
a team the one at this machine is let in, and nobody from elsewhere can reach it; with a team a
request needs a session, and a role that includes what it asks for.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from curator.app import login, session
from curator.app.accounts import COOKIE, Accounts
from curator.records import Role, User

# Without a team: a page of another site whose name was pointed at this machine is turned away.
HOSTS = ("127.0.0.1", "localhost")
XSRF_HEADER = "X-XSRF-Token"

# The browser itself refuses whatever a page would fetch from elsewhere. Streamlit builds its
# styles and the modules of components while it runs, hence the inline and blob sources.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        # Streamlit's camera reads its own picture through a data: address.
        "connect-src 'self' data:",
        # FiftyOne, which the Review page shows, on another port of this machine.
        "frame-src 'self' http://127.0.0.1:* http://localhost:*",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

# Without a session there are the login and, for whoever watches the server, a word that it runs.
OPEN = (login.LOGIN, "/_stcore/health")
# What more than a labeller may ask for; pages are in curator.app.navigation.
ROLES = (
    ("/exports/", Role.REVIEWER),
    ("/matches/", Role.OWNER),
    ("/label/choose", Role.REVIEWER),
    ("/_stcore/upload_file", Role.OWNER),
)


class Guard:
    """Turns away what may not be; adds the headers to every answer.

    Args:
        app: What stands behind.
        accounts: Who may come in; None where there is nobody but the one at this machine.
    """

    def __init__(self, app: ASGIApp, accounts: Accounts | None = None) -> None:
        self._app = app
        self._accounts = accounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = HTTPConnection(scope)
        known = asked.cookies.get(session.XSRF_COOKIE, "")
        token = known or secrets.token_urlsafe(24)
        scope.setdefault("state", {})["xsrf"] = token
        app = self._refusal(scope, asked, known) or self._app
        # Pictures are kept by browsers, and a cookie of long ago with them.
        fresh = None if known or scope["path"].startswith("/pictures/") else token
        await app(scope, receive, _with_headers(send, fresh))

    def _refusal(self, scope: Scope, asked: HTTPConnection, token: str) -> ASGIApp | None:
        """What is answered in place of what was asked for; None where all is well."""
        path = scope["path"]
        if not self._is_ours(asked.headers):
            return _NOT_OURS
        user = self._user(asked)
        if user is None:
            return None if path in OPEN else _log_in_first(scope, asked)
        scope[session.SCOPE] = user
        if any(part in path and not user.role.may(role) for part, role in ROLES):
            return JSONResponse({"error": f"this is not for a {user.role}"}, status_code=403)
        said = asked.headers.get(XSRF_HEADER, "")
        return _FORGED if _writes(scope) and not _is_same(said, token) else None

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = HTTPConnection(scope)
        if not self._is_ours(asked.headers) or self._user(asked) is None:
            # Before Streamlit sees it, which would ask a server outside for our own address.
            await send({"type": "websocket.close", "code": 1008})
            return

        async def receive_while_in() -> Message:
            message = await receive()
            # A session that ends takes its open pages along.
            if message["type"] == "websocket.receive" and self._user(asked) is None:
                return {"type": "websocket.disconnect", "code": 1008}
            return message

        await self._app(scope, receive_while_in, send)

    def _user(self, asked: HTTPConnection) -> User | None:
        if self._accounts is None:
            return session.local_user()
        return self._accounts.user_of(asked.cookies.get(COOKIE))

    def _is_ours(self, headers: Headers) -> bool:
        """Whether a request comes from no other site's page, and names this machine.

        With a team this machine has names that we do not know; a page of another site that
        pretends to be one of them has no session there.
        """
        host = headers.get("host", "")
        origin = headers.get("origin")
        if self._accounts is None and host.partition(":")[0] not in HOSTS:
            return False
        return origin is None or origin.partition("//")[2] == host


def middleware(accounts: Accounts | None = None) -> list[Middleware]:
    """All that stands before the pages and routes, the outermost first."""
    return [Middleware(Guard, accounts=accounts)]


_NOT_OURS = PlainTextResponse("this is not for other sites", status_code=400)
_FORGED = JSONResponse(
    {"error": f"a write needs the header {XSRF_HEADER}, equal to the cookie {session.XSRF_COOKIE}"},
    status_code=403,
)
_LOGGED_OUT = JSONResponse({"error": "you are logged out; log in again"}, status_code=401)


def _log_in_first(scope: Scope, asked: HTTPConnection) -> ASGIApp:
    """A person is led to the login, a program is told."""
    if scope["method"] == "GET" and "text/html" in asked.headers.get("accept", ""):
        return RedirectResponse(login.login_url(scope["path"]), 303, {"Cache-Control": "no-store"})
    return _LOGGED_OUT


def _writes(scope: Scope) -> bool:
    """Whether a request changes something through a route of ours.

    Streamlit checks its own, and the forms of the login carry the token in a field.
    """
    return scope["method"] not in {"GET", "HEAD"} and scope["path"].startswith("/label/")


def _is_same(said: str, token: str) -> bool:
    return bool(token) and secrets.compare_digest(said.encode(), token.encode())


def _with_headers(send: Send, token: str | None) -> Send:
    """Add what every answer carries, and the token for a browser that has none."""

    async def send_guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            # The forms of the login name their origin, which the strictest policy would hide.
            policy = headers.get("Referrer-Policy")
            headers.update(HEADERS)
            if policy == "same-origin":
                headers["Referrer-Policy"] = policy
            if token is not None:
                cookie = f"{session.XSRF_COOKIE}={token}; Path=/; SameSite=Strict"
                headers.append("Set-Cookie", cookie)
        await send(message)

    return send_guarded
