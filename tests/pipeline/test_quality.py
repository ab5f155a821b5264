"""Measuring through the store: done once, again after an edit, never in a person's way."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image as Pillow
from sqlalchemy import update

from curator.errors import ConfigError
from curator.pipeline.correct import Save, save
from curator.pipeline.duplicates import (
    DuplicatesRequest,
    all_groups,
    find_duplicates,
    keep_best,
    tell_apart,
)
from curator.pipeline.editing import Change
from curator.pipeline.measure import MeasureRequest, measure
from curator.pipeline.quality import (
    ask_people,
    judged,
    propose_attributes,
    read_rules,
    report,
)
from curator.pipeline.quality_report import write_csv, write_html
from curator.pipeline.release import Selection, SplitOptions, release
from curator.progress import Silent
from curator.quality import parse
from curator.records import CopyKind, Decision, Face, Op, Role, User, Verdict
from curator.store import faces, images, measures, pairs, proposals, releases, runs
from curator.store import verdicts as people
from curator.store.dataset import Dataset, create_dataset
from curator.store.images import ImageFilter
from curator.store.schema import face as face_table

PLAIN = MeasureRequest(pose_network=False)
FIVE = ((30.0, 30.0), (60.0, 30.0), (45.0, 45.0), (33.0, 60.0), (57.0, 60.0))


def picture(seed: int, side: int = 128, quality: int = 95) -> bytes:
    chance = np.random.default_rng(seed)
    small = chance.integers(0, 255, (9, 9, 3), dtype=np.uint8)
    out = io.BytesIO()
    large = Pillow.fromarray(small).resize((side, side), Pillow.Resampling.BICUBIC)
    large.save(out, "JPEG", quality=quality)
    return out.getvalue()


@pytest.fixture
def dataset(tmp_path: Path) -> Iterator[Dataset]:
    """Six photos with a face each; photo 5 is photo 4 again, smaller and saved badly."""
    with create_dataset(tmp_path / "d") as made:
        files = [picture(i) for i in range(5)] + [picture(4, 96, 60)]
        rows = []
        for place, data in enumerate(files):
            digest = sha256(data).hexdigest()
            made.blobs.put(data, digest, "image/jpeg")
            side = 96 if place == 5 else 128
            rows.append(
                {
                    "sha256": digest, "phash": None, "width": side, "height": side,
                    "mime": "image/jpeg", "name": f"{place}.jpg", "source": "web",
                    "url": f"http://h/{place}", "query": "crowd" if place < 2 else None,
                    "fetched_at": datetime.now(UTC),
                }
            )  # fmt: skip
        with made.write() as connection:
            ids = [image_id for image_id, _ in images.add(connection, rows)]
            run = runs.begin(connection, kind="import", method="wider", params={})
            one = Face(box=(20, 15, 70, 80), landmarks=FIVE, visibility=(2,) * 5, scheme="5")
            more = [
                replace(
                    one, image_id=i, run_id=run.id, attributes={"blur": 0} if i == ids[0] else {}
                )
                for i in ids
            ]
            small = tuple((0.75 * x, 0.75 * y) for x, y in FIVE)
            more[5] = replace(more[5], box=(15, 11, 53, 60), landmarks=small)
            faces.add(connection, more)
            images.vouch(connection, ids, run.id)
        yield made


def every_measure(dataset: Dataset) -> list[tuple[int, dict[str, float]]]:
    with dataset.read() as connection:
        return [(line.face_id, line.numbers) for line in measures.lines(connection)]


def test_measuring_twice_is_measuring_once(dataset: Dataset) -> None:
    first = measure(dataset, PLAIN, Silent())
    before = every_measure(dataset)
    again = measure(dataset, PLAIN, Silent())
    assert (first.faces, again.faces, again.settled, again.images) == (6, 0, 6, 0)
    assert every_measure(dataset) == before
    assert [numbers["FaceHeight"] for _, numbers in before] == [65] * 5 + [49]


def test_an_edited_face_loses_its_measures_until_it_is_measured_again(dataset: Dataset) -> None:
    measure(dataset, PLAIN, Silent())
    with dataset.write() as connection:
        connection.execute(
            update(face_table).where(face_table.c.id == 1).values(version=2, y_max=100.0)
        )
    assert dict(every_measure(dataset))[1] == {}
    assert measure(dataset, PLAIN, Silent()).faces == 1
    assert dict(every_measure(dataset))[1]["FaceHeight"] == 85


def test_what_was_measured_of_an_older_version_is_not_stored(dataset: Dataset) -> None:
    from curator.records import Measures

    late = Measures(face_id=1, version=7, suite="face/1", values={"FaceHeight": 1}, methods={})
    with dataset.write() as connection:
        assert measures.put(connection, measures.FACE, [late]) == 0


class Interrupted(Silent):
    """Ctrl+C after so many images."""

    def __init__(self, after: int) -> None:
        self.left = after

    def advance(self, done: int = 1, note: str = "") -> None:
        self.left -= done
        if self.left <= 0:
            raise KeyboardInterrupt


def test_an_interrupted_pass_keeps_what_it_had_and_goes_on(dataset: Dataset) -> None:
    with pytest.raises(KeyboardInterrupt):
        measure(dataset, PLAIN, Interrupted(3))
    with dataset.read() as connection:
        assert measures.count(connection) == (6, 3)
    assert measure(dataset, PLAIN, Silent()).faces == 3


def test_an_image_whose_file_is_gone_is_told_once_and_does_not_wait(dataset: Dataset) -> None:
    with dataset.read() as connection:
        image = images.find(connection, ImageFilter())[0]
    dataset.blobs.path(image.sha256, image.mime).unlink()
    found = measure(dataset, PLAIN, Silent())
    assert any("cannot be read" in reason for reason in found.problems)
    assert measure(dataset, PLAIN, Silent()).images == 0


def test_copies_are_grouped_decided_and_never_separated(dataset: Dataset) -> None:
    measure(dataset, PLAIN, Silent())
    found = find_duplicates(dataset, DuplicatesRequest(), Silent())
    assert (found.copies, found.groups, found.spare) == (1, 1, 1)
    assert find_duplicates(dataset, DuplicatesRequest(), Silent()).looked == 0
    (group,) = all_groups(dataset, [CopyKind.COPY])
    assert group.images == (5, 6)
    table, judgement = judged(dataset, parse("best copy"))
    assert table.images[judgement.chosen(Decision.DROP)].tolist() == [6]
    made = release(dataset, "v1", Selection(), SplitOptions(), Silent())
    with dataset.read() as connection:
        records = images.many(connection, [5, 6])
    assert records[5].split == records[6].split
    assert made.images == 6
    keep_best(dataset, group, "ada")
    with dataset.read() as connection:
        (said,) = people.every(connection)
    assert (said.image_id, said.decision, said.user) == (6, Decision.DROP, "ada")


def test_what_a_person_says_of_a_pair_outlives_the_next_search(dataset: Dataset) -> None:
    find_duplicates(dataset, DuplicatesRequest(), Silent())
    assert tell_apart(dataset, [5, 6], CopyKind.DIFFERENT, "ada") == 1
    assert find_duplicates(dataset, DuplicatesRequest(), Silent()).copies == 0
    with dataset.read() as connection:
        (pair,) = pairs.every(connection)
    assert (pair.kind, pair.user) == (CopyKind.DIFFERENT, "ada")


def test_a_copy_that_can_no_longer_be_looked_at_is_only_similar_and_named(
    dataset: Dataset,
) -> None:
    assert find_duplicates(dataset, DuplicatesRequest(), Silent()).copies == 1
    with dataset.read() as connection:
        lost = images.get(connection, 6)
    dataset.blobs.path(lost.sha256, lost.mime).unlink()
    found = find_duplicates(dataset, DuplicatesRequest(), Silent())
    assert (found.copies, found.similar, list(found.unreadable)) == (0, 1, [lost.name])


def test_doubtful_faces_go_to_the_queue_once(dataset: Dataset) -> None:
    measure(dataset, PLAIN, Silent())
    table, judgement = judged(dataset, parse("ask: face height >= 1000"))
    assert ask_people(dataset, table, judgement) == 6
    assert ask_people(dataset, table, judgement) == 0


def test_a_release_takes_only_what_the_rules_and_people_keep(dataset: Dataset) -> None:
    measure(dataset, PLAIN, Silent())
    with dataset.write() as connection:
        people.decide(connection, [Verdict(image_id=2, decision=Decision.DROP, user="ada")])
    chosen = Selection(rules="face height >= 10", proposed_attributes=True)
    propose_attributes(dataset)
    made = release(dataset, "v1", chosen, SplitOptions(), Silent())
    assert made.faces == 5
    assert made.report["faces_left_out"]["not kept by the quality rules"] == 1
    with dataset.read() as connection:
        samples = list(releases.samples(connection, made.id, dataset.blobs.place))
    assert all("pose" in face.attributes for sample in samples for face in sample.faces)


def test_a_proposal_never_stands_over_what_people_said(dataset: Dataset) -> None:
    measure(dataset, PLAIN, Silent())
    assert propose_attributes(dataset)["blur"] == 6
    with dataset.read() as connection:
        said = proposals.of(connection, [1, 2])
        current = faces.current(connection, [1, 2])
    assert "blur" not in said[1]
    assert "blur" in said[2]
    assert current[1][0].attributes == {"blur": 0}
    assert current[2][0].attributes == {}


def test_what_was_measured_outlasts_a_word_about_the_face_but_no_other_place(
    dataset: Dataset,
) -> None:
    measure(dataset, PLAIN, Silent())
    propose_attributes(dataset)
    ada, where = User(name="ada", role=Role.LABELLER), {"box": [21, 15, 70, 80]}
    steps = (
        ([(1, Op.ATTRIBUTES, {"attributes": {"blur": 2}})], False, 6),
        ([], True, 6),
        ([(1, Op.BOX, where), (1, Op.TAGS, {"tags": ["hat"]})], False, 5),
    )
    for edits, done, expected in steps:
        changes = tuple(
            Change(id=str(uuid4()), face=face, op=op, after=after) for face, op, after in edits
        )
        with dataset.read() as connection:
            version = images.get(connection, 1).version
        step = Save(image_id=1, version=version, step=str(uuid4()), changes=changes, done=done)
        save(dataset, ada, step)
        assert sum(bool(numbers) for _, numbers in every_measure(dataset)) == expected
        with dataset.read() as connection:
            assert (1 in proposals.of(connection, [1])) is (expected == 6)
    assert measure(dataset, PLAIN, Silent()).faces == 1


def test_reports_stand_alone(dataset: Dataset, tmp_path: Path) -> None:
    measure(dataset, PLAIN, Silent())
    table, judgement = judged(dataset, read_rules("detection", "face height >= 70 px"))
    found = report(table, judgement)
    assert found.counts == {"keep": 0, "ask": 0, "drop": 6}
    assert found.sources["web: crowd"] == {"drop": 2}
    write_csv(tmp_path / "f.csv", table, judgement)
    lines = (tmp_path / "f.csv").read_text().splitlines()
    assert len(lines) == 7
    assert "not face height >= 70 px" in lines[1]
    write_html(tmp_path / "f.html", dataset, (table, judgement, found), Silent())
    page = (tmp_path / "f.html").read_text()
    assert page.count("data:image/jpeg;base64,") >= 6
    assert "http" not in page.replace("http-equiv", "")


def test_filtering_by_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="say how to filter"):
        read_rules(None, " ")
    with pytest.raises(ConfigError, match="unknown preset 'x'; known: detection"):
        read_rules("x", None)
