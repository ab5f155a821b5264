"""Everything that can go wrong on the network, as a reason with its sentence."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from urllib3.exceptions import HTTPError

from curator.collect.reasons import Reason, Refusal
from curator.collect.wire import Line


@contextmanager
def troubles(line: Line) -> Iterator[None]:
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
