"""Everything that can go wrong on the network, as a reason with its sentence."""

from __future__ import annotations

import socket
import ssl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, InvalidURL

from curator.collect.reasons import Reason, Refusal
from curator.collect.wire import Line

# In this order: a time-out and a name that is not known are errors of the system too.
_REASONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Reason, str], ...] = (
    (TimeoutError, Reason.TIMEOUT, "the server was silent for too long"),
    (socket.gaierror, Reason.UNREACHABLE, "there is no host of this name"),
    (ssl.SSLError, Reason.UNREACHABLE, "no trusted secure connection was possible"),
    (ConnectionRefusedError, Reason.UNREACHABLE, "the host refuses connections"),
    ((InvalidURL, UnicodeError), Reason.BAD_URL, "the address cannot be asked for"),
    (zlib.error, Reason.HTTP_ERROR, "the answer is not compressed as the server says"),
)


@contextmanager
def troubles(line: Line) -> Iterator[None]:
    """Everything that can go wrong on the network, as a refusal with its sentence."""
    error: Exception | None = None
    try:
        yield
    except (Refusal, HTTPException, zlib.error, OSError, ValueError) as caught:
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
    for kinds, reason, detail in _REASONS:
        if isinstance(error, kinds):
            return Refusal(reason, detail)
    said = " ".join(str(error).split())[:200] or type(error).__name__
    return Refusal(Reason.INTERRUPTED, f"the connection broke ({said})")
