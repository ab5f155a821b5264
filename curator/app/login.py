"""The login page, plain HTML of ours; the page of one's own account; the way out."""

from __future__ import annotations

import secrets
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from curator.app.accounts import COOKIE, FORGET_SECONDS, SESSION_SECONDS, Accounts, TooManyTries
from curator.app.session import XSRF_COOKIE, user_of

LOGIN = "/account/login"
LOGOUT = "/account/logout"
ACCOUNT = "/account"
_LARGEST_FORM = 10_000
_PAGE = Template(Path(__file__).with_name("login.html").read_text())
_NO_STORE = {"Cache-Control": "no-store"}
# Under no-referrer a browser sends "Origin: null" with a form, as a page of another site would.
_FORM = _NO_STORE | {"Referrer-Policy": "same-origin"}


class Login:
    """The routes of logging in and out."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def routes(self) -> list[Route]:
        """To be mounted at the root."""
        return [
            Route(LOGIN, self.form, methods=["GET"]),
            Route(LOGIN, self.log_in, methods=["POST"]),
            Route(LOGOUT, self.log_out, methods=["POST"]),
            Route(ACCOUNT, self.account, methods=["GET"]),
        ]

    def form(self, request: Request) -> Response:
        """Ask for name and password."""
        return _login_page(request, request.query_params.get("next", "/"))

    async def log_in(self, request: Request) -> Response:
        """Check them, and go where the visitor wanted to go."""
        said = await _form(request)
        after = said.get("next", "/")
        if not _is_own(request, said):
            return _login_page(request, after, "This form is too old; please try again.", 403)
        place = request.client.host if request.client else ""
        try:
            cookie = await run_in_threadpool(
                self._accounts.log_in, said.get("name", ""), said.get("password", ""), place
            )
        except TooManyTries as error:
            refused = _login_page(request, after, f"{str(error).capitalize()}.", 429)
            refused.headers["Retry-After"] = str(round(FORGET_SECONDS))
            return refused
        if cookie is None:
            return _login_page(request, after, "Name or password is wrong.", 401)
        answer = RedirectResponse(local(after), 303, _NO_STORE)
        secure = request.headers.get("origin", "").startswith("https:")
        answer.set_cookie(
            COOKIE,
            cookie,
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure=secure,
        )
        return answer

    async def log_out(self, request: Request) -> Response:
        """End the session of this browser."""
        if not _is_own(request, await _form(request)):
            return _account_page(request, 403)
        answer = RedirectResponse(LOGIN, 303, _NO_STORE)
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer

    def account(self, request: Request) -> Response:
        """Who one is, and the way out."""
        return _account_page(request)


def login_url(path: str) -> str:
    """Where to log in, and then go on to a path."""
    return f"{LOGIN}?{urlencode({'next': local(path)})}"


def local(path: str) -> str:
    """A path of this server; the front page in place of any other address."""
    printable = path.isascii() and path.isprintable() and "\\" not in path
    return path if printable and path.startswith("/") and path[1:2] != "/" else "/"


async def _form(request: Request) -> dict[str, str]:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST_FORM:
            return {}
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


def _is_own(request: Request, said: dict[str, str]) -> bool:
    """Whether a form came from a page of ours: it says the token that the cookie says."""
    token = request.cookies.get(XSRF_COOKIE, "")
    return bool(token) and secrets.compare_digest(said.get("token", "").encode(), token.encode())


def _login_page(request: Request, after: str, problem: str = "", status: int = 200) -> Response:
    body = f"""
    <h1>Log in</h1>
    {f'<p role="alert">{escape(problem)}</p>' if problem else ""}
    <form method="post" action="{LOGIN}">
      {_token(request)}
      <input type="hidden" name="next" value="{escape(local(after))}">
      <label for="name">Name</label>
      <input id="name" name="name" autocomplete="username" required maxlength="64" autofocus>
      <label for="password">Password</label>
      <input id="password" name="password" type="password" autocomplete="current-password"
        required maxlength="200">
      <button>Log in</button>
    </form>"""
    return _html("Log in", body, status)


def _account_page(request: Request, status: int = 200) -> Response:
    user = user_of(request)
    body = f"""
    <h1>{escape(user.name)}</h1>
    <p>You are logged in as {escape(user.role)}.</p>
    <form method="post" action="{LOGOUT}">
      {_token(request)}
      <button>Log out</button>
    </form>
    <p><a href="/">Back to the dataset</a></p>"""
    return _html(user.name, body, status)


def _token(request: Request) -> str:
    return f'<input type="hidden" name="token" value="{escape(request.state.xsrf)}">'


def _html(title: str, body: str, status: int) -> HTMLResponse:
    page = _PAGE.substitute(title=escape(title), body=body)
    return HTMLResponse(page, status, _FORM)
