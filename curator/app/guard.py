"""What stands before everything: the one place that all requests and answers pass.

A login belongs here too, because pages, pictures, downloads and the WebSocket all come by.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from curator.app import session

# A page of another site whose name was pointed at this machine is turned away.
HOSTS = ("127.0.0.1", "localhost")

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
        "connect-src 'self'",
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

# A page of ours reads the cookie and says it again in the header; another site's cannot.
XSRF_COOKIE = "curator_xsrf"
XSRF_HEADER = "X-XSRF-Token"
OWN_WRITES = ("/label/", "/account/")


class Guard:
    """Turns away what does not come from our own pages; adds the headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back."""
        if scope["type"] == "http":
            request = HTTPConnection(scope)
            token = request.cookies.get(XSRF_COOKIE, "")
            app = self._app
            if not is_ours(request.headers):
                app = _REFUSAL
            elif _writes(scope) and not _is_same(request.headers.get(XSRF_HEADER, ""), token):
                app = _FORGED
            scope[session.SCOPE] = session.local_user()
            await app(scope, receive, _with_headers(send, fresh=not token))
        elif scope["type"] == "websocket" and not is_ours(Headers(scope=scope)):
            # Before Streamlit sees it, which would ask a server outside for our own address.
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._app(scope, receive, send)


def is_ours(headers: Headers) -> bool:
    """Whether a request names this machine and comes from no other site's page."""
    host = headers.get("host", "")
    origin = headers.get("origin")
    if host.partition(":")[0] not in HOSTS:
        return False
    return origin is None or origin.partition("//")[2] == host


def middleware() -> list[Middleware]:
    """All that stands before the pages and routes, the outermost first."""
    return [Middleware(Guard)]


_REFUSAL = PlainTextResponse("this is not for other sites", status_code=400)
_FORGED = JSONResponse(
    {"error": f"a write needs the header {XSRF_HEADER}, equal to the cookie {XSRF_COOKIE}"},
    status_code=403,
)


def _writes(scope: Scope) -> bool:
    """Whether a request changes something through a route of ours; Streamlit checks its own."""
    return scope["method"] not in {"GET", "HEAD"} and scope["path"].startswith(OWN_WRITES)


def _is_same(said: str, token: str) -> bool:
    return bool(token) and secrets.compare_digest(said.encode(), token.encode())


def _with_headers(send: Send, *, fresh: bool) -> Send:
    """Add what every answer carries; ``fresh`` for a browser that has no token yet."""

    async def send_guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            if fresh:
                cookie = f"{XSRF_COOKIE}={secrets.token_urlsafe(24)}; Path=/; SameSite=Strict"
                headers.append("Set-Cookie", cookie)
        await send(message)

    return send_guarded
