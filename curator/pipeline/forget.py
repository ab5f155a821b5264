"""Forget: what is known of an image, a source or a person is taken out of the dataset for good."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from sqlalchemy import Connection

from curator.errors import InputError, NotFound
from curator.pipeline.arrivals import recover
from curator.pipeline.pages import Pages
from curator.pipeline.traces import clean_logs, naming
from curator.records import Image
from curator.store import erasure, images, opt_outs
from curator.store.dataset import Dataset
from curator.store.opt_outs import OptOut


class Holder(Protocol):
    """What else holds copies of images, such as a viewer with a database of its own."""

    def holding(self, dataset: Dataset, images: Sequence[Image]) -> Sequence[str]:
        """Where it has some of these, in words."""

    def remove(self, dataset: Dataset, images: Sequence[Image]) -> None:
        """Take them out there, to the last byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetRequest:
    """What to forget; one of the first three.

    Attributes:
        image: The id, sha256, name or address of an image.
        source: A name of the registry of sources, a host, or an address with all below it; a
            host is not collected from any more.
        identity: A person; every image that shows them.
        from_releases: Also take it out of releases that hold it and out of what was made of these:
            exports are removed, other holders let go of it.
    """

    image: str | None = None
    source: str | None = None
    identity: str | None = None
    from_releases: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was removed, and where people have to look themselves.

    Attributes:
        images: How many.
        releases: That held some of them.
        exports: Folders of these releases that were removed.
        elsewhere: Other places that held copies and gave them up.
        left: Files of the dataset folder that still name one of the images.
        scrubbed: False if another program that reads the database keeps old pages of it alive.
    """

    images: int
    releases: tuple[str, ...]
    exports: tuple[str, ...]
    elsewhere: tuple[str, ...]
    left: tuple[str, ...]
    scrubbed: bool


def forget(dataset: Dataset, request: ForgetRequest, holders: Sequence[Holder] = ()) -> Forgotten:
    """Remove bytes, small pictures, rows, notes and log lines; leave a digest that says "never".

    May be killed and run again: what is left of an image leads to the rest until the last step.

    Args:
        dataset: Where from.
        request: What, and how far.
        holders: Who else may have copies.

    Raises:
        InputError: if not exactly one thing was named, or a release holds it and the request
            does not say what to do about that; nothing is removed then.
        NotFound: if there is nothing of that name.
    """
    recover(dataset)
    with dataset.read() as connection:
        ids = _wanted(connection, request)
        forgotten = list(images.many(connection, ids).values())
        held = erasure.holding(connection, ids)
        urls = erasure.addresses(connection, ids)
        words = urls | erasure.names(connection, ids)
    exports = _exports(dataset, held)
    elsewhere = [(holder, holder.holding(dataset, forgotten)) for holder in holders]
    others = [place for _, places in elsewhere for place in places]
    if (held or others) and not request.from_releases:
        where = [f"the releases {', '.join(held)}{_and_exports(exports)}"] if held else []
        raise InputError(
            f"{len(forgotten)} images to forget are held by {' and by '.join([*where, *others])}"
            ": say --from-releases to take them out there too"
        )
    with dataset.write() as connection:
        opt_outs.add(connection, OptOut.CONTENT, [image.sha256 for image in forgotten])
        opt_outs.add(connection, OptOut.ADDRESS, urls)
        if request.source is not None and _is_host(request.source):
            opt_outs.add(connection, OptOut.HOST, [request.source.partition(":")[0]])
    for holder, places in elsewhere:
        if places:
            holder.remove(dataset, forgotten)
    for folder in exports:
        shutil.rmtree(folder)
    for image in forgotten:
        dataset.blobs.remove(image.sha256, image.mime)
        _remove_small(dataset, image.sha256)
    Pages.of(dataset).clear()
    clean_logs(dataset.logs, words)
    with dataset.write() as connection:
        erasure.erase(connection, forgotten)
        # Another image may have come under the same name from elsewhere.
        words -= erasure.in_use(connection, words)
    return Forgotten(
        images=len(forgotten),
        releases=tuple(held),
        exports=tuple(str(folder) for folder in exports),
        elsewhere=tuple(others),
        scrubbed=dataset.scrub(),
        left=tuple(naming(dataset.folder, words)),
    )


def _wanted(connection: Connection, request: ForgetRequest) -> list[int]:
    ways = {
        "image": (request.image, erasure.by_word),
        "source": (request.source, erasure.by_source),
        "identity": (request.identity, erasure.by_identity),
    }
    named = [(what, value, find) for what, (value, find) in ways.items() if value]
    if len(named) != 1:
        raise InputError("name one thing to forget: an image, a source or an identity")
    what, value, find = named[0]
    ids = find(connection, value)
    if not ids and not (what == "source" and _is_host(value)):
        raise NotFound(f"no image of the {what} {value!r}")
    return ids


def _is_host(source: str) -> bool:
    return "." in source and "/" not in source and urlsplit(f"http://{source}").hostname is not None


def _exports(dataset: Dataset, releases: Iterable[str]) -> list[Path]:
    """The exports of these releases in the dataset's own folder."""
    found = []
    for name in releases:
        pattern = re.compile(rf"\.?{re.escape(name)}-[a-z-]+(\.jpg|\.partial|\.replaced)?")
        found += [path for path in dataset.exports.iterdir() if pattern.fullmatch(path.name)]
    return sorted(found)


def _and_exports(exports: Sequence[Path]) -> str:
    return f" (exported to {', '.join(map(str, exports))})" if exports else ""


def _remove_small(dataset: Dataset, sha256: str) -> None:
    for path in dataset.cache.rglob(f"*{sha256}*"):
        path.unlink(missing_ok=True)
