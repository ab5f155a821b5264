"""Processes that open images of strangers, started when needed and replaced when they die."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import IO, Any

import orjson

from curator.collect.judge_process import ANSWER, REQUEST
from curator.collect.reasons import Reason, Refusal

_COMMAND = (sys.executable, "-m", "curator.collect.judge_process")
Verdict = Mapping[str, Any]


class _Died(Exception):
    """The process ended before it came to this file."""


class _Judge:
    """One process; files are handed to it while it works, so that it never waits for the next."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # More threads than this one would only take address space from it.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        self._waiting: deque[Future[Verdict]] = deque()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._is_dead = False
        self._reader = threading.Thread(target=self._read_answers, name="judge", daemon=True)
        self._reader.start()

    @property
    def load(self) -> int:
        """How many files it has not answered yet."""
        return len(self._waiting)

    @property
    def is_alive(self) -> bool:
        """Whether files may be handed to it."""
        # While it works, its reader learns of its end as soon as the system would tell here.
        return not self._is_dead and (bool(self._waiting) or self._process.poll() is None)

    def submit(self, data: bytes, max_pixels: int) -> Future[Verdict]:
        """Hand it a file.

        The future fails with ``Refusal`` for the file the process died of, and with ``_Died``
        for those behind it.
        """
        answer: Future[Verdict] = Future()
        with self._writing:
            with self._lock:
                if self._is_dead:
                    answer.set_exception(_Died())
                    return answer
                self._waiting.append(answer)
            pipe = self._process.stdin
            assert pipe  # noqa: S101 - it was asked for
            # Who cannot write to it learns from the reader what became of it.
            with suppress(OSError):
                pipe.write(REQUEST.pack(max_pixels, len(data)))
                pipe.write(data)
                pipe.flush()
        return answer

    def end(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                # What could not be written any more is of no use to anyone.
                with suppress(OSError):
                    pipe.close()
        self._process.wait()

    def _read_answers(self) -> None:
        pipe = self._process.stdout
        assert pipe  # noqa: S101 - it was asked for
        with suppress(OSError, EOFError):
            while True:
                size = ANSWER.unpack(_read(pipe, ANSWER.size))[0]
                answer = orjson.loads(_read(pipe, size))
                with self._lock:
                    waiting = self._waiting.popleft()
                waiting.set_result(answer)
        with self._lock:
            self._is_dead = True
            left, self._waiting = self._waiting, deque()
        detail = "the process that opened it ended without an answer"
        for place, waiting in enumerate(left):
            # The first one is what it was busy with.
            died: Exception = Refusal(Reason.DANGEROUS, detail) if place == 0 else _Died()
            waiting.set_exception(died)


class Judges:
    """At most ``most`` processes, shared by all threads."""

    def __init__(self, most: int, command: Sequence[str] = _COMMAND) -> None:
        self._most = most
        self._command = command
        self._lock = threading.Lock()
        self._judges: list[_Judge] = []

    def ask(self, data: bytes, max_pixels: int) -> Verdict:
        """What the bytes are; see :func:`curator.collect.judge_process.judge`.

        Raises:
            Refusal: ``dangerous`` if the process died of it, or was ended because it took too long.
        """
        while True:
            try:
                return self._least_busy().submit(data, max_pixels).result()
            except _Died:
                continue

    def close(self) -> None:
        """End them all."""
        with self._lock:
            judges, self._judges = self._judges, []
        for judge in judges:
            judge.end()

    def _least_busy(self) -> _Judge:
        with self._lock:
            for judge in [judge for judge in self._judges if not judge.is_alive]:
                self._judges.remove(judge)
                judge.end()
            best = min(self._judges, key=lambda judge: judge.load, default=None)
            if best is None or (best.load and len(self._judges) < self._most):
                best = _Judge(self._command)
                self._judges.append(best)
            return best


def _read(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data


# One set for the whole program: starting one takes half a second, keeping it costs nothing.
JUDGES = Judges(os.cpu_count() or 1)
atexit.register(JUDGES.close)
