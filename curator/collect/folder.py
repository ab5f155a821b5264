"""Images from a folder, or from one zip or tar archive."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from curator.collect.archive import finds_in_archive
from curator.collect.budget import within
from curator.collect.inspection import too_large
from curator.collect.limits import Limits
from curator.collect.local import SOURCE, Find, LeftOut, local_path, read_all
from curator.collect.names import escaped, file_url, file_validator
from curator.collect.reasons import Reason, Refusal, refused
from curator.collect.sniff import HEAD, is_hidden, is_image, named_archive, named_image
from curator.collect.workers import in_order
from curator.errors import InputError, SourceError
from curator.progress import Progress
from curator.records import Candidate, Fetched, Refused


@dataclass(frozen=True, slots=True)
class FolderSource:
    """Reads a folder with all below it, in the order of the names, or one archive in its order.

    Taken is what is named like an image or begins like one. Links are followed to files inside
    the folder only; archives inside the folder are not opened. Nothing is unpacked to the disk.
    """

    target: str
    limits: Limits
    licence: str | None = field(default=None, kw_only=True)
    author: str | None = field(default=None, kw_only=True)

    def collect(
        self, settled: Callable[[Candidate], bool], progress: Progress
    ) -> Generator[Fetched | Refused, None, None]:
        """Yield a record for every image file that is not settled.

        Raises:
            InputError: if the target is neither a folder nor an archive.
            SourceError: if it cannot be read at all.
        """
        path = local_path(self.target)
        try:
            path.stat()
        except (FileNotFoundError, NotADirectoryError, ValueError) as cause:
            raise InputError(f"{path}: there is no such folder or archive") from cause
        except OSError as cause:
            raise SourceError(f"{path}: cannot be read ({cause.strerror})") from cause
        progress.begin(f"reading {path.name or path}", None)
        yield from within(self.limits, self._records(path, settled, progress), progress)

    def _records(
        self, path: Path, settled: Callable[[Candidate], bool], progress: Progress
    ) -> Generator[Fetched | Refused, None, None]:
        left_out = LeftOut()
        if path.is_dir():
            finds = self._unsettled(_finds_in_folder(path, left_out, self.limits), settled)
        else:
            finds = _read_now(
                self._unsettled(finds_in_archive(path, left_out, self.limits), settled)
            )
        yield from in_order(partial(_record, limits=self.limits), finds, self.limits.threads)
        if sentence := left_out.sentence():
            progress.advance(0, sentence)

    def _unsettled(
        self, finds: Iterator[Find | Refused], settled: Callable[[Candidate], bool]
    ) -> Iterator[Find | Refused]:
        for find in finds:
            if not settled(find.candidate):
                credited = replace(find.candidate, licence=self.licence, author=self.author)
                yield replace(find, candidate=credited)


def _record(find: Find | Refused, *, limits: Limits) -> Fetched | Refused:
    return find if isinstance(find, Refused) else find.judged(limits)


def _read_now(finds: Iterator[Find | Refused]) -> Iterator[Find | Refused]:
    """Read each before the next one is looked for: an archive is one stream."""
    for find in finds:
        if isinstance(find, Refused):
            yield find
            continue
        try:
            data = find.read()
        except Refusal as refusal:
            yield refused(find.candidate, refusal.reason, refusal.detail)
        else:
            yield Find(find.candidate, partial(bytes, data))


def _finds_in_folder(root: Path, left_out: LeftOut, limits: Limits) -> Iterator[Find | Refused]:
    try:
        levels = [_sorted_entries(root)]
    except OSError as cause:
        raise SourceError(f"{root}: cannot be read ({cause.strerror})") from cause
    real_root = root.resolve()
    # A stack, not recursion: a tree may be deeper than Python's.
    while levels:
        entry = next(levels[-1], None)
        if entry is None:
            levels.pop()
        elif is_hidden(entry.name):
            left_out.add("hidden files and folders")
        else:
            try:
                if entry.is_dir(follow_symlinks=False):
                    levels.append(_sorted_entries(entry.path))
                else:
                    yield from _file(entry, root, real_root, left_out, limits)
            except OSError as error:
                detail = f"it cannot be read ({error.strerror})"
                yield refused(_candidate(entry.path, root, None), Reason.UNREADABLE, detail)


def _sorted_entries(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return iter(sorted(entries, key=lambda entry: entry.name))


def _file(
    entry: os.DirEntry[str], root: Path, real_root: Path, left_out: LeftOut, limits: Limits
) -> Iterator[Find | Refused]:
    candidate = _candidate(entry.path, root, None)
    if named_archive(entry.name):
        detail = "it is an archive; give its path to collect what is in it"
        yield refused(candidate, Reason.ARCHIVE, detail)
        return
    problem = _no_file_of_this_folder(entry, real_root)
    if problem is not None:
        if named_image(entry.name):
            yield refused(candidate, Reason.LINK, problem)
        else:
            left_out.add("links and devices")
        return
    facts = entry.stat()
    if named_image(entry.name) or _begins_like_an_image(entry.path):
        candidate = _candidate(entry.path, root, file_validator(facts))
        yield Find(candidate, partial(_read_file, entry.path, limits))
    else:
        left_out.add("files that are no images")


def _no_file_of_this_folder(entry: os.DirEntry[str], real_root: Path) -> str | None:
    """Why this is not to be opened, in one sentence, or None for a file of this folder."""
    try:
        mode = entry.stat().st_mode
    except OSError:
        if entry.is_symlink():
            return "it is a link that leads nowhere"
        raise
    if entry.is_symlink() and not Path(os.path.realpath(entry.path)).is_relative_to(real_root):
        return "it is a link to somewhere outside of the folder"
    return None if stat.S_ISREG(mode) else "it is no file but a folder, pipe, socket or device"


def _candidate(path: str, root: Path, validator: str | None) -> Candidate:
    return Candidate(
        url=file_url(path),
        source=SOURCE,
        name=escaped(os.path.relpath(path, root)),
        validator=validator,
    )


def _begins_like_an_image(path: str) -> bool:
    with Path(path).open("rb", buffering=0) as file:
        return is_image(file.read(HEAD))


def _read_file(path: str, limits: Limits) -> bytes:
    try:
        with Path(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > limits.max_bytes:
                raise Refusal(Reason.TOO_LARGE, too_large(size, limits))
            return read_all(file, limits)
    except OSError as error:
        raise Refusal(Reason.UNREADABLE, f"it cannot be read ({error.strerror})") from error
