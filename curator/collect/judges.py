"""Processes that open images of strangers, started when needed and replaced when they die."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from curator.collect.judge_process import ANSWER, REQUEST
from curator.collect.reasons import Reason, Refusal

_COMMAND = (sys.executable, "-m", "curator.collect.judge_process")


class Judges:
    """At most ``most`` processes, shared by all threads; each answers one file at a time."""

    def __init__(self, most: int, command: Sequence[str] = _COMMAND) -> None:
        self._command = command
        self._room = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._idle: list[subprocess.Popen[bytes]] = []

    def ask(self, data: bytes, max_pixels: int) -> Mapping[str, Any]:
        """What the bytes are; see :func:`curator.collect.judge_process.judge`.

        Raises:
            Refusal: ``dangerous`` if the process died of it, or was ended because it took too long.
        """
        with self._room:
            process = self._take()
            try:
                answer = _exchange(process, data, max_pixels)
            except BaseException:
                _end(process)
                raise
            with self._lock:
                self._idle.append(process)
        return answer

    def close(self) -> None:
        """End those that are idle."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            _end(process)

    def _take(self) -> subprocess.Popen[bytes]:
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                # One that died since (out of memory, by hand) has judged nothing.
                if process.poll() is None:
                    return process
                _end(process)
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # More threads than this one would only take address space from it.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )


def _exchange(process: subprocess.Popen[bytes], data: bytes, max_pixels: int) -> Mapping[str, Any]:
    assert process.stdin and process.stdout  # noqa: S101 - both are pipes
    try:
        process.stdin.write(REQUEST.pack(max_pixels, len(data)))
        process.stdin.write(data)
        process.stdin.flush()
        size = ANSWER.unpack(_read(process.stdout, ANSWER.size))[0]
        answer: Mapping[str, Any] = json.loads(_read(process.stdout, size))
    except (OSError, EOFError) as cause:
        detail = "the process that opened it ended without an answer"
        raise Refusal(Reason.DANGEROUS, detail) from cause
    return answer


def _read(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            # What could not be written any more is of no use to anyone.
            with suppress(OSError):
                pipe.close()
    process.wait()


# One set for the whole program: starting one takes half a second, keeping it costs nothing.
JUDGES = Judges(os.cpu_count() or 1)
atexit.register(JUDGES.close)
