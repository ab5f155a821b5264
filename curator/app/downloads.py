"""An export as a zip: written while it is sent, so that its size costs no memory and no disk."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from curator.formats import FORMATS
from curator.formats.folder import REPORT
from curator.pipeline.export import folder_of
from curator.records import Release
from curator.store import releases
from curator.store.dataset import Dataset

CHUNK = 1 << 20
# Photos are compressed already; doing it again would only cost time.
_PACKED = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif"})


def zip_url(release: Release, format_name: str) -> str:
    """Where an export is, as one zip."""
    return f"/exports/{release.id}/{format_name}.zip"


def exported(dataset: Dataset, release: Release) -> dict[str, Path]:
    """Format -> folder of the complete exports of a release in the dataset's own place."""
    folders = {name: folder_of(dataset, release.name, name) for name in FORMATS.names()}
    return {name: folder for name, folder in folders.items() if (folder / REPORT).is_file()}


class Downloads:
    """The route to the exports of one dataset: the number of a release and a known format."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def routes(self) -> list[Route]:
        """To be mounted at the root."""
        return [Route("/exports/{release:int}/{format}.zip", self.export)]

    def export(self, request: Request) -> Response:
        """All files of an export."""
        folder = self._folder(request.path_params["release"], request.path_params["format"])
        if folder is None:
            raise HTTPException(404, "there is no such export")
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(folder.name)}.zip",
            "Cache-Control": "private, no-store",
        }
        return StreamingResponse(zipped(folder), media_type="application/zip", headers=headers)

    def _folder(self, release_id: int, format_name: str) -> Path | None:
        with self._dataset.read() as connection:
            every = releases.every(connection)
        release = next((release for release in every if release.id == release_id), None)
        return None if release is None else exported(self._dataset, release).get(format_name)


def zipped(folder: Path) -> Iterator[bytes]:
    """A zip of all files below a folder, piece by piece, in the order of their names.

    Yields:
        About a megabyte at a time.
    """
    out = _Outbox()
    with zipfile.ZipFile(out, "w", allowZip64=True) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield from _entry(archive, out, path, path.relative_to(folder.parent))
    yield from out.taken(0)


def _entry(archive: zipfile.ZipFile, out: _Outbox, path: Path, name: Path) -> Iterator[bytes]:
    stat = path.stat()
    info = zipfile.ZipInfo(name.as_posix(), _date(stat.st_mtime))
    info.file_size = stat.st_size
    info.external_attr = 0o644 << 16
    packed = path.suffix.lower() in _PACKED
    info.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    with path.open("rb") as source, archive.open(info, "w") as target:
        while chunk := source.read(CHUNK):
            target.write(chunk)
            yield from out.taken(CHUNK)


def _date(timestamp: float) -> tuple[int, int, int, int, int, int]:
    at = datetime.fromtimestamp(timestamp, UTC)
    # Zip knows no time before 1980.
    return (max(at.year, 1980), at.month, at.day, at.hour, at.minute, at.second)


class _Outbox:
    """What ``zipfile`` writes to: no seeking, bytes wait here until they are sent."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, data: bytes, /) -> int:
        """Take bytes in."""
        self._waiting += data
        return len(data)

    def flush(self) -> None:
        """Nothing to do: bytes go out when they are taken."""

    def close(self) -> None:
        """Nothing to do either."""

    def taken(self, least: int) -> Iterator[bytes]:
        """Give the waiting bytes out, once there are more than this many."""
        if len(self._waiting) > least:
            yield bytes(self._waiting)
            self._waiting.clear()
