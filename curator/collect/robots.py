"""robots.txt: what a host asks robots to leave alone (RFC 9309)."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from curator.collect.addresses import split
from curator.collect.reasons import PASSING, Reason, Refusal

if TYPE_CHECKING:
    from protego import Protego

# RFC 9309, 2.5: at least 500 kibibytes are read.
MOST_BYTES = 512_000
_REMEMBERED = 1000
# Of a Crawl-delay; who asks for more gets a visit rather than none.
_LONGEST_DELAY = 60.0


def robot_name(user_agent: str) -> str:
    """The product token of RFC 9309, 2.2.1: what stands before the version, lower case."""
    found = re.match(r"[A-Za-z_-]+", user_agent)
    return found[0].lower() if found else "*"


@dataclass(slots=True)
class _Rules:
    """Of one host; ``refusal`` if they could not be read, which forbids everything for now."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    is_known: bool = False
    rules: Protego | None = None
    refusal: Refusal | None = None


class Robots:
    """The rules of every host met, each read once in a run.

    Args:
        read: From the address of a robots.txt to its first :data:`MOST_BYTES`; raises ``Refusal``.
        slow: Told a host (as :func:`~curator.collect.addresses.site`) and the pause it asks for.
        user_agent: How we introduce ourselves.
    """

    def __init__(
        self,
        read: Callable[[str], bytes],
        slow: Callable[[str, float], None],
        user_agent: str,
    ) -> None:
        self._read = read
        self._slow = slow
        self._name = robot_name(user_agent)
        self._hosts: OrderedDict[str, _Rules] = OrderedDict()
        self._lock = threading.Lock()

    def permit(self, url: str) -> None:
        """Ask the host's rules about a canonical address.

        Raises:
            Refusal: ``robots``; or a passing reason if the rules could not be read, as nothing
                may be asked then (RFC 9309, 2.3.1.4).
        """
        scheme, netloc, _ = split(url)
        origin = f"{scheme}://{netloc}"
        with self._lock:
            host = self._hosts.setdefault(origin, _Rules())
            self._hosts.move_to_end(origin)
            if len(self._hosts) > _REMEMBERED:
                self._hosts.popitem(last=False)
        with host.lock:
            if not host.is_known:
                self._learn(host, origin, netloc)
        if host.refusal is not None:
            raise Refusal(host.refusal.reason, f"robots.txt: {host.refusal.detail}")
        if host.rules is not None and not host.rules.can_fetch(url, self._name):
            raise Refusal(Reason.ROBOTS, f"robots.txt of {netloc} forbids it")

    def _learn(self, host: _Rules, origin: str, netloc: str) -> None:
        from protego import Protego

        try:
            text = self._read(f"{origin}/robots.txt").decode("utf-8-sig", "replace")
        except Refusal as refusal:
            # Without rules all is allowed (2.3.1.3); an address that must not be asked is
            # refused for its own sake.
            host.refusal = refusal if refusal.reason in PASSING else None
        else:
            host.rules = Protego.parse(text)
            delay = host.rules.crawl_delay(self._name)
            if delay:
                self._slow(netloc, min(float(delay), _LONGEST_DELAY))
        host.is_known = True
