"""Contracts: what every plugin of a kind must do, as test classes for us and for plugin authors.

Subclass one in a test module, fill in its class attributes, and pytest runs it. The classes need
nothing but pytest's own ``tmp_path``.
"""
# ruff: noqa: D102, S101 - the name of a test is its promise

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from msgspec import structs
from PIL import Image as Pillow

from curator.collect import Source
from curator.detect.contract import DetectorContract
from curator.formats import DEFAULT_OPTIONS, ExportFolder, ExportReport, Format
from curator.imaging import probe
from curator.progress import Silent
from curator.records import (
    Box,
    Candidate,
    Face,
    Fetched,
    Image,
    LabelledImage,
    Points,
    Refused,
    Sample,
    Unchanged,
)
from curator.train.contract import TrainerContract

__all__ = [
    "DetectorContract",
    "FormatContract",
    "SourceContract",
    "TrainerContract",
    "make_sample",
]

_FETCHED = datetime(2026, 1, 1, tzinfo=UTC)


def make_sample(
    folder: Path,
    name: str,
    faces: Sequence[Face] = (),
    *,
    split: str = "train",
    size_wh: tuple[int, int] = (64, 48),
) -> Sample:
    """A sample whose image file is a real picture, different for each name."""
    digest = sha256(name.encode("utf-8", "surrogatepass")).digest()
    buffer = io.BytesIO()
    Pillow.new("RGB", size_wh, (digest[0], digest[1], digest[2])).save(buffer, "PNG")
    # Bytes after the end marker are no part of the picture, but make each file another.
    data = buffer.getvalue() + digest
    file = folder / sha256(data).hexdigest()
    file.write_bytes(data)
    image = Image(
        id=1,
        sha256=file.name,
        phash=None,
        width=size_wh[0],
        height=size_wh[1],
        mime="image/png",
        name=name,
        source="folder",
        url=f"file:{digest.hex()}",
        fetched_at=_FETCHED,
        split=split,
    )
    return Sample(image=image, faces=tuple(faces), split=split, place=str(file))


