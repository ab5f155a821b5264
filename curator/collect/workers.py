"""Threads behind an iterator: a few results ahead of the consumer, never more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


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
    work: Callable[[T], R], items: Iterable[T], threads: int, stop: Callable[[], None]
) -> Iterator[R]:
    """As :func:`in_order`, but a slow item does not hold up the others.

    ``stop`` is called when the iterator ends or is closed, so that the items in work end early.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="collect")
    source = iter(items)
    running: set[Future[R]] = set()
    try:
        while True:
            running |= {
                pool.submit(work, item) for item in islice(source, threads + 1 - len(running))
            }
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            while done:
                yield done.pop().result()
    finally:
        stop()
        pool.shutdown(cancel_futures=True)
