"""Threads behind an iterator: a few results ahead of the consumer, never more."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar, cast

from curator.collect.pace import Later

T = TypeVar("T")
R = TypeVar("R")
# Called once with what makes the result of an item, from any thread.
Finish = Callable[[Callable[[], R]], None]

# So many items are looked at for one that is ready.
AHEAD = 256
_TICK = 0.02


def in_order(work: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[R]:
    """Yield ``work(item)`` for every item, in their order; at most ``threads + 1`` in hand.

    The items are drawn by the consumer's thread. Closing the iterator waits for the items in
    work and drops the others.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="collect")
    running: deque[Future[R]] = deque()
    try:
        for item in items:
            running.append(pool.submit(work, item))
            if len(running) > threads:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def as_done(
    work: Callable[[T, Finish[R]], None],
    items: Iterable[T],
    threads: int,
    stop: Callable[[], None],
    is_ready: Callable[[T], bool],
) -> Iterator[R]:
    """As :func:`in_order`, but a slow item does not hold up the others.

    Items that are not ready are passed over for later ones that are, up to :data:`AHEAD` of
    them; one whose work raises ``Later`` is taken up again. Work either raises or sees to it that
    its second argument is called, at once or later: its thread takes the next item meanwhile.
    ``stop`` is called when the iterator ends or is closed, so that the items in work end early.
    """
    crew = _Crew(work, threads)
    source = iter(items)
    passed: deque[T] = deque()
    try:
        while True:
            passed.extend(islice(source, AHEAD - len(passed)))
            for item in list(islice(filter(is_ready, passed), threads + 1 - crew.in_hand)):
                passed.remove(item)
                crew.begin(item)
            if not crew.in_hand:
                if not passed:
                    return
                # Whoever is not ready now may be in a moment; nothing says when.
                time.sleep(_TICK)
                continue
            try:
                idle = passed and crew.in_hand <= threads
                item, result, error = crew.next(_TICK if idle else None)
            except Empty:
                continue
            if isinstance(error, Later):
                passed.appendleft(item)
            elif error is not None:
                raise error
            else:
                yield cast(R, result)
            # Not before: what the consumer has not dealt with is in hand still.
            crew.in_hand -= 1
    finally:
        stop()
        crew.end()


class _Crew(Generic[T, R]):
    """Threads that take items from one queue and put what came of them into another.

    A pool of futures takes longer to hand over a picture than to fetch it.
    """

    def __init__(self, work: Callable[[T, Finish[R]], None], threads: int) -> None:
        self.in_hand = 0
        self._work = work
        self._unheard = 0
        self._tasks: SimpleQueue[list[T]] = SimpleQueue()
        self._done: SimpleQueue[tuple[T, R | None, BaseException | None]] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name=f"collect-{number}")
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def begin(self, item: T) -> None:
        self.in_hand += 1
        self._unheard += 1
        self._tasks.put([item])

    def next(self, timeout: float | None) -> tuple[T, R | None, BaseException | None]:
        """An item and what came of it, or what its work raised; ``Empty`` if none comes in time."""
        done = self._done.get(timeout=timeout)
        self._unheard -= 1
        return done

    def end(self) -> None:
        """Drop what nobody began, and wait for the rest."""
        while True:
            try:
                self._tasks.get_nowait()
            except Empty:
                break
            self._unheard -= 1
        for _ in self._threads:
            self._tasks.put([])
        for thread in self._threads:
            thread.join()
        while self._unheard:
            self.next(None)

    def _run(self) -> None:
        while task := self._tasks.get():
            item = task[0]
            try:
                self._work(item, partial(self._finish, item))
            except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
                self._done.put((item, None, error))

    def _finish(self, item: T, make: Callable[[], R]) -> None:
        try:
            self._done.put((item, make(), None))
        except BaseException as error:  # noqa: BLE001 - as above
            self._done.put((item, None, error))