class FormatContract:
    """What every format does, whatever it can hold.

    Attributes:
        format: The format under test.
        annotations: What :meth:`Format.read` is given to read a whole export back, relative to
            the export; ``{split}`` stands for each split in turn.
        box_tolerance: How far an edge of a box may move, pixels.
        keeps_negatives: False where the format has no way to say that an image has no face.
        face: A face that the format can hold whole, inside an image of 64 x 48 pixels.
    """

    format: Format
    annotations: str
    box_tolerance: ClassVar[float] = 1e-6
    keeps_negatives: ClassVar[bool] = True
    box: ClassVar[Box] = (10.0, 12.0, 30.0, 40.0)
    points: ClassVar[Points] = ((15, 20), (25, 20), (20, 26), (16, 33), (24, 33))

    @property
    def face(self) -> Face:
        """A face of five points."""
        return Face(box=self.box, landmarks=self.points, visibility=(2, 2, 1, 2, 2), scheme="5")

    def samples(self, folder: Path) -> list[Sample]:
        """Images of all splits: with one face, with two, with none."""
        other = structs.replace(self.face, box=(1.0, 2.0, 8.0, 11.0))
        return [
            make_sample(folder, "0--Parade/one.jpg", [self.face]),
            make_sample(folder, "1--Interview/two.jpg", [self.face, other], split="val"),
            make_sample(folder, "1--Interview/none.jpg", split="test"),
            make_sample(folder, "none.jpg"),
            make_sample(folder, "again.png", [other], split="test"),
        ]

    def export(self, samples: Sequence[Sample], target: Path) -> ExportReport:
        """Write these samples."""
        with ExportFolder(target, format_name="contract") as folder:
            self.format.write(iter(samples), folder, DEFAULT_OPTIONS)
        return folder.report

    def read_back(self, target: Path) -> Iterator[LabelledImage]:
        """Everything that the export says."""
        splits = ("train", "val", "test") if "{split}" in self.annotations else ("",)
        for split in splits:
            path = target / self.annotations.format(split=split)
            if path.exists():
                yield from self.format.read(path, None)

    def test_every_face_comes_back_on_its_image_and_in_its_split(self, tmp_path: Path) -> None:
        samples = self.samples(tmp_path)
        self.export(samples, tmp_path / "out")
        found = {_digest(item.path): item for item in self.read_back(tmp_path / "out")}
        expected = [item for item in samples if item.faces or self.keeps_negatives]
        assert len(found) == len(expected)
        for sample in expected:
            item = found[sample.image.sha256]
            assert item.split == sample.split
            assert len(item.faces) == len(sample.faces)
            for read, written in zip(item.faces, sample.faces, strict=True):
                moved = [abs(a - b) for a, b in zip(read.box, written.box, strict=True)]
                assert max(moved) <= self.box_tolerance

    def test_equal_samples_give_equal_files(self, tmp_path: Path) -> None:
        samples = self.samples(tmp_path)
        for target in ("first", "second"):
            self.export(samples, tmp_path / target)
        assert _content(tmp_path / "first") == _content(tmp_path / "second")

    def test_the_manifest_holds_every_file(self, tmp_path: Path) -> None:
        self.export(self.samples(tmp_path), tmp_path / "out")
        content = _content(tmp_path / "out")
        manifest = content.pop("manifest.sha256").decode()
        listed = {line[66:]: line[:64] for line in manifest.splitlines()}
        assert listed == {path: sha256(data).hexdigest() for path, data in content.items()}

    def test_the_report_counts_what_was_written(self, tmp_path: Path) -> None:
        samples = self.samples(tmp_path)
        report = self.export(samples, tmp_path / "out")
        faces = {"train": 1, "val": 2, "test": 1}
        assert report.faces == faces
        assert sum(report.images.values()) == len(samples) - 2 * (not self.keeps_negatives)
        assert bool(report.left_out) == (not self.keeps_negatives)

    def test_no_name_leaves_the_export_or_hides_another(self, tmp_path: Path) -> None:
        names = [
            *("../../escape.jpg", "/etc/passwd", "a/../../b.jpg", "..", "C:\\temp\\x.jpg"),
            *("x/same.jpg", "y/same.jpg", "x__same.jpg", "x/SAME.jpg", "x/same.png", "x"),
            *(
                "x/same.jpg/inner.jpg",
                " spaces .jpg",
                "line\nbreak.jpg",
                ".hidden.jpg",
                "no suffix",
            ),
            *("Zürich/Straße.jpg", "顔" * 120 + ".jpg", "a" * 300 + ".jpg", "d" * 300 + "/e.jpg"),
            "/".join(["deep"] * 400) + ".jpg",
        ]
        samples = [make_sample(tmp_path, name, [self.face]) for name in names]
        before = {path.name for path in tmp_path.iterdir()}
        self.export(samples, tmp_path / "out")
        assert {path.name for path in tmp_path.iterdir()} == before | {"out"}
        found = list(self.read_back(tmp_path / "out"))
        assert {_digest(item.path) for item in found} == {item.image.sha256 for item in samples}
        assert len({item.name for item in found}) == len(names)
        assert all(len(item.faces) == 1 for item in found)

    def test_an_interrupted_export_leaves_nothing(self, tmp_path: Path) -> None:
        samples = self.samples(tmp_path)

        def interrupted() -> Iterator[Sample]:
            yield from samples[:2]
            raise KeyboardInterrupt

        before = _content(tmp_path)
        try:
            with ExportFolder(tmp_path / "out", format_name="contract") as folder:
                self.format.write(interrupted(), folder, DEFAULT_OPTIONS)
        except KeyboardInterrupt:
            pass
        assert _content(tmp_path) == before
        assert not (tmp_path / "out").exists()


