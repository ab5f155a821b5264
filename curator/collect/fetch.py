"""The only way to the network: one guarded GET."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import inf
from types import TracebackType
from typing import Any, Self

from curator.collect import answers, wishes
from curator.collect.addresses import canonical, site
from curator.collect.bodies import PACKING, pieces
from curator.collect.guard import Guard
from curator.collect.limits import Limits
from curator.collect.pace import Pace, Stopped
from curator.collect.reasons import PASSING, Reason, Refusal
from curator.collect.response import Response
from curator.collect.robots import MOST_BYTES, Robots, robot_name
from curator.collect.sniff import is_image
from curator.collect.troubles import troubles
from curator.collect.wire import Wire, lines

# More than any length has; Python refuses to read numbers of thousands.
_DIGITS = 20
_NOT_MODIFIED = 304
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

# Raises Refusal for an address that must not be asked; called before every hop.
Permit = Callable[[str], None]
# (declared type, first bytes, limits) -> how many bytes to take; raises Refusal for none.
Room = Callable[[str, bytes, Limits], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a server sent.

    Attributes:
        url: Where it came from in the end, after redirects.
        mime: The type the server declared, lower case, without parameters; may be empty.
        charset: The character set it declared, or None.
        validator: Its ETag, or else when it was last modified, or None.
        wishes: What the server says about the use of it; see :mod:`curator.collect.wishes`.
        facts: What HTTP said, to be kept: ``status``, the final ``url``, ``redirects``, and of the
            headers ``type etag last_modified date`` those that were sent.
    """

    url: str
    mime: str
    charset: str | None
    validator: str | None
    wishes: frozenset[str]
    facts: Mapping[str, Any]
    data: bytes = field(repr=False)


class Unchanged(Exception):
    """The server has nothing newer than what was asked about; ``wishes`` as of a :class:`Reply`."""

    def __init__(self, wishes: frozenset[str]) -> None:
        super().__init__("nothing has changed")
        self.wishes = wishes


