"""What the threads of one crawl share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from curator.collect.addresses import site
from curator.collect.fetch import Fetcher, Reply
from curator.collect.frontier import Frontier
from curator.collect.handover import Handover
from curator.collect.limits import Limits
from curator.collect.links import Links
from curator.collect.names import name_of_url
from curator.collect.reasons import Reason, Refusal
from curator.collect.robots import robot_name
from curator.collect.wishes import of_meta
from curator.records import Candidate, Fetched, Refused, Unchanged

SOURCE = "web"


@dataclass(frozen=True, slots=True)
class Note:
    """Something to tell the person who waits."""

    text: str


@dataclass(frozen=True, slots=True)
class End:
    """Nothing comes any more; ``error`` is what broke the crawl, if anything did."""

    error: Exception | None = None


@dataclass(slots=True)
class Crawl:
    """What the threads of one crawl share.

    Attributes:
        hosts: Of the site; the one the user named, and the one its start page is on.
    """

    limits: Limits
    settled: Callable[[Candidate], bool]
    validator_of: Callable[[str], str | None]
    licence: str | None
    author: str | None
    fetcher: Fetcher
    frontier: Frontier
    stop: threading.Event
    results: Handover[Fetched | Refused | Unchanged | Note | End]
    hosts: set[str] = field(default_factory=set)

    def candidate(self, url: str, page_url: str | None, title: str | None) -> Candidate:
        """A picture of this site."""
        return Candidate(
            url=url,
            source=SOURCE,
            name=name_of_url(url),
            page_url=page_url,
            title=title,
            licence=self.licence,
            author=self.author,
        )

    def wishes(self, reply: Reply, links: Links) -> frozenset[str]:
        """What a page says about the use of its images and links, in headers and in itself."""
        if not self.limits.obey:
            return frozenset()
        return reply.wishes | of_meta(links.meta, robot_name(self.limits.user_agent))

    def permit_page(self, url: str) -> None:
        """Stay on the site; only the start page may lead to where the site really is.

        Raises:
            Refusal: ``other-host``.
        """
        if self.hosts and site(url) not in self.hosts:
            raise Refusal(Reason.OTHER_HOST, f"{site(url)} is another site")

    def permit_picture(self, url: str) -> None:
        """Stay on the site and the hosts that were named beside it.

        Raises:
            Refusal: ``other-host``.
        """
        others = self.limits.also_hosts
        if site(url) not in self.hosts and site(url) not in others and "*" not in others:
            raise Refusal(Reason.OTHER_HOST, f"{site(url)} does not belong to the site")
