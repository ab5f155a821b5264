"""Threads behind an iterator: a few results ahead of the consumer, never more."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

from curator.collect.pace import Later

T = TypeVar("T")
R = TypeVar("R")

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
    work: Callable[[T], R],
    items: Iterable[T],
    threads: int,
    stop: Callable[[], None],
    is_ready: Callable[[T], bool],
) -> Iterator[R]:
    """As :func:`in_order`, but a slow item does not hold up the others.

    Items that are not ready are passed over for later ones that are, up to :data:`AHEAD` of
    them; one whose work raises ``Later`` is taken up again. ``stop`` is called when the iterator
    ends or is closed, so that the items in work end early.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="collect")
    source = iter(items)
    passed: deque[T] = deque()
    running: dict[Future[R], T] = {}
    try:
        while True:
            passed.extend(islice(source, AHEAD - len(passed)))
            ready = list(islice(filter(is_ready, passed), threads + 1 - len(running)))
            for item in ready:
                passed.remove(item)
                running[pool.submit(work, item)] = item
            if not running and not passed:
                return
            if not running:
                # Whoever is not ready now may be in a moment; nothing says when.
                time.sleep(_TICK)
                continue
            done, _ = wait(running, _TICK if passed else None, FIRST_COMPLETED)
            while done:
                future = done.pop()
                item = running.pop(future)
                try:
                    result = future.result()
                except Later:
                    passed.appendleft(item)
                else:
                    yield result
    finally:
        stop()
        pool.shutdown(cancel_futures=True)
