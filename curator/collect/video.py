"""Images from videos."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from curator.collect.budget import within
from curator.collect.frames import FindFaces, Frame, best_shots, every, frames_of, scenes
from curator.collect.inspection import inspect
from curator.collect.limits import Limits
from curator.collect.local import local_path
from curator.collect.names import escaped, file_url, file_validator
from curator.collect.reasons import Reason, refused
from curator.collect.sniff import is_hidden, named_video
from curator.drawing import encode_jpeg
from curator.errors import ConfigError, InputError, SourceError
from curator.phash import distance
from curator.progress import Progress
from curator.records import Candidate, Fetched, Refused

SOURCE = "video"
# Frames of one video that differ in fewer of 64 bits look the same.
_ALIKE = 6
_QUALITY = 95
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class VideoSource:
    """Takes frames out of a video file, or of all in a folder, near-identical ones once.

    Which ones ``limits.frames`` says: ``every`` so many seconds, the sharpest of each of the
    ``scenes``, or of the face ``tracks`` the best shot each. All frames of one video are one
    group, so that no split tears them apart. A video is read from its start in every run.
    """

    target: str
    limits: Limits
    licence: str | None = field(default=None, kw_only=True)
    author: str | None = field(default=None, kw_only=True)
    find_faces: FindFaces | None = field(default=None, kw_only=True)

    def seeing(self, find_faces: FindFaces) -> VideoSource:
        """The same source, able to follow faces."""
        return replace(self, find_faces=find_faces)

    def collect(
        self, settled: Callable[[Candidate], bool], progress: Progress
    ) -> Generator[Fetched | Refused, None, None]:
        """Yield a record for every frame that is taken and not settled.

        Raises:
            InputError: if there is no such file or folder, or no video in it.
            SourceError: if the only video cannot be read.
        """
        path = local_path(self.target)
        if not path.exists():
            raise InputError(f"{path}: there is no such video or folder")
        videos = _videos(path) if path.is_dir() else [path]
        if not videos:
            raise InputError(f"{path}: there is no video in it")
        progress.begin(f"reading {path.name}", None)
        yield from within(self.limits, self._records(videos, settled, progress), progress)

    def _records(
        self, videos: list[Path], settled: Callable[[Candidate], bool], progress: Progress
    ) -> Generator[Fetched | Refused, None, None]:
        for path in videos:
            try:
                yield from self._of_one(path, settled, progress)
            except SourceError as error:
                if len(videos) == 1:
                    raise
                yield refused(self._candidate(path), Reason.UNREADABLE, str(error))

    def _of_one(
        self, path: Path, settled: Callable[[Candidate], bool], progress: Progress
    ) -> Iterator[Fetched | Refused]:
        whole = replace(self._candidate(path), group=f"video:{_digest(path)[:16]}")
        kept: list[str] = []
        alike = 0
        for frame in self._chosen(frames_of(path, most_pixels=self.limits.max_pixels)):
            candidate = replace(
                whole,
                url=f"{whole.url}#t={frame.seconds:.3f}",
                name=f"{whole.name}/{frame.number:06}.jpg",
            )
            record = inspect(candidate, encode_jpeg(frame.pixels, _QUALITY), self.limits)
            if isinstance(record, Fetched) and record.phash is not None:
                if any(distance(record.phash, other) < _ALIKE for other in kept):
                    alike += 1
                    continue
                kept.append(record.phash)
            if not settled(candidate):
                yield record
        progress.advance(0, f"{path.name}: {len(kept)} frames, {alike} left out as near-identical")

    def _chosen(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        if self.limits.frames == "tracks":
            if self.find_faces is None:
                raise ConfigError("following faces needs a detector")
            return best_shots(frames, self.find_faces)
        if self.limits.frames == "scenes":
            return scenes(frames)
        return every(frames, self.limits.frame_seconds)

    def _candidate(self, path: Path) -> Candidate:
        return Candidate(
            url=file_url(path),
            source=SOURCE,
            name=escaped(path.name),
            licence=self.licence,
            author=self.author,
            validator=file_validator(path.stat()),
        )


def _videos(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if named_video(path.name) and path.is_file() and not is_hidden(path.name)
    )


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
