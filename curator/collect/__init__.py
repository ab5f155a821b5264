"""Collect: a source of images is an iterator of records.

A source is built from what the user pointed at and the limits, and yields ``Fetched`` or
``Refused``, one for every picture it met. It knows no store: what was dealt with before it
asks the caller's ``settled``. The way of one picture::

    folder, urls, web, search, video, storage   name candidates
    archive, listing, links, crawler, engines, frames   read what each of them reads
    fetch, wire, guard  the only way to the network: deadlines, redirects, public addresses
    response, bodies    what comes back: head and body
    pace, robots, wishes   what hosts ask of robots
    inspection, judges  the only way from bytes to a record, through a process that may die
    frontier            where a crawl is, kept by the caller if it is to survive
    limits, reasons     every limit and every reason for a refusal, in one place each
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from curator.collect.limits import Limits
from curator.collect.reasons import SENTENCES, Reason
from curator.progress import Progress
from curator.records import Candidate, Fetched, Refused, Unchanged
from curator.registry import Entry, Registry

if TYPE_CHECKING:
    # Costs OpenCV, which only videos need.
    from curator.collect.frames import FindFaces

    # Costs all that speaks with servers, which the processes that open images do not.
    from curator.collect.frontier import Ledger

__all__ = [
    "SENTENCES",
    "SOURCES",
    "Limits",
    "Reason",
    "Refreshable",
    "Resumable",
    "Seeing",
    "Source",
    "SourceFactory",
]


class Source(Protocol):
    """Where images come from."""

    def collect(
        self, settled: Callable[[Candidate], bool], progress: Progress
    ) -> Generator[Fetched | Refused | Unchanged, None, None]:
        """Yield a record for every image that is not settled, at most a handful held at a time.

        Closing the generator calls off the work and waits for its threads, which end at once.

        Args:
            settled: True for a candidate that an earlier run has dealt with; it is then not
                fetched and not yielded. Called from several threads; ``validator`` is that of
                the local file, or None for an address on the web.
            progress: Told of every record, and of what was left out; from the caller's thread.

        Raises:
            InputError: if the target is nothing this source can read.
            SourceError: if the source cannot be read at all.
        """


@runtime_checkable
class Seeing(Protocol):
    """A source that can use a detector of faces."""

    def seeing(self, find_faces: FindFaces) -> Source:
        """The same source, which asks this for the faces on a picture."""


@runtime_checkable
class Resumable(Protocol):
    """A source that can go on in the middle, where a ledger remembers it was."""

    def remembering(self, ledger: Ledger) -> Source:
        """The same source, which reads and writes this ledger."""


@runtime_checkable
class Refreshable(Protocol):
    """A source that can ask whether what it fetched before is another picture now."""

    def refreshing(self, validator_of: Callable[[str], str | None]) -> Source:
        """The same source, which asks this for the validator of an earlier answer."""


class SourceFactory(Protocol):
    """How every source is made."""

    def __call__(
        self,
        target: str,
        limits: Limits,
        *,
        licence: str | None = None,
        author: str | None = None,
    ) -> Source:
        """Point a source at its target; nothing is read yet.

        Args:
            target: A path or an address, as the user typed it.
            limits: What it may do.
            licence: Of every image that states none itself.
            author: Of every image that states none itself.
        """


SOURCES: Registry[SourceFactory] = Registry(
    "source",
    {
        "folder": Entry(
            "curator.collect.folder:FolderSource",
            "a folder with all below it, or a zip or tar archive of images",
        ),
        "urls": Entry(
            "curator.collect.urls:UrlsSource",
            "a text file of addresses, or a csv with url, licence, author, page, title, query",
        ),
        "web": Entry(
            "curator.collect.web:WebSource",
            "a web site, from a start page along its links",
        ),
        "storage": Entry(
            "curator.collect.storage:StorageSource",
            "object storage by a URL of fsspec, such as s3://bucket/photos",
        ),
        "bing": Entry("curator.collect.search:bing", "what Bing finds for a query"),
        "google": Entry("curator.collect.search:google", "what Google finds for a query"),
        "baidu": Entry("curator.collect.search:baidu", "what Baidu finds for a query"),
        "flickr": Entry(
            "curator.collect.search:flickr", "what Flickr finds for a query, with its licences"
        ),
        "video": Entry(
            "curator.collect.video:VideoSource",
            "frames of a video or of all videos in a folder: every so often, by scene, by face",
        ),
    },
)
