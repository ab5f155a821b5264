"""Many photos at once give what one after the other gives, in order, and nothing is left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from curator.detect import Detector
from curator.detect.stream import stream
from curator.errors import RunError
from curator.imaging import BrokenImage, decode
from curator.records import Detections

Rgb = NDArray[np.uint8]
EMPTY = Detections(
    np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32)
)


class Watched:
    """Returns the brightness of the photo as a score, and counts what happens at the same time."""

    name, licence, method, weights_sha256, min_score = "watched", "none", "watched", "0" * 64, 0.0

    def __init__(self, seconds: Callable[[int], float] = lambda _: 0.0) -> None:
        self.seconds = seconds
        self.lock = threading.Lock()
        self.now = self.most = self.calls = 0

    def __call__(self, image: Rgb, /) -> Detections:
        with self.lock:
            self.calls += 1
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self.seconds(int(image.max())))
        with self.lock:
            self.now -= 1
        score = np.array([image.max() / 255], np.float32)
        return Detections(np.zeros((1, 4), np.float32), score, np.zeros((1, 5, 2), np.float32))


def picture(value: int) -> bytes:
    return cv2.imencode(".png", np.full((4, 4, 3), value, np.uint8))[1].tobytes()


def pictures(count: int) -> list[tuple[int, bytes]]:
    return [(value, picture(value)) for value in range(count)]


def detecting() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("detect")]


@pytest.mark.parametrize("accurate", [False, True], ids=["plain", "accurate"])
def test_a_stream_gives_what_single_calls_give(
    accurate: bool, opened: Callable[..., Detector], photos: list[Path]
) -> None:
    detector = opened("yunet", accurate)
    files = photos[-2:] if accurate else photos
    items = [
        (file.name, file if number % 2 else file.read_bytes()) for number, file in enumerate(files)
    ]
    results = list(stream(detector, items, threads=2))
    assert [name for name, _ in results] == [file.name for file in files]
    for file, (_, found) in zip(files, results, strict=True):
        assert isinstance(found, Detections)
        alone = detector(decode(file.read_bytes()))
        assert found.boxes.tolist() == alone.boxes.tolist()
        assert found.landmarks.tolist() == alone.landmarks.tolist()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_the_order_of_the_photos(threads: int) -> None:
    # Every third photo is slow, so that the others would overtake it.
    watched = Watched(lambda value: 0.02 if value % 3 == 0 else 0)
    results = list(stream(watched, pictures(30), threads=threads))
    assert [key for key, _ in results] == list(range(30))
    for key, found in results:
        assert isinstance(found, Detections)
        assert found.scores[0] == pytest.approx(key / 255)
    assert watched.most <= threads
    assert detecting() == []


def test_photos_really_are_looked_at_side_by_side() -> None:
    together = threading.Barrier(2, timeout=20)

    class Meeting(Watched):
        def __call__(self, image: Rgb, /) -> Detections:
            together.wait()
            return EMPTY

    assert len(list(stream(Meeting(), pictures(2), threads=2))) == 2


def test_a_broken_photo_is_a_result_and_the_others_go_on(tmp_path: Path) -> None:
    whole = cv2.imencode(".jpg", np.full((300, 300, 3), 90, np.uint8))[1].tobytes()
    (tmp_path / "folder.jpg").mkdir()
    items: list[tuple[str, bytes | Path]] = [
        ("whole", whole),
        ("empty", b""),
        ("page", b"<!DOCTYPE html><html></html>"),
        ("truncated", whole[:-40]),
        ("absent", tmp_path / "absent.jpg"),
        ("folder", tmp_path / "folder.jpg"),
        ("large", cv2.imencode(".png", np.zeros((400, 400, 3), np.uint8))[1].tobytes()),
        ("again", whole),
    ]
    results = dict(stream(Watched(), items, threads=2, max_pixels=100_000))
    assert list(results) == [key for key, _ in items]
    reasons = {k: found.reason for k, found in results.items() if isinstance(found, BrokenImage)}
    assert reasons == {
        "empty": "empty",
        "page": "not-an-image",
        "truncated": "truncated",
        "absent": "unreadable",
        "folder": "unreadable",
        "large": "too-many-pixels",
    }
    assert "No such file" in str(results["absent"])


def test_a_broken_photo_keeps_no_bytes_alive() -> None:
    ((_, found),) = stream(Watched(), [(0, b"\xff\xd8\xff")])
    assert isinstance(found, BrokenImage)
    assert found.__traceback__ is None


def test_few_photos_are_taken_ahead_of_what_is_asked_for() -> None:
    taken = 0

    def endless() -> Iterator[tuple[int, bytes]]:
        nonlocal taken
        while True:
            yield taken, picture(7)
            taken += 1

    results = stream(Watched(), endless(), threads=2)
    for _ in range(20):
        next(results)
    results.close()
    assert taken <= 40


def test_items_are_taken_in_the_thread_of_the_caller() -> None:
    here = threading.current_thread()

    def items() -> Iterator[tuple[int, bytes]]:
        for key, data in pictures(20):
            assert threading.current_thread() is here
            yield key, data

    assert len(list(stream(Watched(), items(), threads=2))) == 20


def test_closing_early_stops_after_the_photos_under_way() -> None:
    watched = Watched(lambda _: 0.05)
    results = stream(watched, pictures(200), threads=2)
    next(results)
    results.close()
    assert detecting() == []
    calls = watched.calls
    time.sleep(0.2)
    assert watched.calls == calls <= 10


def test_an_error_of_the_detector_ends_the_run() -> None:
    class Failing(Watched):
        def __call__(self, image: Rgb, /) -> Detections:
            if image.max() == 5:
                raise RunError("the network cannot run")
            return super().__call__(image)

    results = stream(Failing(), pictures(50), threads=2)
    with pytest.raises(RunError, match="cannot run"):
        list(results)
    assert detecting() == []


def test_an_error_of_the_items_comes_out_as_it_is() -> None:
    def items() -> Iterator[tuple[int, bytes]]:
        yield from pictures(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(stream(Watched(), items()))
    assert detecting() == []


def test_no_photos_are_no_results() -> None:
    assert list(stream(Watched(), [])) == []
