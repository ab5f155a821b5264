"""What the store promises: nothing twice, nothing lost, nothing half done."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import StatementError

from curator.errors import InputError, NotFound, SchemaMismatch, StoreError
from curator.records import (
    Candidate,
    Face,
    FaceStatus,
    Image,
    ImageStatus,
    Origin,
    Outcome,
    RunStatus,
)
from curator.store import candidates, faces, images, jobs, releases, runs
from curator.store.dataset import Dataset, create_dataset, open_dataset
from curator.store.documents import IMAGE_COLUMNS
from curator.store.images import ImageFilter
from curator.store.schema import metadata

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def row(name: str, content: str = "", **more: Any) -> dict[str, Any]:
    sha256 = hashlib.sha256((content or name).encode()).hexdigest()
    base = {"sha256": sha256, "phash": None, "width": 40, "height": 30, "mime": "image/jpeg"}
    return base | {"name": name, "source": "folder", "url": name, "fetched_at": AT} | more


@pytest.fixture
def dataset(tmp_path: Path):
    with create_dataset(tmp_path / "faces") as made:
        yield made


def propose(dataset: Dataset, method: str, scores: dict[int, float], **more: Any) -> int:
    """A finished detector run with one face an image."""
    with dataset.write() as connection:
        run = runs.begin(connection, kind="detect", method=method, params={})
        found = [
            Face(
                image_id=image_id,
                run_id=run.id,
                box=(1.5, 2, 11, 22),
                score=score,
                origin=Origin.DETECTOR,
                status=FaceStatus.PROPOSED,
                **more,
            )
            for image_id, score in scores.items()
        ]
        faces.add(connection, found)
        images.propose(connection, scores, run.id)
        runs.mark(connection, run.id, dict.fromkeys(scores))
    return run.id


def add(dataset: Dataset, *rows: dict[str, Any]) -> list[int]:
    with dataset.write() as connection:
        return [image_id for image_id, _ in images.add(connection, rows)]


def test_the_migrations_make_exactly_the_tables_of_the_schema(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with create_dataset(tmp_path / "d") as made, made.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_database_of_a_newer_program_is_refused_with_a_sentence(dataset: Dataset) -> None:
    dataset.close()
    with sqlite3.connect(dataset.folder / "curator.sqlite") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    with pytest.raises(SchemaMismatch, match="schema 9999"):
        open_dataset(dataset.folder)


def test_a_folder_with_other_things_never_becomes_a_dataset(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        create_dataset(tmp_path)
    with pytest.raises(NotFound, match="no dataset here"):
        open_dataset(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "curator.sqlite").write_bytes(b"GIF89a" * 400)
    with pytest.raises(StoreError, match="not a database"):
        open_dataset(tmp_path)


def test_the_same_content_is_stored_once_and_a_taken_name_gets_a_suffix(dataset: Dataset) -> None:
    first = add(dataset, row("a/x.jpg", "one"), row("b/y.jpg", "two"))
    with dataset.write() as connection:
        again = images.add(
            connection, [row("other.jpg", "one"), row("a/x.jpg", "three"), row("z.jpg", "three")]
        )
    assert again[0] == (first[0], False)
    assert again[1][1] is True
    assert again[2] == (again[1][0], False)
    with dataset.read() as connection:
        assert images.get(connection, again[1][0]).name == (
            "a/x-" + hashlib.sha256(b"three").hexdigest()[:12] + ".jpg"
        )
        assert images.count(connection, ImageFilter()) == 3


def test_times_keep_their_zone(dataset: Dataset) -> None:
    (image_id,) = add(dataset, row("a.jpg"))
    with dataset.read() as connection:
        assert images.get(connection, image_id).fetched_at == AT
    with pytest.raises(StatementError, match="time zone"), dataset.write() as connection:
        images.add(connection, [row("b.jpg", fetched_at=AT.replace(tzinfo=None))])


def test_a_failed_transaction_leaves_nothing(dataset: Dataset) -> None:
    with pytest.raises(RuntimeError), dataset.write() as connection:
        images.add(connection, [row("a.jpg")])
        raise RuntimeError("power")
    with dataset.read() as connection:
        assert images.find(connection, ImageFilter()) == []


def test_the_newest_run_speaks_for_proposed_images_but_never_over_people(dataset: Dataset) -> None:
    one, two = add(dataset, row("1.jpg"), row("2.jpg"))
    propose(dataset, "first", {one: 0.9, two: 0.8})
    with dataset.write() as connection:
        truth = runs.begin(connection, kind="import", method="wider", params={})
        faces.add(connection, [Face(image_id=two, run_id=truth.id, box=(0, 0, 5, 5))])
        images.vouch(connection, [two], truth.id)
    propose(dataset, "second", {one: 0.7, two: 0.6})
    with dataset.read() as connection:
        current = faces.current(connection, [one, two])
        assert [face.score for face in current[one]] == [0.7]
        assert [face.origin for face in current[two]] == [Origin.IMPORT]
        assert images.get(connection, two).status == ImageStatus.LABELLED
        assert faces.count(connection) == 2


def test_a_rejected_face_does_not_count_and_a_persons_own_always_does(dataset: Dataset) -> None:
    (one,) = add(dataset, row("1.jpg"))
    run_id = propose(dataset, "first", {one: 0.9})
    with dataset.write() as connection:
        own = Face(image_id=one, box=(3, 3, 9, 9), origin=Origin.HUMAN)
        bad = Face(image_id=one, run_id=run_id, box=(0, 0, 1, 1), status=FaceStatus.REJECTED)
        faces.add(connection, [own, bad])
    with dataset.read() as connection:
        assert [face.origin for face in faces.current(connection, [one])[one]] == [
            Origin.DETECTOR,
            Origin.HUMAN,
        ]


def test_filters_select_by_source_score_size_split_and_emptiness(dataset: Dataset) -> None:
    ids = add(dataset, row("1.jpg"), row("2.jpg", source="web"), row("3_100%.jpg"))
    propose(dataset, "d", {ids[0]: 0.95, ids[1]: 0.4})
    with dataset.write() as connection:
        images.set_split(connection, {ids[2]: "val"})
    wanted = {
        ImageFilter(source="web"): [ids[1]],
        ImageFilter(min_score=0.5): [ids[0]],
        ImageFilter(max_score=0.5): [ids[1]],
        ImageFilter(min_size=21): [],
        ImageFilter(min_size=20): ids[:2],
        ImageFilter(split="val"): [ids[2]],
        ImageFilter(faces=False): [ids[2]],
        ImageFilter(faces=True): ids[:2],
        ImageFilter(text="100%"): [ids[2]],
        ImageFilter(status=ImageStatus.NEW): [ids[2]],
    }
    with dataset.read() as connection:
        for condition, expected in wanted.items():
            assert [i.id for i in images.find(connection, condition)] == expected, condition
            assert images.count(connection, condition) == len(expected)


def test_equal_work_continues_its_run_and_skips_what_is_done(dataset: Dataset) -> None:
    ids = add(dataset, row("1.jpg"), row("2.jpg"))
    work: dict[str, Any] = {"kind": "detect", "method": "yunet", "params": {"size": 640}}
    with dataset.write() as connection:
        first = runs.begin(connection, **work)
        runs.mark(connection, first.id, {ids[0]: None})
        runs.mark(connection, first.id, {ids[0]: "a second visit changes nothing"})
    with dataset.write() as connection:
        assert runs.begin(connection, **work).id == first.id
        assert runs.begin(connection, **work | {"params": {"size": 320}}).id != first.id
        assert [i.id for i in images.without_run(connection, first.id)] == [ids[1]]
        assert runs.problems(connection, first.id) == []


def test_a_failed_candidate_is_tried_again_and_a_refused_one_is_not(dataset: Dataset) -> None:
    with dataset.write() as connection:
        run = runs.begin(connection, kind="collect", method="urls", params={})

        def seen(url: str, outcome: Outcome, reason: str | None) -> candidates.Seen:
            named = Candidate(url=url, source="urls", name="n", validator='"v1"')
            return candidates.Seen(
                candidate=named, outcome=outcome, reason=reason, detail=None, image_id=None, at=AT
            )

        candidates.record(connection, run.id, [seen("http://h/1", Outcome.FAILED, "time-out")])
        candidates.record(connection, run.id, [seen("http://h/2", Outcome.REFUSED, "empty")])
        assert candidates.settled(connection) == {"http://h/2": '"v1"'}
        candidates.record(connection, run.id, [seen("http://h/1", Outcome.KEPT, None)])
        assert candidates.outcomes(connection) == {"kept": 1, "refused: empty": 1}
        assert [r["url"] for r in candidates.refused(connection)] == ["http://h/2"]


def freeze(dataset: Dataset, name: str, ids: list[int]) -> releases.Release:
    with dataset.write() as connection:
        images.set_split(connection, dict.fromkeys(ids, "train"))
        draft = releases.begin(connection, name=name, filter_={}, seed=1)
        rows = draft.rows(faces.labelled(connection, ImageFilter()))
        releases.add(connection, draft, rows)
        return releases.complete(connection, draft, name=name, report={})


def test_a_release_stays_what_it_was_and_can_be_made_again(dataset: Dataset) -> None:
    ids = add(dataset, row("1.jpg"), row("2.jpg"))
    points = tuple((float(i), i / 3) for i in range(5))
    propose(
        dataset,
        "d",
        {ids[0]: 0.9},
        landmarks=points,
        visibility=(2, 2, 1, 0, 2),
        scheme="5",
        attributes={"blur": 1},
    )
    first = freeze(dataset, "v1", ids)
    assert (first.images, first.faces) == (2, 1)
    assert freeze(dataset, "v1-again", ids).manifest_sha256 == first.manifest_sha256
    with dataset.read() as connection:
        before = list(faces.labelled(connection, ImageFilter()))
    propose(dataset, "other", {ids[0]: 0.5})
    with dataset.read() as connection:
        frozen = list(releases.samples(connection, first.id, dataset.blobs.place))
        assert [(s.image, s.faces) for s in frozen] == before
        assert frozen[0].file == dataset.blobs.path(frozen[0].image.sha256, "image/jpeg")
        assert releases.verify(connection, "v1")
        assert releases.pinned(connection) == set(ids)
    second = freeze(dataset, "v2", ids)
    assert second.manifest_sha256 != first.manifest_sha256
    with dataset.read() as connection:
        old, new = (releases.contents(connection, r.id) for r in (first, second))
        assert {name for sha, (name, said) in old.items() if said != new[sha][1]} == {"1.jpg"}


def test_no_field_of_a_record_is_forgotten_by_a_release() -> None:
    assert set(IMAGE_COLUMNS) == {field.name for field in fields(Image)}


def test_equal_content_has_an_equal_digest_in_another_dataset(tmp_path: Path) -> None:
    digests = []
    for order in ([row("1.jpg"), row("2.jpg")], [row("2.jpg"), row("1.jpg", fetched_at=AT)]):
        with create_dataset(tmp_path / str(len(digests))) as made:
            digests.append(freeze(made, "v", add(made, *order)).manifest_sha256)
    assert digests[0] == digests[1]


def test_a_release_is_seen_when_it_is_complete(dataset: Dataset) -> None:
    ids = add(dataset, row("1.jpg"), row("2.jpg"))
    with dataset.write() as connection:
        images.set_split(connection, dict.fromkeys(ids, "train"))
        found = list(faces.labelled(connection, ImageFilter()))
        draft = releases.begin(connection, name="v1", filter_={}, seed=1)
    with dataset.write() as connection:
        releases.add(connection, draft, draft.rows(found[:1]))
    with dataset.read() as connection:
        assert releases.every(connection) == []
        assert releases.pinned(connection) == set()
        with pytest.raises(NotFound):
            releases.get(connection, "v1")
    # What a killed process left of it makes way for the next try, and cannot go on.
    made = freeze(dataset, "v1", ids)
    with dataset.write() as connection, pytest.raises(InputError, match="run it again"):
        releases.add(connection, draft, draft.rows(found[1:]))
    with dataset.write() as connection, pytest.raises(InputError, match="exists already"):
        releases.complete(connection, draft, name="v1", report={})
    with dataset.read() as connection:
        assert releases.every(connection) == [made]
        assert releases.pinned(connection) == set(ids)


def test_what_was_never_completed_is_forgotten_after_a_day(dataset: Dataset) -> None:
    ids = add(dataset, row("1.jpg"))
    with dataset.write() as connection:
        images.set_split(connection, dict.fromkeys(ids, "train"))
        draft = releases.begin(connection, name="old", filter_={}, seed=1)
        rows = draft.rows(faces.labelled(connection, ImageFilter()))
        releases.add(connection, draft, rows)
    freeze(dataset, "v1", ids)
    with dataset.write() as connection:
        releases.add(connection, draft, [])
        connection.exec_driver_sql(
            "UPDATE release SET created_at = '2020-01-01 00:00:00' WHERE name LIKE '.%%'"
        )
    freeze(dataset, "v2", ids)
    with dataset.write() as connection, pytest.raises(InputError, match="run it again"):
        releases.add(connection, draft, [])


def test_a_tampered_release_is_noticed(dataset: Dataset) -> None:
    freeze(dataset, "v1", add(dataset, row("1.jpg")))
    with dataset.write() as connection:
        connection.exec_driver_sql(
            "UPDATE release_sample SET payload = replace(payload, '\"width\":40', '\"width\":41')"
        )
    with dataset.read() as connection:
        assert not releases.verify(connection, "v1")


def test_a_taken_release_name_and_an_empty_selection_are_refused(dataset: Dataset) -> None:
    with pytest.raises(InputError, match="nothing to release"):
        freeze(dataset, "v1", [])
    freeze(dataset, "v1", add(dataset, row("1.jpg")))
    with pytest.raises(InputError, match="exists already"):
        freeze(dataset, "v1", [])
    with dataset.read() as connection, pytest.raises(NotFound, match="there are: v1"):
        releases.get(connection, "v2")


def test_a_job_is_claimed_once_and_a_silent_worker_is_buried(dataset: Dataset) -> None:
    with dataset.write() as connection:
        job_id = jobs.add(connection, "detect", {"detector": None})
        assert jobs.claim(connection, job_id, 4242)
        assert not jobs.claim(connection, job_id, 4343)
        assert jobs.silent(connection) == []
        connection.exec_driver_sql("UPDATE job SET heartbeat_at = '2020-01-01 00:00:00'")
        assert [silent.id for silent in jobs.silent(connection)] == [job_id]
        jobs.bury(connection, [job_id])
        job = jobs.get(connection, job_id)
        assert (job.status, job.pid) == (RunStatus.FAILED, 4242)


def test_half_written_bytes_are_swept_once_their_process_is_gone(dataset: Dataset) -> None:
    data = b"\xff\xd8 not really"
    dataset.blobs.put(data, "ab" * 32, "image/jpeg")
    path = dataset.blobs.path("ab" * 32, "image/jpeg")
    assert path == dataset.folder / "images" / "ab" / "ab" / ("ab" * 32 + ".jpg")
    assert path.read_bytes() == data
    incoming = dataset.folder / "images" / ".incoming"
    (incoming / "999999999-dead").write_bytes(b"half")
    (incoming / "1-alive").write_bytes(b"half")
    assert dataset.blobs.sweep() == 1
    assert [p.name for p in incoming.iterdir()] == ["1-alive"]


def test_a_blob_cut_short_by_a_power_cut_is_written_again(dataset: Dataset) -> None:
    dataset.blobs.put(b"whole", "cd" * 32, "image/png")
    path = dataset.blobs.path("cd" * 32, "image/png")
    path.write_bytes(b"wh")
    dataset.blobs.put(b"whole", "cd" * 32, "image/png")
    assert path.read_bytes() == b"whole"
