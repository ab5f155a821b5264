"""What a server's answer says, before its body is read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from curator.collect.reasons import Reason, Refusal

# Headers are cut there: more digits than any length has; Python refuses numbers of thousands.
_DIGITS = 20
# Of a validator: some hundred bytes are the most that is in use.
_LONGEST = 1000
_BUSY = frozenset({408, 425, 429})
# With these, Retry-After says when to come again.
_HOLDING = frozenset({429, 503})
_NOT_FOUND = frozenset({404, 410})
_FORBIDDEN = frozenset({401, 402, 403, 407, 451})


Headers = Mapping[str, str]


def check_status(status: int, said: str) -> None:
    """Let 200 through.

    Raises:
        Refusal: with the reason that stands for any other status.
    """
    if status == 200:
        return
    if status in _NOT_FOUND:
        reason = Reason.NOT_FOUND
    elif status in _FORBIDDEN:
        reason = Reason.FORBIDDEN
    else:
        busy = status in _BUSY or status >= 500
        reason = Reason.SERVER_BUSY if busy else Reason.HTTP_ERROR
    raise Refusal(reason, f"the server answered {status} {said}".rstrip())


def conditional(validator: str | None) -> dict[str, str]:
    """The headers that ask for an answer only if it is another one (RFC 9110, 13.1).

    Args:
        validator: An ETag or a time of change as a server sent it; None for no condition.
    """
    # A header may go on in the next line, which must not be sent back.
    if not validator or len(validator) > _LONGEST or not validator.isprintable():
        return {}
    is_tag = validator.startswith(('"', 'W/"'))
    return {"If-None-Match" if is_tag else "If-Modified-Since": validator}


def validator_of(headers: Headers) -> str | None:
    """The ETag, or else the time of change; None for what must not be stored."""
    if "no-store" in headers.get("cache-control", "").lower():
        return None
    return headers.get("etag") or headers.get("last-modified")


def retry_after(status: int, headers: Headers) -> float | None:
    """Seconds until a busy server may be asked again (RFC 9110, 10.2.3), None if it is silent."""
    if status not in _HOLDING:
        return None
    stated = headers.get("retry-after", "").strip()[: _DIGITS * 2]
    if stated.isdecimal():
        return float(stated)
    try:
        return max(0.0, (parsedate_to_datetime(stated) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


_FACTS = {
    "type": "content-type",
    "etag": "etag",
    "last_modified": "last-modified",
    "date": "date",
}


def facts(status: int, headers: Headers) -> dict[str, Any]:
    """The status, and of the headers what is worth keeping with an image."""
    return {
        "status": status,
        **{key: headers[name] for key, name in _FACTS.items() if name in headers},
    }


def location(headers: Headers) -> str:
    """Where a redirect leads; headers are read as Latin-1, and many servers send UTF-8."""
    stated = headers.get("location", "")
    try:
        return stated.encode("latin-1").decode()
    except UnicodeError:
        return stated


def content_type(headers: Headers) -> tuple[str, str | None]:
    """Type and character set as declared, lower case; an empty type if there is none."""
    mime, *parameters = headers.get("content-type", "").lower().split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            return mime.strip(), value.strip(" \"'") or None
    return mime.strip(), None
