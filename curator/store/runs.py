"""Runs: one pass of a machine or one import, and which images it is done with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from curator.errors import NotFound
from curator.records import Run, RunStatus
from curator.store.rows import batches, digest, insert_new, now
from curator.store.schema import image, release_sample, run, run_image


def begin(
    connection: Connection,
    *,
    kind: str,
    method: str,
    params: Mapping[str, Any],
    weights: str | None = None,
    licence: str | None = None,
) -> Run:
    """The run of this work: a new one, or the earlier one that is now continued."""
    key = digest([kind, method, params, weights])
    insert_new(
        connection,
        run,
        [
            {
                "kind": kind,
                "method": method,
                "params": dict(params),
                "key": key,
                "weights": weights,
                "licence": licence,
                "metrics": {},
                "status": RunStatus.RUNNING,
                "started_at": now(),
            }
        ],
    )
    connection.execute(update(run).where(run.c.key == key).values(status=RunStatus.RUNNING))
    return _record(connection.execute(select(run).where(run.c.key == key)).one())


def finish(
    connection: Connection,
    run_id: int,
    *,
    status: RunStatus = RunStatus.DONE,
    metrics: Mapping[str, Any] | None = None,
) -> None:
    """The run is over for now; adding images later continues it."""
    values: dict[str, Any] = {"status": status, "finished_at": now()}
    if metrics is not None:
        values["metrics"] = dict(metrics)
    connection.execute(update(run).where(run.c.id == run_id).values(values))


def running(connection: Connection) -> list[int]:
    """The runs that say of themselves that somebody works on them."""
    return list(
        connection.execute(select(run.c.id).where(run.c.status == RunStatus.RUNNING)).scalars()
    )


def mark(connection: Connection, run_id: int, image_ids: Mapping[int, str | None]) -> None:
    """The run is done with these images: id -> None, or the reason it could not."""
    rows = [{"run_id": run_id, "image_id": i, "reason": why} for i, why in image_ids.items()]
    insert_new(connection, run_image, rows)


def done_with(
    connection: Connection, run_id: int, *, among: Iterable[int] | None = None
) -> set[int]:
    """The images that need no second visit, of these or of all."""
    query = select(run_image.c.image_id).where(run_image.c.run_id == run_id)
    if among is None:
        return set(connection.execute(query).scalars())
    found: set[int] = set()
    for batch in batches(among):
        found.update(connection.execute(query.where(run_image.c.image_id.in_(batch))).scalars())
    return found


def problems(connection: Connection, run_id: int) -> list[tuple[int, str]]:
    """Image ids and why the run could not do them."""
    found = select(run_image.c.image_id, run_image.c.reason).where(
        run_image.c.run_id == run_id, run_image.c.reason.is_not(None)
    )
    return [(row.image_id, row.reason) for row in connection.execute(found)]


def get(connection: Connection, run_id: int) -> Run:
    """One run.

    Raises:
        NotFound: if there is none with this id.
    """
    row = connection.execute(select(run).where(run.c.id == run_id)).one_or_none()
    if row is None:
        raise NotFound(f"no run {run_id}")
    return _record(row)


def named(connection: Connection, name: str, *, kind: str | None = None) -> Run:
    """The run of this name or number, the newest of several.

    Raises:
        NotFound: if there is none (the message lists those that exist).
    """
    known = every(connection, kind=kind)
    for run_ in known:
        if name in (run_.name, str(run_.id)):
            return run_
    listed = ", ".join(dict.fromkeys(run_.name for run_ in known)) or "none yet"
    raise NotFound(f"no {'' if kind is None else f'{kind} '}run {name!r}; there are: {listed}")


def every(connection: Connection, *, kind: str | None = None) -> list[Run]:
    """All runs, newest first."""
    query = select(run).order_by(run.c.id.desc())
    if kind is not None:
        query = query.where(run.c.kind == kind)
    return [_record(row) for row in connection.execute(query)]


def of_detector(connection: Connection, name: str) -> Run:
    """The newest finished detector run of this name, method or number.

    Raises:
        NotFound: if there is none (the message lists those that exist).
    """
    finished = [r for r in every(connection, kind="detect") if r.status is RunStatus.DONE]
    for found in finished:
        method = found.method.partition("@")[0]
        if name in (str(found.id), found.method, method, method.partition(":")[0]):
            return found
    known = ", ".join(f"{found.id} {found.method}" for found in finished) or "none yet"
    raise NotFound(
        f"detector {name!r} has not run over this dataset; runs: {known}; "
        f"let it: curator detect --detector {name}"
    )


def of_release(connection: Connection, release_id: int) -> list[Run]:
    """The runs that speak for the images of a release."""
    spoken = (
        select(image.c.run_id)
        .join(release_sample, release_sample.c.image_id == image.c.id)
        .where(release_sample.c.release_id == release_id)
    )
    query = select(run).where(run.c.id.in_(spoken)).order_by(run.c.id)
    return [_record(row) for row in connection.execute(query)]


def images_of(connection: Connection, run_ids: Iterable[int]) -> dict[int, int]:
    """How many images each of these runs is done with."""
    counted = (
        select(run_image.c.run_id, func.count())
        .where(run_image.c.run_id.in_(list(run_ids)))
        .group_by(run_image.c.run_id)
    )
    return dict(connection.execute(counted).all())


def _record(row: Row[Any]) -> Run:
    return Run(
        id=row.id,
        kind=row.kind,
        method=row.method,
        licence=row.licence,
        params=row.params,
        weights=row.weights,
        metrics=row.metrics,
        status=RunStatus(row.status),
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
