"""Addresses on the web: one spelling for each, and whether two are of the same site."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urldefrag, urljoin, urlsplit, urlunsplit

from requests.exceptions import RequestException
from requests.utils import requote_uri

from curator.collect.reasons import Reason, Refusal

# What most addresses are made of, and nothing that has another spelling.
_CANONICAL = re.compile(
    r"https?://(?:[a-z0-9-]+\.)*[a-z0-9-]+(?::(?!80/|443/)(?:[1-9]\d{0,3}|[1-5]\d{4}))?/[\w/.-]*",
    re.ASCII,
)
_PORTS = {"http": 80, "https": 443}


def canonical(address: str, base: str | None = None) -> str:
    """The one spelling of an http(s) address, made absolute, without its fragment.

    Raises:
        Refusal: ``bad-url`` for anything else.
    """
    if _CANONICAL.fullmatch(address):
        return address
    try:
        # Browsers leave out spaces around an address and line breaks inside it.
        text = "".join(address.split("\n")).replace("\r", "").replace("\t", "").strip()
        joined = urldefrag(urljoin(base, text) if base else text).url
        parts = urlsplit(joined)
        port = parts.port
        host = (parts.hostname or "").rstrip(".")
        host = host if host.isascii() else host.encode("idna").decode()
    except ValueError as cause:
        raise Refusal(Reason.BAD_URL, f"{address[:200]!r} is no address ({cause})") from cause
    if parts.scheme not in _PORTS or not host:
        raise Refusal(
            Reason.BAD_URL, f"{address[:200]!r} does not start with http:// or https:// and a host"
        )
    # Names and passwords for a server are never sent, so they are no part of the address.
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != _PORTS[parts.scheme]:
        netloc += f":{port}"
    try:
        return requote_uri(urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, "")))
    except (RequestException, UnicodeError) as cause:
        raise Refusal(Reason.BAD_URL, f"{address[:200]!r} cannot be quoted") from cause


def site(url: str) -> str:
    """Host, and port unless it is the usual one, of a canonical address."""
    return split(url)[1]


# Asked several times on the way of one picture.
@lru_cache(maxsize=1024)
def split(url: str) -> tuple[str, str, str]:
    """Scheme, host with port unless it is the usual one, path with query of a canonical address."""
    scheme, _, netloc, path = url.split("/", 3)
    return scheme[:-1], netloc, f"/{path}"
