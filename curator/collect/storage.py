"""Images from object storage, by any URL that fsspec understands."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from curator.collect.budget import within
from curator.collect.inspection import inspect, too_large
from curator.collect.limits import Limits
from curator.collect.local import Find, LeftOut, Stream, read_all
from curator.collect.names import escaped
from curator.collect.reasons import Reason, Refusal, refused
from curator.collect.sniff import is_hidden, named_image
from curator.collect.workers import in_order
from curator.errors import InputError, MissingExtra, SourceError
from curator.progress import Progress
from curator.records import Candidate, Fetched, Refused

SOURCE = "storage"
# These have sources of their own, with what those look after: the guard, links, robots.
_OTHERS = {
    "http": "urls or web",
    "https": "urls or web",
    "file": "folder",
    "local": "folder",
    "ftp": "urls, over https",
}
# What changes when an object does; each storage has its own word.
_VALIDATORS = ("ETag", "etag", "md5Hash", "content_md5", "LastModified", "updated", "mtime")


@dataclass(frozen=True, slots=True)
class StorageSource:
    """Reads everything below a URL such as ``s3://bucket/photos`` that is named like an image.

    Which storages there are, and where they take their keys from, is fsspec's business: its
    libraries (``s3fs``, ``gcsfs``, ``adlfs``) read the usual environment variables and files.
    """

    target: str
    limits: Limits
    licence: str | None = field(default=None, kw_only=True)
    author: str | None = field(default=None, kw_only=True)

    def collect(
        self, settled: Callable[[Candidate], bool], progress: Progress
    ) -> Generator[Fetched | Refused, None, None]:
        """Yield a record for every object that is not settled.

        Raises:
            InputError: if the target is no URL of a storage, or nothing is there.
            MissingExtra: if the library of this storage is not installed.
            SourceError: if it cannot be read.
        """
        files, path = _opened(self.target)
        progress.begin(f"reading {self.target}", None)
        yield from within(self.limits, self._records(files, path, settled, progress), progress)

    def _records(
        self, files: Any, root: str, settled: Callable[[Candidate], bool], progress: Progress
    ) -> Generator[Fetched | Refused, None, None]:
        left_out = LeftOut()
        finds = self._finds(files, root, settled, left_out)
        yield from in_order(partial(_judged, limits=self.limits), finds, self.limits.threads)
        if sentence := left_out.sentence():
            progress.advance(0, sentence)

    def _finds(
        self,
        files: Any,
        root: str,
        settled: Callable[[Candidate], bool],
        left_out: LeftOut,
    ) -> Iterator[Find]:
        for path, facts in _listed(files, root, self.target):
            name = path.removeprefix(root).strip("/") or path.rpartition("/")[2]
            if any(is_hidden(part) for part in name.split("/")):
                left_out.add("hidden files and folders")
            elif not named_image(name):
                left_out.add("files that are not named like images")
            else:
                candidate = Candidate(
                    url=files.unstrip_protocol(path),
                    source=SOURCE,
                    name=escaped(name),
                    licence=self.licence,
                    author=self.author,
                    validator=_validator(facts),
                )
                if not settled(candidate):
                    yield Find(candidate, partial(_read, files, path, facts, self.limits))


def _opened(target: str) -> tuple[Any, str]:
    import fsspec

    protocol, found, _ = target.partition("://")
    if not found or "::" in target:
        raise InputError(f"{target}: is no URL of a storage, such as s3://bucket/photos")
    if protocol in _OTHERS:
        raise InputError(f"{target}: collect it with the source {_OTHERS[protocol]}")
    try:
        files, path = fsspec.core.url_to_fs(target)
    except ImportError as cause:
        raise MissingExtra(f"{protocol}:// needs a library: {cause}") from cause
    except ValueError as cause:
        raise InputError(f"{target}: {cause}") from cause
    return files, path.rstrip("/")


def _listed(files: Any, root: str, target: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """All objects with what is known of each, by name; folder by folder, never all at once."""
    try:
        if not files.exists(root):
            raise InputError(f"{target}: there is nothing")
        if files.isfile(root):
            yield root, files.info(root)
            return
        for _, _, inside in files.walk(root, detail=True):
            for facts in sorted(inside.values(), key=lambda one: str(one["name"])):
                if facts["name"].rstrip("/") != root:
                    yield facts["name"], facts
    except OSError as cause:
        raise SourceError(f"{target}: cannot be read ({cause})") from cause


def _validator(facts: dict[str, Any]) -> str:
    said = next((str(facts[name]) for name in _VALIDATORS if facts.get(name)), "")
    return f"{facts.get('size')}:{said}"


def _read(files: Any, path: str, facts: dict[str, Any], limits: Limits) -> bytes:
    size = facts.get("size")
    if isinstance(size, int) and size > limits.max_bytes:
        raise Refusal(Reason.TOO_LARGE, too_large(size, limits))
    try:
        with files.open(path, "rb") as file:
            return read_all(cast(Stream, file), limits)
    except OSError as cause:
        raise Refusal(Reason.UNREADABLE, f"it cannot be read ({cause})") from cause


def _judged(find: Find, *, limits: Limits) -> Fetched | Refused:
    try:
        data = find.read()
    except Refusal as refusal:
        return refused(find.candidate, refusal.reason, refusal.detail)
    return inspect(find.candidate, data, limits)
