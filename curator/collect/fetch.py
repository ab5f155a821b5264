"""The only way to the network: one guarded GET."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Self

import requests
from urllib3.exceptions import HTTPError

from curator.collect.addresses import canonical
from curator.collect.guard import Guard
from curator.collect.limits import Limits
from curator.collect.reasons import PASSING, Reason, Refusal
from curator.collect.wire import Adapter, Line, Wire

_CHUNK = 65_536
# More than any length has; Python refuses to read numbers of thousands.
_DIGITS = 20
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_NOT_FOUND = frozenset({404, 410})
_FORBIDDEN = frozenset({401, 402, 403, 407, 451})

# Raises Refusal for an address that must not be asked; called before every hop.
Permit = Callable[[str], None]
# (declared type, first bytes, limits) -> how many bytes to take; raises Refusal for none.
Room = Callable[[str, bytes, Limits], int]


class Stopped(Exception):
    """The work was called off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a server sent.

    Attributes:
        url: Where it came from in the end, after redirects.
        mime: The type the server declared, lower case, without parameters; may be empty.
        charset: The character set it declared, or None.
        validator: Its ETag, or else when it was last modified, or None.
    """

    url: str
    mime: str
    charset: str | None
    validator: str | None
    data: bytes = field(repr=False)


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Leave redirects to us: requests reads the body of one to its end, even an endless one."""


class Fetcher:
    """Downloads for one source; safe to use from several threads.

    Environment variables are not looked at: no proxy is used that nobody named here, and no
    password of a ``.netrc`` is sent to a host that a page happened to mention. No cookies.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._wire = Wire(Guard(limits.allow_hosts))
        self._session = _Session()
        self._session.trust_env = False
        self._session.headers["User-Agent"] = limits.user_agent
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, Adapter(pool_maxsize=limits.threads + 1))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def is_closed(self) -> bool:
        """True once the work was called off."""
        return self._wire.closed.is_set()

    def close(self) -> None:
        """Cut all downloads; those waiting in other threads raise :class:`Stopped` at once."""
        self._wire.close()
        self._session.close()

    def get(self, url: str, *, permit: Permit, room: Room) -> Reply:
        """Fetch one address, trying again after passing troubles.

        Args:
            url: What :func:`~curator.collect.addresses.canonical` returns.
            permit: Asked before every hop; raises to forbid it.
            room: Asked once the first bytes are there; says how many to take.

        Raises:
            Refusal: with the reason and one sentence.
            Stopped: if :meth:`close` was called meanwhile.
        """
        for attempt in range(1, self.limits.attempts + 1):
            try:
                return self._follow(url, permit, room)
            except Refusal as refusal:
                if self.is_closed:
                    raise Stopped from refusal
                if refusal.reason not in PASSING or attempt == self.limits.attempts:
                    raise
            self._wire.closed.wait(self.limits.pause * 2 ** (attempt - 1))
        raise Stopped

    def _follow(self, url: str, permit: Permit, room: Room) -> Reply:
        with self._wire.request(self.limits.max_seconds) as line:
            for _ in range(self.limits.max_redirects + 1):
                permit(url)
                with _troubles(line), closing(self._ask(url)) as response:
                    onward = _location(response)
                    if response.status_code not in _REDIRECTS or not onward:
                        return self._read(response, url, room)
                url = canonical(onward, url)
        raise Refusal(Reason.TOO_MANY_REDIRECTS, f"more than {self.limits.max_redirects} redirects")

    def _ask(self, url: str) -> requests.Response:
        return self._session.get(
            url, stream=True, timeout=self.limits.timeout, allow_redirects=False
        )

    def _read(self, response: requests.Response, url: str, room: Room) -> Reply:
        _check_status(response)
        mime, charset = _content_type(response)
        chunks = response.iter_content(_CHUNK)
        data = bytearray(next(chunks, b""))
        most = room(mime, bytes(data[:512]), self.limits)
        declared = response.headers.get("Content-Length", "")[:_DIGITS]
        if declared.isdecimal() and int(declared) > most:
            raise Refusal(
                Reason.TOO_LARGE, f"{int(declared):,} bytes are more than the limit of {most:,}"
            )
        for chunk in chunks:
            data += chunk
            if len(data) > most:
                break
        if len(data) > most:
            raise Refusal(Reason.TOO_LARGE, f"it goes on after the limit of {most:,} bytes")
        validator = response.headers.get("ETag") or response.headers.get("Last-Modified")
        return Reply(url=url, mime=mime, charset=charset, validator=validator, data=bytes(data))


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    if status in _NOT_FOUND:
        reason = Reason.NOT_FOUND
    elif status in _FORBIDDEN:
        reason = Reason.FORBIDDEN
    else:
        reason = Reason.SERVER_BUSY if status in _BUSY else Reason.HTTP_ERROR
    raise Refusal(reason, f"the server answered {status} {response.reason or ''}".rstrip())


def _location(response: requests.Response) -> str:
    """Where a redirect leads; headers are read as Latin-1, and many servers send UTF-8."""
    stated = response.headers.get("Location", "")
    try:
        return stated.encode("latin-1").decode()
    except UnicodeError:
        return stated


def _content_type(response: requests.Response) -> tuple[str, str | None]:
    mime, *parameters = response.headers.get("Content-Type", "").lower().split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            return mime.strip(), value.strip(" \"'") or None
    return mime.strip(), None


@contextmanager
def _troubles(line: Line) -> Iterator[None]:
    """Everything that can go wrong on the network, as a refusal with its sentence."""
    error: Exception | None = None
    try:
        yield
    except (Refusal, requests.RequestException, HTTPError, OSError, ValueError) as caught:
        error = caught
    if line.is_cut:
        # Headers, and a body without a stated length, just end there, and look complete.
        detail = "the download took longer than is allowed in all"
        raise Refusal(Reason.TIMEOUT, detail) from error
    if isinstance(error, Refusal):
        raise error
    if error is not None:
        raise _verdict(error) from error


def _verdict(error: Exception) -> Refusal:
    causes = list(_causes(error))

    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if has(requests.Timeout, TimeoutError):
        return Refusal(Reason.TIMEOUT, "the server was silent for too long")
    if has(socket.gaierror):
        return Refusal(Reason.UNREACHABLE, "there is no host of this name")
    if has(ssl.SSLError):
        return Refusal(Reason.UNREACHABLE, "no trusted secure connection was possible")
    if has(ConnectionRefusedError):
        return Refusal(Reason.UNREACHABLE, "the host refuses connections")
    if has(requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError):
        return Refusal(Reason.BAD_URL, f"the address cannot be asked for ({error})")
    if has(requests.exceptions.ContentDecodingError):
        return Refusal(Reason.HTTP_ERROR, "the answer is not compressed as the server says")
    return Refusal(Reason.INTERRUPTED, f"the connection broke ({_innermost(causes)})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything it was made of; requests and urllib3 nest in several ways."""
    waiting: list[object] = [error]
    met: set[int] = set()
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in met:
            continue
        met.add(id(one))
        yield one
        waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]


def _innermost(causes: list[BaseException]) -> str:
    return str(causes[-1]) or type(causes[-1]).__name__
