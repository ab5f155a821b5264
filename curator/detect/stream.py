"""Many photos: reading, decoding and detecting overlap, one photo a thread, results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import cv2

from curator.detect.detectors import Detector
from curator.imaging import BrokenImage, decode
from curator.records import Detections

Key = TypeVar("Key")

# Photos handed out ahead of the one that is waited for, per thread: enough that a slow photo
# does not leave the other threads without work.
_AHEAD = 4


def stream(
    detector: Detector,
    items: Iterable[tuple[Key, bytes | Path]],
    *,
    threads: int = 2,
    max_pixels: int | None = None,
) -> Iterator[tuple[Key, Detections | BrokenImage]]:
    """Detect the faces of many photos.

    Whole photos run side by side, each through a network of one thread: this costs little more
    than the bare network on all threads, since nothing waits for decoding. As many photos are
    decoded at a time as there are threads, never more. Closing the generator stops the work as
    soon as the photos under way are finished.

    Args:
        detector: Called from several threads at once.
        items: A key and the bytes or the file of each photo; taken in the caller's thread,
            a few ahead of what is asked for.
        threads: Photos at a time, at least 1.
        max_pixels: Larger photos are not decoded.

    Yields:
        Each key, in the order of the items, with its faces, or why the photo is broken.

    Raises:
        RunError: if the detector cannot go on.
    """
    waiting: deque[tuple[Key, Future[Detections | BrokenImage]]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="detect")
    # OpenCV's own threads would take the cores from the other photos: a fifth of the time.
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for key, source in items:
            waiting.append((key, pool.submit(_detect, detector, source, max_pixels)))
            if len(waiting) > _AHEAD * threads:
                first, result = waiting.popleft()
                yield first, result.result()
        while waiting:
            first, result = waiting.popleft()
            yield first, result.result()
    finally:
        pool.shutdown(cancel_futures=True)
        cv2.setNumThreads(before)


def _detect(
    detector: Detector, source: bytes | Path, max_pixels: int | None
) -> Detections | BrokenImage:
    try:
        data = source if isinstance(source, bytes) else source.read_bytes()
        image = decode(data, max_pixels=max_pixels)
    except BrokenImage as broken:
        return broken.with_traceback(None)  # it would keep the bytes
    except OSError as cause:
        return BrokenImage("unreadable", f"the file cannot be read ({cause.strerror})")
    return detector(image)
