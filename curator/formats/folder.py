"""The folder of an export: images linked, text written, every file in the manifest."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from curator.errors import InputError, RunError
from curator.formats import provenance
from curator.formats.names import NameBook
from curator.formats.provenance import Provenance
from curator.formats.report import ExportReport, Tally
from curator.formats.staging import Staging
from curator.formats.text_file import TextFile
from curator.records import SPLITS, Face, Sample

MANIFEST = "manifest.sha256"
REPORT = "report.json"

_MANIFEST_LINE = re.compile(r"[0-9a-f]{64}  (.+)")
# Hard links do not go across file systems, to some network ones, to files of other users where
# the kernel protects those, or beyond the link count of a file.
_NO_LINK = frozenset(
    {errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS}
)


class ExportFolder:
    """Builds one export; the only thing here that writes to the disk.

    A context manager: left without an error, the export stands at its target with
    ``manifest.sha256`` (which ``sha256sum -c`` checks) and ``report.json``; left with one, there
    is nothing. Two exports of equal samples are equal byte for byte.

    Args:
        target: Absent, empty, or an earlier export, which is then replaced.
        format_name: For the report.

    Attributes:
        names: Gives out the paths of the images.
        tally: Takes note of what could not be kept.

    Raises:
        InputError: if anything else stands at the target.
        RunError: if the disk is full or cannot be written, or an image file is missing.
    """

    def __init__(self, target: Path, *, format_name: str) -> None:
        self.tally = Tally()
        self.names = NameBook(self.tally)
        self._format = format_name
        self._precision = "exact"
        self._carried: frozenset[str] | None = frozenset()
        self._staging = Staging(target)
        self._root = str(self._staging.build)
        self._made: set[str] = set()
        self._texts: dict[str, TextFile] = {}
        self._scratch = ExitStack()
        self._digests: dict[str, str] = {}
        self._images: Counter[str] = Counter()
        self._faces: Counter[str] = Counter()
        self._report: ExportReport | None = None
        self._provenance: Provenance | None = None

    @property
    def report(self) -> ExportReport:
        """What was exported; there once the export is complete."""
        if self._report is None:
            raise RuntimeError("the export is not complete")
        return self._report

    def describe(self, *, precision: str, carried: Iterable[str] | None) -> None:
        """What the format can hold, for the report.

        Args:
            precision: How exact its numbers are, for a person.
            carried: Attribute names, and ``points``, ``identity``, ``score``; None for all.
        """
        self._precision = precision
        self._carried = None if carried is None else frozenset(carried)

    def add_image(self, sample: Sample, path: str, faces: Sequence[Face]) -> None:
        """Put the image at this path of the export, never re-encoded, and count what it shows.

        Args:
            sample: Its file is hard-linked, or copied where that is impossible.
            path: From :attr:`names`, below a folder of the format.
            faces: Those that the export says of it.
        """
        if sample.split not in SPLITS:
            raise InputError(f"{sample.image.name} is in no split")
        place = self._place(path)
        try:
            os.link(sample.place, place)
        except OSError as cause:
            if cause.errno not in _NO_LINK:
                raise
            shutil.copyfile(sample.place, place)
        self._digests[path] = sample.image.sha256
        self._told().add(sample, path)
        self._images[sample.split] += 1
        self._faces[sample.split] += len(faces)
        self.tally.holds(faces)

    def write(self, path: str, text: str) -> None:
        """Write a small file at once."""
        data = text.encode()
        digest = sha256(data).hexdigest()
        # Half the time of open(), which counts for a label file an image.
        descriptor = os.open(self._place(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            while data:
                data = data[os.write(descriptor, data) :]
        finally:
            os.close(descriptor)
        self._digests[path] = digest

    def text(self, path: str) -> TextFile:
        """The growing file at this path; closed when the export is."""
        file = self._texts.get(path)
        if file is None:
            file = self._texts[path] = TextFile(self._place(path))
        return file

    def scratch(self) -> IO[str]:
        """A nameless file for what has to wait until something else is written."""
        return self._scratch.enter_context(
            tempfile.TemporaryFile("w+", encoding="utf-8", newline="", dir=self._root)
        )

    def __enter__(self) -> Self:
        try:
            self._staging.begin()
        except OSError as cause:
            raise self._sentence(cause) from cause
        try:
            self._staging.refuse_to_replace(self._earlier_files())
        except OSError as cause:
            self._staging.discard()
            raise self._sentence(cause) from cause
        except InputError:
            self._staging.discard()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._scratch.close()
            if error is None:
                self._finish()
                self._staging.complete()
                return
        except OSError as cause:
            self._abandon()
            raise self._sentence(cause) from cause
        except BaseException:
            self._abandon()
            raise
        self._abandon()
        if isinstance(error, OSError):
            raise self._sentence(error) from error

    def _abandon(self) -> None:
        for file in self._texts.values():
            with suppress(OSError):
                file.close()
        self._staging.discard()

    def _place(self, path: str) -> str:
        """The absolute path below the build folder, its folder made."""
        folder = path.rpartition("/")[0]
        if folder not in self._made:
            os.makedirs(f"{self._root}/{folder}", exist_ok=True)  # noqa: PTH103
            self._made.add(folder)
        return f"{self._root}/{path}"

    def _earlier_files(self) -> set[str]:
        manifest = self._staging.target / MANIFEST
        if not manifest.is_file():
            return set()
        lines = manifest.read_text(encoding="utf-8", errors="replace").split("\n")
        return {MANIFEST} | {found[1] for found in map(_MANIFEST_LINE.fullmatch, lines) if found}

    def _told(self) -> Provenance:
        if self._provenance is None:
            self._provenance = Provenance(self.text(provenance.TABLE))
        return self._provenance

    def _finish(self) -> None:
        self.write(provenance.DOCUMENT, self._told().document())
        for path, file in self._texts.items():
            self._digests[path] = file.close()
        self._report = ExportReport(
            format=self._format,
            precision=self._precision,
            images=_by_split(self._images),
            faces=_by_split(self._faces),
            losses=self.tally.losses(self._carried),
            left_out=self.tally.left_out(),
        )
        text = json.dumps(self._report.as_json(), indent=2)
        self.write(REPORT, text + "\n")
        lines = (f"{digest}  {path}\n" for path, digest in sorted(self._digests.items()))
        Path(self._root, MANIFEST).write_text("".join(lines), encoding="utf-8")

    def _sentence(self, cause: OSError) -> RunError:
        reason = "the disk is full" if cause.errno == errno.ENOSPC else cause.strerror or str(cause)
        where = f" ({os.fsdecode(cause.filename)})" if cause.filename is not None else ""
        return RunError(f"cannot export to {self._staging.target}: {reason}{where}")


def _by_split(counts: Counter[str]) -> dict[str, int]:
    return {split: counts[split] for split in SPLITS if split in counts}