class Fetcher:
    """Downloads for one source; safe to use from several threads.

    Environment variables are not looked at: no proxy is used that nobody named here, and no
    password of a ``.netrc`` is sent to a host that a page happened to mention. No cookies.

    Args:
        limits: What it may do.
        patience: Seconds to wait for the first turn of a host; more, and :meth:`get` raises
            :class:`~curator.collect.pace.Later`.
    """

    def __init__(self, limits: Limits, patience: float = inf) -> None:
        self.limits = limits
        self._patience = patience
        self._wire = Wire(Guard(limits.allow_hosts), limits.timeout)
        self.pace = Pace(limits, self._wire.closed)
        self._robot = robot_name(limits.user_agent)
        self._robots = Robots(self._start_of, self.pace.slow, limits.user_agent)
        self._headers = {
            "User-Agent": limits.user_agent,
            "Accept": "*/*",
            "Accept-Encoding": PACKING,
        }
        self._lines = lines(self._headers)

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

    def get(self, url: str, *, permit: Permit, room: Room, validator: str | None = None) -> Reply:
        """Fetch one address, trying again after passing troubles.

        Args:
            url: What :func:`~curator.collect.addresses.canonical` returns.
            permit: Asked before every hop; raises to forbid it.
            room: Asked once the first bytes are there; says how many to take.
            validator: Of what an earlier answer brought; to be asked only for something else.

        Raises:
            Refusal: with the reason and one sentence.
            Unchanged: if a validator was given and still holds.
            Stopped: if :meth:`close` was called meanwhile.
            Later: if it is not this host's turn for a while; nothing was asked yet.
        """
        return self._patiently(partial(self._follow, url, self._permit(permit), room, validator))

    def _permit(self, permit: Permit) -> Permit:
        def both(url: str) -> None:
            permit(url)
            if self.limits.obey:
                self._robots.permit(url)

        return both

    def _start_of(self, url: str) -> bytes:
        """The first bytes of an address, with no permission but the guard's: a robots.txt."""
        return self._patiently(partial(self._follow, url, _anywhere, _start, None)).data

    def _patiently(self, follow: Callable[[float], Reply]) -> Reply:
        for attempt in range(1, self.limits.attempts + 1):
            try:
                return follow(self._patience if attempt == 1 else inf)
            except Refusal as refusal:
                if self.is_closed:
                    raise Stopped from refusal
                if refusal.reason not in PASSING or attempt == self.limits.attempts:
                    raise
            self._wire.closed.wait(self.limits.pause * 2 ** (attempt - 1))
        raise Stopped

    def _follow(
        self, url: str, permit: Permit, room: Room, validator: str | None, patience: float
    ) -> Reply:
        asked = self._lines
        if validator is not None:
            asked = lines(self._headers | answers.conditional(validator))
        left = self.limits.max_seconds
        for redirects in range(self.limits.max_redirects + 1):
            permit(url)
            # Waiting for a turn is no fault of the server, so no time of its own.
            wait = patience if redirects == 0 else inf
            with self.pace.turn(site(url), wait), self._wire.request(left) as line:
                started = time.monotonic()
                with troubles(line), self._wire.ask(url, asked, line) as response:
                    self._heed(response, url)
                    onward = answers.location(response.first)
                    if response.status == _NOT_MODIFIED and validator:
                        raise Unchanged(self._wishes(response))
                    if response.status not in _REDIRECTS or not onward:
                        return self._read(response, url, room, redirects)
                left = max(0.0, left - (time.monotonic() - started))
            url = canonical(onward, url)
        raise Refusal(Reason.TOO_MANY_REDIRECTS, f"more than {self.limits.max_redirects} redirects")

    def _heed(self, response: Response, url: str) -> None:
        """A busy server says when to come again, to all who ask it."""
        wait = answers.retry_after(response.status, response.first)
        if wait is not None:
            self.pace.hold(site(url), wait)

    def _read(self, response: Response, url: str, room: Room, redirects: int) -> Reply:
        answers.check_status(response.status, response.reason)
        headers = response.first
        wished = self._wishes(response)
        mime, charset = answers.content_type(headers)
        chunks = pieces(response)
        parts = [next(chunks, b"")]
        head, size = parts[0][:512], len(parts[0])
        most = room(mime, head, self.limits)
        if is_image(head):
            _check_wishes(wished)
        declared = headers.get("content-length", "")[:_DIGITS]
        if declared.isdecimal() and int(declared) > most and room is not _start:
            raise Refusal(
                Reason.TOO_LARGE, f"{int(declared):,} bytes are more than the limit of {most:,}"
            )
        for chunk in chunks:
            parts.append(chunk)
            size += len(chunk)
            if size > most:
                break
        if size > most and room is not _start:
            raise Refusal(Reason.TOO_LARGE, f"it goes on after the limit of {most:,} bytes")
        return Reply(
            url=url,
            mime=mime,
            charset=charset,
            validator=answers.validator_of(headers),
            wishes=wished,
            facts={"url": url, "redirects": redirects, **answers.facts(response.status, headers)},
            data=b"".join(parts)[:most],
        )

    def _wishes(self, response: Response) -> frozenset[str]:
        if not self.limits.obey:
            return frozenset()
        tags = [value for name, value in response.fields if name == "x-robots-tag"]
        return wishes.of_headers(tags, response.first.get("tdm-reservation"), self._robot)


def _anywhere(_url: str) -> None:
    """A robots.txt may lead to any host; the guard is asked all the same."""


def _start(_mime: str, _head: bytes, _limits: Limits) -> int:
    """The only room that cuts what does not fit."""
    return MOST_BYTES


def _check_wishes(wished: frozenset[str]) -> None:
    if said := sorted(wished & wishes.FORBID_IMAGE):
        raise Refusal(Reason.OPTED_OUT, f"the server says {', '.join(said)}")
