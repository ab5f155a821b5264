"""Processes that open images of strangers, started when needed and replaced when they die."""

from __future__ import annotations

import atexit
import fcntl
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from typing import IO, Any

import orjson

from curator.collect.judge_process import ANSWER, REQUEST
from curator.collect.reasons import Reason, Refusal

_COMMAND = (sys.executable, "-m", "curator.collect.judge_process")
# Bytes that a pipe holds on Linux if asked to: whoever hands over a photo need not wait until
# those before it are read.
_PIPE = 1 << 20
Verdict = Mapping[str, Any]


class _Died(Exception):
    """The process ended before it came to this file."""


# Told what became of a file; must not raise.
Answer = Callable[[Verdict | Exception], None]


class _Judge:
    """One process; files are handed to it while it works, so that it never waits for the next."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            # More threads than this one would only take address space from it.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        _widen(self._process.stdin)
        self._waiting: deque[Answer] = deque()
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

    def submit(self, data: bytes, max_pixels: int, answer: Answer) -> None:
        """Hand it a file.

        The answer is told a ``Refusal`` for the file the process died of, and ``_Died`` for
        those behind it.
        """
        with self._writing:
            with self._lock:
                is_dead = self._is_dead
                if not is_dead:
                    self._waiting.append(answer)
            pipe = self._process.stdin
            assert pipe  # noqa: S101 - it was asked for
            if not is_dead:
                # Who cannot write to it learns from the reader what became of it.
                with suppress(OSError):
                    _write(pipe.fileno(), REQUEST.pack(max_pixels, len(data)), data)
        if is_dead:
            answer(_Died())

    def end(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        # A reader that passes on what its process died before ends the process itself.
        if self._reader is not threading.current_thread():
            self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                # What could not be written any more is of no use to anyone.
                with suppress(OSError):
                    pipe.close()
        self._process.wait()

    def _read_answers(self) -> None:
        # The pipe itself is closed by whoever ends the process.
        assert self._process.stdout  # noqa: S101 - it was asked for
        pipe = open(self._process.stdout.fileno(), "rb", closefd=False)  # noqa: SIM115
        while (found := _next_answer(pipe)) is not None:
            with self._lock:
                answer = self._waiting.popleft()
            answer(found)
        with self._lock:
            self._is_dead = True
            left, self._waiting = self._waiting, deque()
        detail = "the process that opened it ended without an answer"
        for place, answer in enumerate(left):
            # The first one is what it was busy with.
            answer(Refusal(Reason.DANGEROUS, detail) if place == 0 else _Died())


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
        answers: SimpleQueue[Verdict | Exception] = SimpleQueue()
        self.hand(data, max_pixels, answers.put)
        found = answers.get()
        if isinstance(found, Exception):
            raise found
        return found

    def hand(self, data: bytes, max_pixels: int, answer: Answer) -> None:
        """As :meth:`ask` for who does not wait.

        Args:
            data: The file.
            max_pixels: More are refused.
            answer: Told what they are, or the refusal, from another thread; must not raise.
        """
        again = partial(self._pass_on, data, max_pixels, answer)
        self._least_busy().submit(data, max_pixels, again)

    def _pass_on(
        self, data: bytes, max_pixels: int, answer: Answer, found: Verdict | Exception
    ) -> None:
        if isinstance(found, _Died):
            self.hand(data, max_pixels, answer)
        else:
            answer(found)

    def close(self) -> None:
        """End them all."""
        with self._lock:
            judges, self._judges = self._judges, []
        for judge in judges:
            judge.end()

    def _least_busy(self) -> _Judge:
        with self._lock:
            dead = [judge for judge in self._judges if not judge.is_alive]
            for judge in dead:
                self._judges.remove(judge)
            best = min(self._judges, key=lambda judge: judge.load, default=None)
            if best is None or (best.load and len(self._judges) < self._most):
                best = _Judge(self._command)
                self._judges.append(best)
        # Outside of the lock: their readers may be about to come here.
        for judge in dead:
            judge.end()
        return best


def _next_answer(pipe: IO[bytes]) -> Verdict | None:
    """None where the process has ended."""
    try:
        size = ANSWER.unpack(_read(pipe, ANSWER.size))[0]
        answer: Verdict = orjson.loads(_read(pipe, size))
    except (OSError, EOFError, ValueError):
        return None
    return answer


def _read(pipe: IO[bytes], size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _write(pipe: int, head: bytes, data: bytes) -> None:
    # At once, so that the process wakes up once.
    sent = os.writev(pipe, (head, data))
    rest = memoryview(data)[sent - len(head) :] if sent >= len(head) else head[sent:] + data
    while rest:
        rest = rest[os.write(pipe, rest) :]


def _widen(pipe: IO[bytes] | None) -> None:
    if pipe is not None and hasattr(fcntl, "F_SETPIPE_SZ"):
        # Systems limit what a user may have of it.
        with suppress(OSError):
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)


# One set for the whole program: starting one takes half a second, keeping it costs nothing.
JUDGES = Judges(os.cpu_count() or 1)
atexit.register(JUDGES.close)
