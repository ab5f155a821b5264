"""What jobs promise: checked when asked, seen while they run, over when they are over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from curator.app import job_cards
from curator.errors import ConfigError, InputError, NotFound
from curator.jobs import start as jobs
from curator.jobs import worker
from curator.jobs.usage import usage
from curator.pipeline.left_behind import settle
from curator.pipeline.overview import overview
from curator.records import Job, Run, RunStatus
from curator.store import images, runs
from curator.store import jobs as rows
from curator.store.dataset import Dataset, create_dataset
from curator.store.images import ImageFilter
from curator.store.rows import now


@pytest.fixture
def dataset(tmp_path: Path):
    with create_dataset(tmp_path / "faces") as made:
        yield made


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(300):
        Image.effect_noise((320, 240), 50).save(folder / f"{number:03}.jpg")
    return folder


def wait(dataset: Dataset, job_id: int, until: Callable[[Job], bool], seconds: float = 180) -> Job:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with dataset.read() as connection:
            job = rows.get(connection, job_id)
        if until(job):
            return job
        time.sleep(0.05)
    raise AssertionError(f"still {job}")


def is_over(job: Job) -> bool:
    return job.status not in (RunStatus.QUEUED, RunStatus.RUNNING)


def test_a_job_does_its_work_in_a_process_of_its_own(dataset: Dataset, photos: Path) -> None:
    job_id = jobs.start(dataset, "collect", {"source": "folder", "target": str(photos)})
    job = wait(dataset, job_id, is_over)
    assert job.status is RunStatus.DONE, job.message
    assert job.result["kept"] == 300
    assert job.pid not in (None, os.getpid())
    with dataset.read() as connection:
        assert images.count(connection, ImageFilter()) == 300
    assert "done" in (dataset.folder / jobs.log_path(job_id)).read_text()


def test_wrong_parameters_are_refused_before_anything_starts(dataset: Dataset) -> None:
    with pytest.raises(ConfigError, match="unknown task"):
        jobs.start(dataset, "colect", {})
    with pytest.raises(ConfigError, match="target"):
        jobs.start(dataset, "collect", {"source": "folder"})
    with pytest.raises(ConfigError, match="speed"):
        jobs.start(dataset, "detect", {"speed": "high"})
    assert jobs.recent(dataset) == []


def test_a_job_that_fails_says_why_in_one_sentence(dataset: Dataset, tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    job_id = jobs.start(dataset, "collect", {"source": "folder", "target": str(missing)})
    job = wait(dataset, job_id, is_over)
    assert job.status is RunStatus.FAILED
    assert str(missing) in job.message
    assert "\n" not in job.message


def test_a_cancelled_job_keeps_what_it_did_and_goes_on_when_started_again(
    dataset: Dataset, photos: Path
) -> None:
    job_id = jobs.start(dataset, "collect", {"source": "folder", "target": str(photos)})
    wait(dataset, job_id, lambda job: job.status is RunStatus.RUNNING)
    jobs.cancel(dataset, job_id)
    job = wait(dataset, job_id, is_over)
    assert job.status in (RunStatus.CANCELLED, RunStatus.DONE)
    with pytest.raises(InputError, match="over already"):
        jobs.cancel(dataset, job_id)
    second = wait(dataset, jobs.again(dataset, job_id), is_over)
    assert second.status is RunStatus.DONE
    with dataset.read() as connection:
        assert images.count(connection, ImageFilter()) == 300


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the clock that heartbeats are compared with go forward."""
    monkeypatch.setattr(rows, "now", lambda: now() + timedelta(seconds=seconds))