def _digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def _content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class SourceContract:
    """What every source of images does.

    A subclass defines :meth:`source`; what it needs, such as a server, is a fixture of its own.
    """

    def source(self, folder: Path) -> Source:
        """A new source of the same three or more readable pictures at each call.

        Args:
            folder: An empty one at the first call, to put the pictures into.
        """
        raise NotImplementedError

    def records(
        self, folder: Path, settled: Callable[[Candidate], bool] = lambda _: False
    ) -> list[Fetched | Refused | Unchanged]:
        """Everything that the source yields."""
        return list(self.source(folder).collect(settled, Silent()))

    def test_a_picture_is_what_its_record_says(self, tmp_path: Path) -> None:
        fetched = [r for r in self.records(tmp_path) if isinstance(r, Fetched)]
        assert len(fetched) >= 3
        for record in fetched:
            header = probe(record.data)
            assert (record.width, record.height) == (header.width, header.height)
            assert record.mime == header.mime
            assert record.sha256 == sha256(record.data).hexdigest()
            assert record.phash is None or re.fullmatch("[0-9a-f]{16}", record.phash)
            assert record.fetched_at.utcoffset() is not None

    def test_every_candidate_has_an_address_of_its_own_and_a_safe_name(
        self, tmp_path: Path
    ) -> None:
        candidates = [record.candidate for record in self.records(tmp_path)]
        urls = {candidate.url for candidate in candidates}
        assert len(urls) == len(candidates)
        for candidate in candidates:
            assert re.match("[a-z][a-z0-9+.-]*:", candidate.url)
            assert candidate.source
            parts = candidate.name.split("/")
            assert not {"", ".", ".."} & set(parts)
            assert "\\" not in candidate.name
            assert len(candidate.name.splitlines()) == 1
            assert max(len(part.encode()) for part in parts) <= 255

    def test_a_refusal_has_a_word_to_count_by_and_a_sentence(self, tmp_path: Path) -> None:
        for record in self.records(tmp_path):
            if isinstance(record, Refused):
                assert re.fullmatch("[a-z]+(-[a-z]+)*", record.reason)
                assert record.detail
                assert len(record.detail.splitlines()) == 1

    def test_two_runs_bring_the_same(self, tmp_path: Path) -> None:
        first, second = self.records(tmp_path), self.records(tmp_path)
        assert _gist(first) == _gist(second)

    def test_what_is_settled_is_not_yielded_again(self, tmp_path: Path) -> None:
        records = self.records(tmp_path)
        seen = {record.candidate.url for record in records[1:]}
        again = self.records(tmp_path, lambda candidate: candidate.url in seen)
        assert _gist(again) == _gist(records[:1])
        seen.add(records[0].candidate.url)
        assert self.records(tmp_path, lambda candidate: candidate.url in seen) == []

    def test_the_listener_hears_of_every_record(self, tmp_path: Path) -> None:
        class Counter(Silent):
            stages = 0
            count = 0

            def begin(self, stage: str, total: int | None) -> None:
                self.stages += 1

            def advance(self, done: int = 1, note: str = "") -> None:
                self.count += done

        listener = Counter()
        records = list(self.source(tmp_path).collect(lambda _: False, listener))
        assert listener.stages >= 1
        assert listener.count == len(records)

    def test_closing_early_leaves_no_thread(self, tmp_path: Path) -> None:
        source = self.source(tmp_path)
        before = set(threading.enumerate())
        records = source.collect(lambda _: False, Silent())
        next(records)
        started = set(threading.enumerate()) - before
        records.close()
        # Of those that serve a test some may come and go meanwhile.
        assert not [t for t in set(threading.enumerate()) & started if not self.serves(t)]

    def serves(self, thread: threading.Thread) -> bool:
        """True for a thread of the test's own server, which may still be about its work."""
        return "process_request" in thread.name

    def test_an_error_of_the_caller_comes_out_as_it_is(self, tmp_path: Path) -> None:
        class StoreIsFullError(Exception):
            pass

        def settled(_: Candidate) -> bool:
            raise StoreIsFullError

        caught: Exception | None = None
        try:
            self.records(tmp_path, settled)
        except StoreIsFullError as error:
            caught = error
        assert caught is not None


def _gist(records: Sequence[Fetched | Refused | Unchanged]) -> set[tuple[str, str, str]]:
    """What must not change between two runs: all but times, and the order."""
    return {
        (
            record.candidate.url,
            record.candidate.name,
            _outcome(record),
        )
        for record in records
    }


def _outcome(record: Fetched | Refused | Unchanged) -> str:
    if isinstance(record, Unchanged):
        return "unchanged"
    return record.sha256 if isinstance(record, Fetched) else record.reason
