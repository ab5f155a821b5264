"""What a job takes of this machine: processor, memory, and the graphics card where there is one."""

from __future__ import annotations

import shutil
import subprocess
import time
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import psutil

from curator.jobs.start import is_worker

_SECONDS = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the processes of one job take now.

    Attributes:
        cpu: Processor time a second since the last look: 2.0 is two cores; None at first.
        memory: Bytes in memory, of all its processes.
        processes: How many there are.
        gpu: Share of the graphics card's time, 0..1, by all programs; None without a card.
        gpu_memory: Bytes of the card in use, by all programs; None without a card.
    """

    cpu: float | None
    memory: int
    processes: int
    gpu: float | None
    gpu_memory: int | None


_before: dict[int, tuple[float, float]] = {}
_lock = Lock()


def usage(pid: int, job_id: int) -> Usage | None:
    """What the worker of a job and everything it started take; None where it is gone."""
    if not is_worker(pid, job_id):
        return None
    seconds, memory, count = 0.0, 0, 0
    try:
        worker = psutil.Process(pid)
        for process in (worker, *worker.children(recursive=True)):
            with process.oneshot():
                times = process.cpu_times()
                seconds += times.user + times.system
                memory += process.memory_info().rss
            count += 1
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        if not count:
            return None
    card = _card(int(time.monotonic() / _SECONDS))
    return Usage(
        cpu=_rate(pid, seconds),
        memory=memory,
        processes=count,
        gpu=None if card is None else card[0],
        gpu_memory=None if card is None else card[1],
    )


def _rate(pid: int, seconds: float) -> float | None:
    """Processor seconds a second since the last look at this worker."""
    now = time.monotonic()
    with _lock:
        before = _before.get(pid)
        _before[pid] = (now, seconds)
    if before is None or now - before[0] < 0.1:
        return None
    return max(seconds - before[1], 0.0) / (now - before[0])


@lru_cache(maxsize=1)
def _card(_moment: int) -> tuple[float, int] | None:
    """Load and memory of the first NVIDIA card; asked again only after some seconds."""
    if shutil.which("nvidia-smi") is None:
        return None
    asked = "--query-gpu=utilization.gpu,memory.used"
    try:
        said = subprocess.run(
            ["nvidia-smi", asked, "--format=csv,noheader,nounits"],
            capture_output=True,
            check=True,
            text=True,
            timeout=2,
        ).stdout
        load, megabytes = said.splitlines()[0].split(",")
        return float(load) / 100, int(float(megabytes) * 2**20)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
