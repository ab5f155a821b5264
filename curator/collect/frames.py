"""Frames of a video: read in order, and those worth keeping."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from curator.collect.tracks import Pixels, Seen, Track, Tracker
from curator.errors import SourceError

FindFaces = Callable[[Pixels], Sequence[Seen]]
# What changes between two looks at the same scene is less than this: the mean difference of hue,
# saturation and value, 0..255. The threshold of PySceneDetect's ContentDetector.
_CUT = 27.0
_SMALL = (64, 36)
# Looks a second, where each frame costs a detection or a comparison.
_LOOKS = 10.0
# Of times that are sums of thirds and tenths of a second.
_ROUNDING = 1e-3
_TURNS = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: its number from 0, its time in seconds, RGB uint8 of shape (H, W, 3), upright."""

    number: int
    seconds: float
    pixels: Pixels


def frames_of(path: Path, *, most_pixels: int) -> Iterator[Frame]:
    """All frames of the first video stream, in their order.

    Raises:
        SourceError: if it is no video that can be read, or ends in the middle.
    """
    import av

    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise SourceError(f"{path}: there is no video in it")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            if stream.width * stream.height > most_pixels:
                raise SourceError(f"{path}: {stream.width} x {stream.height} pixels are too many")
            for number, frame in enumerate(container.decode(stream)):
                pixels = frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)
                turn = _TURNS.get(int(frame.rotation) % 360)
                upright = pixels if turn is None else cv2.rotate(pixels, turn)
                seconds = frame.time if frame.time is not None else number / 25.0
                yield Frame(number, float(seconds), upright.astype(np.uint8, copy=False))
    except av.error.FFmpegError as cause:
        raise SourceError(f"{path}: cannot be read as a video ({cause.strerror})") from cause


def every(frames: Iterable[Frame], seconds: float) -> Iterator[Frame]:
    """The first frame, and then one each so many seconds."""
    due = -np.inf
    for frame in frames:
        if frame.seconds >= due - _ROUNDING:
            yield frame
            # Counted from the last due time, so that a frame that is late delays no other.
            due = (frame.seconds if np.isneginf(due) else due) + seconds


def scenes(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The sharpest frame of each scene."""
    before: Pixels | None = None
    best: tuple[float, Frame] | None = None
    for frame in every(frames, 1 / _LOOKS):
        small = cv2.resize(frame.pixels, _SMALL, interpolation=cv2.INTER_AREA)
        colours = cv2.cvtColor(small, cv2.COLOR_RGB2HSV).astype(np.uint8, copy=False)
        if (
            before is not None
            and best is not None
            and float(cv2.absdiff(colours, before).mean()) > _CUT
        ):
            yield best[1]
            best = None
        before = colours
        sharpness = float(
            cv2.Laplacian(cv2.cvtColor(frame.pixels, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var()
        )
        if best is None or sharpness > best[0]:
            best = (sharpness, frame)
    if best is not None:
        yield best[1]


def best_shots(frames: Iterable[Frame], find_faces: FindFaces) -> Iterator[Frame]:
    """For each face that is followed through the video, the frame that shows it best.

    A frame that is the best of several faces comes once; they come as their tracks end.
    """
    tracker = Tracker()
    held: dict[int, Frame] = {}
    given: set[int] = set()

    def ended(tracks: Iterable[Track]) -> Iterator[Frame]:
        for track in tracks:
            if track.best not in given:
                given.add(track.best)
                yield held[track.best]

    for frame in every(frames, 1 / _LOOKS):
        held[frame.number] = frame
        yield from ended(
            tracker.look(frame.seconds, frame.number, frame.pixels, find_faces(frame.pixels))
        )
        wanted = {track.best for track in tracker.live}
        held = {number: one for number, one in held.items() if number in wanted}
    yield from ended(tracker.end())
