"""What is in a zip or tar archive: read as streams, never unpacked to the disk."""

from __future__ import annotations

import lzma
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath

from curator.collect.limits import Limits
from curator.collect.local import SOURCE, Find, LeftOut, Stream, read_all
from curator.collect.members import Member
from curator.collect.names import escaped, file_url, file_validator, member_name
from curator.collect.reasons import Reason, Refusal, refused
from curator.collect.sniff import HEAD, is_hidden, is_image, named_archive, named_image
from curator.collect.tars import tar_members
from curator.collect.zips import is_zip, zip_members
from curator.errors import SourceError
from curator.records import Candidate, Refused

# What the libraries raise while they read; RuntimeError is zipfile's for a password.
_DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError),
    *(EOFError, OSError, ValueError, NotImplementedError, RuntimeError),
)


def finds_in_archive(path: Path, left_out: LeftOut, limits: Limits) -> Iterator[Find | Refused]:
    """The images of one archive, in its order; each must be read before the next is asked for.

    An archive that breaks off, or turns out to be a bomb, gives what came before and a refusal
    of the archive itself.

    Raises:
        InputError: if it is no archive.
        SourceError: if nothing of it can be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
        archive = _Archive(path, file_validator(path.stat()), left_out, limits)
    except OSError as cause:
        raise SourceError(f"{path}: cannot be read ({cause.strerror})") from cause
    members = zip_members(path, limits) if is_zip(head) else tar_members(path, head, limits)
    number = 0
    try:
        for number, member in enumerate(members, 1):
            yield from archive.finds(member, number)
    except Refusal as refusal:
        verdict = refusal
    except _DAMAGE as error:
        verdict = Refusal(Reason.BROKEN_ARCHIVE, f"it is damaged ({error})")
    else:
        return
    if number == 0:
        raise SourceError(f"{path}: nothing can be read of it: {verdict.detail}") from verdict
    detail = f"{verdict.detail}; the rest of the archive was not read"
    yield refused(archive.candidate(None, path.name), verdict.reason, detail)


@dataclass(slots=True)
class _Archive:
    path: Path
    validator: str
    left_out: LeftOut
    limits: Limits
    met: Counter[str] = field(default_factory=Counter)

    def candidate(self, member: str | None, name: str) -> Candidate:
        return Candidate(
            url=file_url(self.path, member),
            source=SOURCE,
            name=escaped(name),
            validator=self.validator,
        )

    def finds(self, member: Member, number: int) -> Iterator[Find | Refused]:
        """Nothing, or one record: of a file that looks like an image, or is suspicious.

        Raises:
            Refusal: ``bomb`` when there are too many entries.
        """
        if number > self.limits.max_members:
            raise Refusal(Reason.BOMB, f"it has more than {self.limits.max_members:,} entries")
        try:
            name = member_name(member.name)
        except Refusal as refusal:
            place = self.candidate(member.name, f"{self.path.name}/entry-{number}")
            yield refused(place, refusal.reason, refusal.detail)
            return
        candidate = self._once(self.candidate(member.name, name))
        if any(is_hidden(part) for part in name.split("/")):
            self.left_out.add("hidden files and folders")
        elif member.problem is not None:
            if named_image(name) or member.problem.reason is Reason.LINK:
                yield refused(candidate, member.problem.reason, member.problem.detail)
            else:
                self.left_out.add("files that are no images")
        elif named_archive(name):
            detail = "it is an archive inside the archive; unpack the outer one first"
            yield refused(candidate, Reason.ARCHIVE, detail)
        elif named_image(name):
            yield Find(candidate, partial(_read, member.open, self.limits))
        else:
            yield from self._unnamed(candidate, member)

    def _unnamed(self, candidate: Candidate, member: Member) -> Iterator[Find]:
        try:
            stream = member.open()
            looks_like_image = is_image(stream.peek(HEAD))
        except _DAMAGE:
            self.left_out.add("damaged files that are not named like images")
            return
        if looks_like_image:
            yield Find(candidate, partial(_read, lambda: stream, self.limits))
        else:
            self.left_out.add("files that are no images")
        stream.close()

    def _once(self, candidate: Candidate) -> Candidate:
        """An archive may hold a name twice, with other bytes; both are told apart."""
        self.met[candidate.name] += 1
        again = self.met[candidate.name]
        if again == 1:
            return candidate
        path = PurePosixPath(candidate.name)
        name = str(path.with_name(f"{path.stem}~{again}{path.suffix}"))
        return replace(candidate, url=f"{candidate.url}#{again}", name=name)


def _read(opener: Callable[[], Stream], limits: Limits) -> bytes:
    try:
        stream = opener()
        try:
            return read_all(stream, limits)
        finally:
            stream.close()
    except _DAMAGE as error:
        raise Refusal(Reason.BROKEN_ARCHIVE, f"it is damaged in the archive ({error})") from error