def test_a_killed_worker_and_its_run_are_shown_as_failed_within_forty_seconds_and_go_on(
    dataset: Dataset, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run() -> Run:
        with dataset.read() as connection:
            (only,) = runs.every(connection)
        return only

    def has_begun(job: Job) -> bool:
        with dataset.read() as connection:
            return bool(runs.running(connection)) or is_over(job)

    job_id = jobs.start(dataset, "collect", {"source": "folder", "target": str(photos)})
    # Stopped in the middle, so that it can end only by being killed.
    job = wait(dataset, job_id, has_begun)
    assert job.pid is not None
    os.kill(job.pid, signal.SIGSTOP)
    try:
        assert run().status is RunStatus.RUNNING
        later(monkeypatch, 30)
        (silent,) = jobs.recent(dataset)
        # Silent for long, but there: a laptop that slept, a disk that is slow.
        assert (silent.status, run().status) == (RunStatus.RUNNING, RunStatus.RUNNING)
    finally:
        os.kill(job.pid, signal.SIGKILL)
    deadline = time.monotonic() + 120
    # No zombie is left: somebody waited for the process.
    while Path(f"/proc/{job.pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # A page looks again after so long, and the last heartbeat was just before the end.
    later(monkeypatch, 40 - job_cards.SECONDS)
    (buried,) = jobs.recent(dataset)
    assert buried.status is RunStatus.FAILED
    assert "again" in buried.message
    assert run().status is RunStatus.FAILED
    monkeypatch.undo()
    done = wait(dataset, jobs.again(dataset, job_id), is_over)
    assert (done.status, run().status) == (RunStatus.DONE, RunStatus.DONE)
    with dataset.read() as connection:
        assert images.count(connection, ImageFilter()) == 300


HOLDER = """
import sys, time
from pathlib import Path
from curator.store import runs
from curator.store.dataset import open_dataset
dataset = open_dataset(Path(sys.argv[1]))
with dataset.write() as connection:
    run = runs.begin(connection, kind="detect", method="m", params={})
    dataset.holds.take(run.id)
print("working", flush=True)
time.sleep(600)
"""


def test_a_run_of_the_command_line_that_was_killed_is_not_shown_as_running(
    dataset: Dataset,
) -> None:
    words = [sys.executable, "-c", HOLDER, str(dataset.folder)]
    processes = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "working\n"
        assert settle(dataset) == []
        processes[0].kill()
        processes[0].wait()
        # The other one works on the same run.
        assert settle(dataset) == []
        processes[1].kill()
        processes[1].wait()
        (shown,) = overview(dataset).runs
        assert shown.status is RunStatus.FAILED
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    with dataset.write() as connection:
        again = runs.begin(connection, kind="detect", method="m", params={})
        dataset.holds.take(again.id)
    assert again.id == shown.id
    assert settle(dataset) == []
    dataset.close()
    assert settle(dataset) == [again.id]


def test_a_run_that_an_older_program_left_is_settled_too(dataset: Dataset) -> None:
    with dataset.write() as connection:
        left = runs.begin(connection, kind="detect", method="m", params={})
        done = runs.begin(connection, kind="detect", method="n", params={})
        runs.finish(connection, done.id)
    assert settle(dataset) == [left.id]


def test_a_worker_killed_before_it_began_is_shown_as_failed_too(
    dataset: Dataset, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = [sys.executable, "-c", "import time; time.sleep(600)"]
    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda command, **more: popen(never, **more))
    job_id = jobs.start(dataset, "collect", {"source": "folder", "target": str(photos)})
    job = wait(dataset, job_id, lambda job: job.pid is not None)
    assert job.status is RunStatus.QUEUED
    (seen,) = jobs.recent(dataset)
    assert seen.status is RunStatus.QUEUED
    assert job.pid is not None
    os.kill(job.pid, signal.SIGKILL)
    with dataset.write() as connection:
        connection.exec_driver_sql("UPDATE job SET created_at = '2020-01-01 00:00:00'")
    (buried,) = jobs.recent(dataset)
    assert buried.status is RunStatus.FAILED
    # No zombie is left: somebody waited for the process.
    deadline = time.monotonic() + 120
    while Path(f"/proc/{job.pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_stage_tells_what_is_left_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.0, 10.0, 300.0])
    monkeypatch.setattr(worker.time, "monotonic", lambda: next(clock))
    progress = worker.JobProgress()
    progress.begin("training", 1000)
    progress.advance(100)
    assert progress.now() == (0.1, "training: 100 of 1000, about 2 min left")
    progress.advance(800)
    assert progress.now() == (0.9, "training: 900 of 1000, about 33 s left")


def test_what_a_job_takes_is_told_while_it_runs(dataset: Dataset, photos: Path) -> None:
    job_id = jobs.start(dataset, "collect", {"source": "folder", "target": str(photos)})
    job = wait(dataset, job_id, lambda job: job.status is RunStatus.RUNNING)
    assert job.pid is not None
    taken = usage(job.pid, job_id)
    assert taken is not None
    assert taken.memory > 10_000_000
    assert taken.processes >= 1
    assert usage(os.getpid(), job_id) is None
    wait(dataset, job_id, is_over)


def test_a_silent_worker_that_is_still_there_is_not_buried_and_nobody_waits_for_it(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "is_worker", lambda pid, job_id: True)
    with dataset.write() as connection:
        job_id = rows.add(connection, "release", {"name": "v1"})
        rows.claim(connection, job_id, os.getpid())
        connection.exec_driver_sql("UPDATE job SET heartbeat_at = '2020-01-01 00:00:00'")
    with dataset.write() as connection:
        # The worker's own long transaction: whoever tried to write now would fail in the end.
        rows.beat(connection, job_id, 0.5, "freezing")
        (seen,) = jobs.recent(dataset)
    assert seen.status is RunStatus.RUNNING


def test_a_number_given_to_another_process_is_never_signalled(dataset: Dataset) -> None:
    with dataset.write() as connection:
        job_id = rows.add(connection, "detect", {})
        rows.claim(connection, job_id, os.getpid())
    jobs.cancel(dataset, job_id)
    with dataset.read() as connection:
        assert rows.get(connection, job_id).status is RunStatus.RUNNING
    with pytest.raises(NotFound):
        jobs.cancel(dataset, job_id + 1)
