"""What jobs promise: checked when asked, seen while they run, over when they are over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from curator.errors import ConfigError, InputError, NotFound
from curator.jobs import start as jobs
from curator.jobs import worker
from curator.jobs.usage import usage
from curator.records import Job, RunStatus
from curator.store import images
from curator.store import jobs as rows
from curator.store.dataset import Dataset, create_dataset
from curator.store.images import ImageFilter


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


def wait(dataset: Dataset, job_id: int, until: Callable[[Job], bool], seconds: float = 60) -> Job:
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


def test_a_killed_worker_is_shown_as_failed_once_its_heartbeat_is_old(
    dataset: Dataset, photos: Path
) -> None:
    job_id = jobs.start(dataset, "collect", {"source": "folder", "target": str(photos)})
    job = wait(dataset, job_id, lambda job: job.status is RunStatus.RUNNING)
    assert job.pid is not None
    os.kill(job.pid, signal.SIGKILL)
    with dataset.write() as connection:
        connection.exec_driver_sql("UPDATE job SET heartbeat_at = '2020-01-01 00:00:00'")
    (buried,) = jobs.recent(dataset)
    assert buried.status is RunStatus.FAILED
    assert "again" in buried.message


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
    deadline = time.monotonic() + 30
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
