"""Frames of videos: every so often, one a scene, the best shot of each face; alike ones once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from curator.collect import Limits
from curator.collect.frames import Frame, best_shots, every, frames_of
from curator.collect.tracks import Seen, Tracker
from curator.collect.video import VideoSource
from curator.detect import DETECTORS
from curator.errors import InputError, SourceError
from curator.phash import distance
from curator.pipeline.annotate import DetectRequest, detect, open_detector
from curator.pipeline.ingest import CollectRequest, collect, ingest
from curator.pipeline.release import Selection, SplitOptions, split
from curator.progress import Silent
from curator.records import Fetched
from curator.store import images
from curator.store.dataset import create_dataset
from curator.store.images import ImageFilter

Collect = Callable[..., Any]


def write_video(path: Path, scenes: list[int], rotation: int = 0) -> None:
    """Ten frames a second; each scene is one still picture that lasts two seconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.bit_rate = 4_000_000
        for seed in scenes:
            rng = np.random.default_rng(seed)
            small = rng.integers(0, 255, (4, 6, 3), dtype=np.uint8)
            pixels = np.kron(small, np.ones((16, 16, 1), np.uint8))
            for _ in range(20):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Four scenes, the last one the first again."""
    write_video(tmp_path / "clip.mp4", [1, 2, 3, 1])
    return tmp_path / "clip.mp4"


def test_a_frame_every_so_often_and_those_alike_only_once(
    clip: Path, collected: Collect, listener: Any
) -> None:
    result = collected("video", clip, frames="every", frame_seconds=0.5, licence="CC0-1.0")
    assert [r.candidate.name for r in result.fetched] == [
        "clip.mp4/000000.jpg",
        "clip.mp4/000020.jpg",
        "clip.mp4/000040.jpg",
    ]
    assert listener.notes[-1] == "clip.mp4: 3 frames, 13 left out as near-identical"
    first = result.fetched[0].candidate
    assert first.url == f"file://{clip}#t=0.000"
    assert first.licence == "CC0-1.0"
    assert len({r.candidate.group for r in result.fetched}) == 1


def test_every_scene_gives_one_frame(clip: Path, collected: Collect) -> None:
    numbers = [int(r.candidate.name[-10:-4]) for r in collected("video", clip).fetched]
    # The fourth scene looks like the first.
    assert [number // 20 for number in numbers] == [0, 1, 2]


def test_a_folder_gives_all_its_videos_and_a_broken_one_its_reason(
    clip: Path, tmp_path: Path, collected: Collect
) -> None:
    (tmp_path / "deep").mkdir()
    write_video(tmp_path / "deep/other.mkv", [7])
    (tmp_path / "broken.mp4").write_bytes(clip.read_bytes()[:300])
    result = collected("video", tmp_path)
    assert len(result.fetched) == 4
    assert len({r.candidate.group for r in result.fetched}) == 2
    assert result.reasons == {"broken.mp4": "unreadable"}
    seen = {r.candidate.url for r in result.records}
    assert collected("video", tmp_path, lambda c: c.url in seen).fetched == []


def test_what_is_no_video_is_one_sentence(tmp_path: Path, collected: Collect) -> None:
    (tmp_path / "x.mp4").write_bytes(b"no video")
    with pytest.raises(SourceError, match="cannot be read as a video"):
        collected("video", tmp_path / "x.mp4")
    with pytest.raises(InputError, match="there is no such video"):
        collected("video", tmp_path / "y.mp4")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="there is no video in it"):
        collected("video", tmp_path / "empty")


def frames(count: int) -> Iterator[Frame]:
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 255, (100, 200, 3), dtype=np.uint8)
    for number in range(count):
        yield Frame(number, number / 10, noise)


def test_each_face_that_is_followed_gives_its_best_frame_once() -> None:
    """Two faces cross the picture; one is surest at frame 7, the other at 12; a third flickers."""
    counter = iter(range(100))

    def find(_: Any) -> list[Seen]:
        number = next(counter)
        left, right = 10.0 + 3 * number, 150.0 - 3 * number
        seen = [
            Seen((left, 10.0, left + 30, 40.0), 0.9 if number == 7 else 0.5),
            Seen((right, 60.0, right + 30, 90.0), 0.9 if number == 12 else 0.5),
        ]
        if number == 3:
            seen.append(Seen((160.0, 5.0, 190.0, 35.0), 0.99))
        return seen[: 2 if number < 15 else 1] if number != 3 else seen

    assert [frame.number for frame in best_shots(frames(25), find)] == [12, 7]


@pytest.fixture
def eyes(shared_models: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Seen]]:
    monkeypatch.setenv("CURATOR_MODELS", str(shared_models))
    from curator.config import settings

    settings.cache_clear()
    assert "yunet" in DETECTORS.names()
    detector = open_detector(DetectRequest(detector="yunet"), Silent())

    def find(pixels: Any) -> list[Seen]:
        found = detector(pixels)
        pairs = zip(found.boxes.tolist(), found.scores.tolist(), strict=True)
        return [Seen(tuple(box), score) for box, score in pairs]

    return find


def test_the_clip_with_several_people_gives_a_best_shot_of_each(
    shared_data: Path, eyes: Callable[..., list[Seen]], tmp_path: Path
) -> None:
    path = shared_data / "videos/short_hamilton_clip.mp4"
    source = VideoSource(str(path), Limits(frames="tracks")).seeing(eyes)
    with create_dataset(tmp_path / "data") as dataset:
        report = ingest(dataset, source, method="video", params={}, progress=Silent())
        photos = CollectRequest(source="folder", target=str(shared_data / "helen"), max_images=12)
        collect(dataset, photos, Silent())
        detect(dataset, DetectRequest(detector="yunet"), Silent())
        split(
            dataset,
            Selection(),
            SplitOptions(shares={"train": 0.5, "val": 0.3, "test": 0.2}),
            Silent(),
        )
        with dataset.read() as connection:
            found = images.find(connection, ImageFilter(source="video"))
            assert len(images.counts_by(connection, "split")) >= 2
    # Frames of one video never stand in two splits.
    assert len(found) == report.kept >= 3
    assert len({image.split for image in found}) == 1
    # Near-identical ones are kept once.
    hashes = [str(image.phash) for image in found]
    assert all(distance(a, b) >= 6 for i, a in enumerate(hashes) for b in hashes[:i])

    # Every face that is followed has its best frame among them, or one that looks the same.
    from curator.drawing import encode_jpeg
    from curator.imaging import decode_grey
    from curator.phash import SIDE, perceptual_hash

    tracker, looks, tracks = Tracker(), {}, []
    for frame in every(frames_of(path, most_pixels=10**9), 0.1):
        looks[frame.number] = frame.pixels
        tracks += tracker.look(frame.seconds, frame.number, frame.pixels, eyes(frame.pixels))
    tracks += tracker.end()
    assert len(tracks) >= 3
    for track in tracks:
        data = encode_jpeg(looks[track.best], 95)
        phash = perceptual_hash(decode_grey(data, side=SIDE)[1])
        assert min(distance(phash, other) for other in hashes) < 6


def test_a_clip_of_one_person_gives_one_or_few(
    shared_data: Path, eyes: Callable[..., list[Seen]]
) -> None:
    source = VideoSource(str(shared_data / "videos/asl_help.mkv"), Limits(frames="tracks")).seeing(
        eyes
    )
    records = list(source.collect(lambda _: False, Silent()))
    assert 1 <= len(records) <= 2
    assert all(isinstance(record, Fetched) for record in records)
