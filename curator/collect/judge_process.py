"""The process that opens images of strangers: ``python -m curator.collect.judge_process``.

Decoders are large and written in C; a file made for it can end them, or fill the memory. So
files are decoded in a process that holds nothing, may take only so much memory and time, and
may die.

It reads requests from its standard input and writes answers to its standard output until the
input ends. A request is two numbers of eight bytes (pixels at most, bytes that follow) and the
file; an answer is a number of four bytes and so many bytes of JSON.
"""

from __future__ import annotations

import contextlib
import json
import signal
import struct
import sys
from typing import Any

from curator.imaging import BrokenImage, decode_grey
from curator.phash import SIDE, perceptual_hash

REQUEST = struct.Struct("<QQ")
ANSWER = struct.Struct("<I")
# For the largest picture that is allowed, on a slow and busy machine.
SECONDS = 60
# Beside the pixels, which take four bytes each and are copied a few times.
_MEMORY = 4 << 30
_BYTES_A_PIXEL = 24


def main() -> None:
    """Answer until nobody asks."""
    # The interrupt of a terminal goes to all; this one ends when its owner closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    most = 0
    while len(head := source.read(REQUEST.size)) == REQUEST.size:
        max_pixels, size = REQUEST.unpack(head)
        if max_pixels > most:
            most = max_pixels
            _limit_memory(_MEMORY + _BYTES_A_PIXEL * max_pixels)
        data = source.read(size)
        _limit_time(SECONDS)
        answer = json.dumps(judge(data, max_pixels)).encode()
        _limit_time(0)
        sink.write(ANSWER.pack(len(answer)) + answer)
        sink.flush()


def judge(data: bytes, max_pixels: int) -> dict[str, Any]:
    """What the bytes are: ``width height mime phash``, or ``reason detail``."""
    try:
        header, small = decode_grey(data, side=SIDE, max_pixels=max_pixels)
        return {
            "width": header.width,
            "height": header.height,
            "mime": header.mime,
            "phash": perceptual_hash(small),
        }
    except BrokenImage as broken:
        return {"reason": broken.reason, "detail": str(broken)}
    except MemoryError:
        return {"reason": "dangerous", "detail": "decoding it takes more memory than is allowed"}


def _limit_time(seconds: int) -> None:
    """End this process then, whatever a decoder is doing; 0 takes it back."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


def _limit_memory(most: int) -> None:
    try:
        import resource
    except ImportError:
        return
    with contextlib.suppress(OSError, ValueError):
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


if __name__ == "__main__":
    main()
