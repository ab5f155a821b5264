"""Jobs: long work waiting, running or over, one row each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from curator.errors import NotFound
from curator.records import Job, RunStatus
from curator.store.rows import now
from curator.store.schema import job

# A worker tells it is alive every few seconds; after three missed beats it is taken for dead.
HEARTBEAT_SECONDS = 5.0
DEAD_AFTER = timedelta(seconds=3 * HEARTBEAT_SECONDS)


def add(connection: Connection, task: str, params: Mapping[str, Any]) -> int:
    """Queue a job; return its id."""
    values = {
        "task": task,
        "params": dict(params),
        "status": RunStatus.QUEUED,
        "message": "waiting to start",
        "created_at": now(),
        "result": {},
    }
    key = connection.execute(insert(job).values(values)).inserted_primary_key
    assert key is not None  # noqa: S101 - the database always answers an insert
    return int(key[0])


def assign(connection: Connection, job_id: int, pid: int) -> None:
    """This process was started for a waiting job."""
    connection.execute(
        update(job).where(job.c.id == job_id, job.c.status == RunStatus.QUEUED).values(pid=pid)
    )


def claim(connection: Connection, job_id: int, pid: int) -> bool:
    """Make the job this process's own; False if it is no longer waiting."""
    claimed = connection.execute(
        update(job)
        .where(job.c.id == job_id, job.c.status == RunStatus.QUEUED)
        .values(status=RunStatus.RUNNING, pid=pid, heartbeat_at=now(), message="starting")
    )
    return bool(claimed.rowcount)


def beat(connection: Connection, job_id: int, progress: float | None, message: str) -> None:
    """The worker is alive and this far."""
    connection.execute(
        update(job)
        .where(job.c.id == job_id, job.c.status == RunStatus.RUNNING)
        .values(heartbeat_at=now(), progress=progress, message=message)
    )


def finish(
    connection: Connection,
    job_id: int,
    status: RunStatus,
    message: str,
    result: Mapping[str, Any] | None = None,
) -> None:
    """The job is over."""
    connection.execute(
        update(job)
        .where(job.c.id == job_id, job.c.status.in_([RunStatus.QUEUED, RunStatus.RUNNING]))
        .values(status=status, message=message, finished_at=now(), result=dict(result or {}))
    )


def get(connection: Connection, job_id: int) -> Job:
    """One job.

    Raises:
        NotFound: if there is none with this id.
    """
    row = connection.execute(select(job).where(job.c.id == job_id)).one_or_none()
    if row is None:
        raise NotFound(f"no job {job_id}")
    return _record(row)


def recent(connection: Connection, *, task: str | None = None, limit: int = 20) -> list[Job]:
    """The newest jobs first."""
    query = select(job).order_by(job.c.id.desc()).limit(limit)
    if task is not None:
        query = query.where(job.c.task == task)
    return [_record(row) for row in connection.execute(query)]


def silent(connection: Connection) -> list[Job]:
    """Jobs whose worker has not been heard of for too long, or did not begin."""
    late = now() - DEAD_AFTER
    stopped = and_(job.c.status == RunStatus.RUNNING, job.c.heartbeat_at < late)
    never_began = and_(job.c.status == RunStatus.QUEUED, job.c.created_at < late)
    query = select(job).where(or_(stopped, never_began))
    return [_record(row) for row in connection.execute(query)]


def bury(connection: Connection, job_ids: Iterable[int]) -> None:
    """Mark jobs whose worker is gone as failed."""
    living = [RunStatus.QUEUED, RunStatus.RUNNING]
    connection.execute(
        update(job)
        .where(job.c.id.in_(list(job_ids)), job.c.status.in_(living))
        .values(
            status=RunStatus.FAILED,
            finished_at=now(),
            message="the worker stopped without a word; start it again to go on where it was",
        )
    )


def _record(row: Row[Any]) -> Job:
    return Job(
        id=row.id,
        task=row.task,
        params=row.params,
        status=RunStatus(row.status),
        progress=row.progress,
        message=row.message,
        pid=row.pid,
        created_at=row.created_at,
        heartbeat_at=row.heartbeat_at,
        finished_at=row.finished_at,
        result=row.result,
    )
