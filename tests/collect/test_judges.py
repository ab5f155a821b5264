from __future__ import annotations

import os
import signal
import struct
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from curator.collect.judges import Judges
from curator.collect.reasons import Refusal

Picture = Callable[..., bytes]
PIXELS = 50_000_000


@pytest.fixture
def judges() -> Iterator[Judges]:
    made = Judges(2)
    yield made
    made.close()


def png(width: int, height: int) -> bytes:
    """A PNG of so many pixels of nothing: a thousandth of them in bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    packer = zlib.compressobj()
    rows = b"".join(packer.compress(bytes(1 + 3 * width)) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", rows + packer.flush())
        + chunk(b"IEND", b"")
    )


def children() -> set[int]:
    lists = Path("/proc/self/task").glob("*/children")
    return {int(word) for text in lists for word in text.read_text().split()}


def test_a_picture_is_described_and_a_broken_one_has_its_reason(
    judges: Judges, picture: Picture
) -> None:
    found = judges.ask(picture(1, (64, 48)), PIXELS)
    assert (found["width"], found["height"], found["mime"]) == (64, 48, "image/jpeg")
    assert len(found["phash"]) == 16
    assert judges.ask(b"<html>", PIXELS)["reason"] == "not-an-image"
    assert judges.ask(picture(1)[:400], PIXELS)["reason"] == "truncated"


def test_more_pixels_than_allowed_are_refused_undecoded(judges: Judges) -> None:
    assert judges.ask(png(2000, 2000), 3_999_999)["reason"] == "too-many-pixels"
    # Another request may allow more.
    assert judges.ask(png(2000, 2000), 4_000_000)["width"] == 2000


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the process in /proc")
def test_a_process_that_dies_of_a_picture_costs_this_picture_alone(
    judges: Judges, picture: Picture
) -> None:
    before = children()
    judges.ask(picture(1), PIXELS)
    (first,) = children() - before
    outcome: list[object] = []

    def ask() -> None:
        try:
            outcome.append(judges.ask(png(7000, 7000), PIXELS))
        except Refusal as refusal:
            outcome.append(refusal)

    asking = threading.Thread(target=ask)
    asking.start()
    # Until it has more than the interpreter needs, that is, is in the middle of it.
    while int(Path(f"/proc/{first}/statm").read_text().split()[1]) * 4096 < 150_000_000:
        time.sleep(0.005)
    os.kill(first, signal.SIGKILL)
    asking.join(120)
    (refusal,) = outcome
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "dangerous"
    assert judges.ask(picture(2), PIXELS)["mime"] == "image/jpeg"
    assert first not in children()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the process in /proc")
def test_files_behind_the_one_a_process_died_of_are_judged_by_another(picture: Picture) -> None:
    judges = Judges(1)
    before = children()
    judges.ask(picture(1), PIXELS)
    (first,) = children() - before
    # Stopped, it answers nothing: all that follow wait in its pipe or before it.
    os.kill(first, signal.SIGSTOP)
    told: SimpleQueue[tuple[int, Any]] = SimpleQueue()
    files = [picture(number, (64 + number, 48)) for number in range(40)]
    # More than a pipe holds, so that somebody is in the middle of writing.
    files[30] += bytes(3_000_000)

    def hand(number: int) -> None:
        judges.hand(files[number], PIXELS, lambda found: told.put((number, found)))

    handing = [threading.Thread(target=hand, args=(number,)) for number in range(40)]
    for thread in handing:
        thread.start()
    time.sleep(0.2)
    os.kill(first, signal.SIGKILL)
    found = dict(told.get(timeout=30) for _ in files)
    for thread in handing:
        thread.join(30)
    judges.close()
    assert told.empty()
    refused = [number for number, what in found.items() if isinstance(what, Refusal)]
    assert len(refused) == 1
    assert found.pop(refused[0]).reason == "dangerous"
    assert all(what["width"] == 64 + number for number, what in found.items())
    assert children() == before


def test_a_process_that_died_idle_is_replaced_and_nothing_is_refused(
    judges: Judges, picture: Picture
) -> None:
    before = children()
    judges.ask(picture(1), PIXELS)
    (first,) = children() - before
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    assert judges.ask(picture(1), PIXELS)["mime"] == "image/jpeg"


def test_a_process_that_hangs_ends_itself(picture: Picture) -> None:
    words = (
        "import curator.collect.judge_process as p, time;"
        "p.SECONDS = 1; p.judge = lambda *_: time.sleep(600); p.main()"
    )
    judges = Judges(1, (sys.executable, "-c", words))
    with pytest.raises(Refusal) as caught:
        judges.ask(picture(1), PIXELS)
    assert caught.value.reason == "dangerous"
    judges.close()


def test_memory_beyond_the_limit_is_a_refusal_and_the_process_lives_on(picture: Picture) -> None:
    words = (
        "import curator.collect.judge_process as p;"
        "p._MEMORY = 600_000_000; p._BYTES_A_PIXEL = 0; p.main()"
    )
    judges = Judges(1, (sys.executable, "-c", words))
    assert judges.ask(png(10_000, 10_000), 700_000_000)["reason"] == "dangerous"
    assert judges.ask(picture(1), PIXELS)["mime"] == "image/jpeg"
    judges.close()


def test_no_more_processes_than_allowed_and_none_is_left(judges: Judges, picture: Picture) -> None:
    before = children()
    data = picture(1, (1500, 1000))
    threads = [threading.Thread(target=judges.ask, args=(data, PIXELS)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert 1 <= len(children() - before) <= 2
    judges.close()
    assert children() == before
