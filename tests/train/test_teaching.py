"""What teachers may add to labels, worked out by hand, and what they may never change."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from curator.errors import InputError, NotFound
from curator.pipeline.teach import TeachReport, TeachRequest, teach_points
from curator.progress import Silent
from curator.records import Detections, Face, FaceStatus, ImageStatus, Origin, RunStatus
from curator.store import faces, images, runs
from curator.store.dataset import Dataset, create_dataset
from curator.store.images import ImageFilter
from curator.train.teaching import agree, teach

from .conftest import AT

LEFT, RIGHT = (10.0, 10.0, 50.0, 50.0), (60.0, 10.0, 100.0, 50.0)


def found(*rows: tuple[tuple[float, ...], float]) -> Detections:
    """Detections whose five points all lie in the middle of the box."""
    boxes = np.array([box for box, _ in rows], np.float32).reshape(-1, 4)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    scores = np.array([score for _, score in rows], np.float32)
    return Detections(boxes, scores, np.repeat(middle[:, None], 5, axis=1))


def test_a_face_that_both_teachers_saw_is_the_mean_of_what_they_saw() -> None:
    # Weights 0.75 and 0.25 of a sum of 0.8: the box of the surer one counts three times.
    moved = (14.0, 10.0, 54.0, 50.0)
    merged = agree([found((LEFT, 0.6)), found((moved, 0.2))])
    assert len(merged) == 1
    np.testing.assert_allclose(merged.boxes[0], [11, 10, 51, 50], rtol=1e-5)
    np.testing.assert_allclose(merged.landmarks[0], [[31, 30]] * 5, rtol=1e-5)
    assert merged.scores[0] == pytest.approx(0.4)


def test_a_face_that_one_of_two_teachers_saw_is_half_as_sure() -> None:
    merged = agree([found((LEFT, 0.9), (RIGHT, 0.8)), found((RIGHT, 0.6))])
    np.testing.assert_allclose(merged.boxes, [RIGHT, LEFT], rtol=1e-5)
    np.testing.assert_allclose(merged.scores, [0.7, 0.45], rtol=1e-5)


def test_two_near_faces_of_one_teacher_stay_two() -> None:
    near = (22.0, 10.0, 62.0, 50.0)
    assert len(agree([found((LEFT, 0.9), (near, 0.8)), found()])) == 2


def test_teachers_that_saw_nothing_agree_on_nothing() -> None:
    merged = agree([found(), found()])
    assert merged.boxes.shape == (0, 4)
    assert merged.landmarks.shape == (0, 5, 2)


def test_points_go_to_the_true_box_that_overlaps_most_each_once() -> None:
    truth = np.array([(12, 10, 52, 50), (10, 10, 50, 50), (200, 200, 240, 240)], np.float32)
    said = teach(truth, found((LEFT, 0.8), (RIGHT, 0.7)))
    assert np.isnan(said.points[[0, 2]]).all()
    assert said.points[1].tolist() == [[30, 30]] * 5
    np.testing.assert_allclose(said.scores, [0, 0.8, 0])
    assert said.unclaimed.tolist() == [1]


def test_a_proposal_that_covers_less_than_half_means_another_face() -> None:
    # 26 of 40 pixels wide in common: 26 / 54 = 0.48; with 27, 27 / 53 = 0.51.
    for shift, same in ((14.0, False), (13.0, True)):
        box = (LEFT[0] + shift, LEFT[1], LEFT[2] + shift, LEFT[3])
        said = teach(np.array([LEFT], np.float32), found((box, 0.9)))
        assert (not np.isnan(said.points).any()) is same


@pytest.fixture
def dataset(tmp_path: Path):
    with create_dataset(tmp_path / "faces") as made:
        with made.write() as connection:
            names = ("labelled", "plain", "corrected", "late")
            rows = [
                {
                    "sha256": hashlib.sha256(name.encode()).hexdigest(),
                    "phash": None,
                    "width": 120,
                    "height": 80,
                    "mime": "image/jpeg",
                    "name": name,
                    "source": "folder",
                    "url": name,
                    "fetched_at": AT,
                }
                for name in names
            ]
            images.add(connection, rows)
        yield made


def ids(dataset: Dataset) -> dict[str, int]:
    with dataset.read() as connection:
        return {image.name: image.id for image in images.find(connection, ImageFilter())}


def detected(
    dataset: Dataset, method: str, said: dict[str, Detections], licence: str = "MIT"
) -> None:
    """A finished run of a detector over these images."""
    known = ids(dataset)
    with dataset.write() as connection:
        run = runs.begin(connection, kind="detect", method=method, params={}, licence=licence)
        for name, found_there in said.items():
            rows = zip(
                found_there.boxes.tolist(),
                found_there.scores.tolist(),
                found_there.landmarks.tolist(),
                strict=True,
            )
            faces.add(
                connection,
                [
                    Face(
                        image_id=known[name],
                        run_id=run.id,
                        box=tuple(box),
                        score=score,
                        landmarks=tuple((x, y) for x, y in points),
                        visibility=(2,) * 5,
                        scheme="5",
                        origin=Origin.DETECTOR,
                        status=FaceStatus.PROPOSED,
                    )
                    for box, score, points in rows
                ],
            )
        images.propose(connection, [known[name] for name in said], run.id)
        runs.mark(connection, run.id, {known[name]: None for name in said})
        runs.finish(connection, run.id, status=RunStatus.DONE)


def imported(dataset: Dataset, name: str, shown: Sequence[Face]) -> None:
    known = ids(dataset)[name]
    with dataset.write() as connection:
        run = runs.begin(connection, kind="import", method="wider", params={"of": name})
        rows = [
            Face(image_id=known, run_id=run.id, box=f.box, attributes=f.attributes, origin=f.origin)
            for f in shown
        ]
        faces.add(connection, rows)
        images.vouch(connection, [known], run.id)


@pytest.fixture
def taught(dataset: Dataset) -> tuple[Dataset, TeachReport]:
    """Two teachers over three of four images: one labelled, one plain, one corrected by hand."""
    imported(dataset, "labelled", [Face(box=LEFT, attributes={"blur": 2}), Face(box=RIGHT)])
    imported(dataset, "corrected", [Face(box=LEFT, origin=Origin.HUMAN)])
    sure, unsure = (10.0, 55.0, 30.0, 75.0), (60.0, 55.0, 80.0, 75.0)
    for method, score in (("yunet:yunet_n@640", 0.8), ("retinaface:mnet@640", 0.9)):
        said = found((LEFT, score), (sure, 0.8), (unsure, 0.3))
        detected(dataset, method, {"labelled": said, "plain": said, "corrected": said})
    report = teach_points(dataset, TeachRequest(teachers=("yunet", "retinaface")), Silent())
    return dataset, report


def current(dataset: Dataset, name: str) -> tuple[Face, ...]:
    known = ids(dataset)[name]
    with dataset.read() as connection:
        return faces.current(connection, [known])[known]


def test_labels_keep_their_boxes_and_attributes_and_gain_points(taught) -> None:
    dataset, report = taught
    first, second, doubt = current(dataset, "labelled")
    assert first.box == LEFT
    assert first.attributes == {"blur": 2}
    assert first.landmarks == ((30.0, 30.0),) * 5
    assert first.score is None
    assert first.origin is Origin.IMPORT
    assert second.box == RIGHT
    assert second.landmarks is None
    # Both teachers see a face that no label explains: it is a proposal, no truth.
    assert doubt.status is FaceStatus.PROPOSED
    assert doubt.score == pytest.approx(0.8)
    assert (report.pointed, report.unpointed, report.doubted) == (1, 1, 1)


def test_images_without_labels_get_what_the_teachers_agree_on(taught) -> None:
    dataset, report = taught
    shown = current(dataset, "plain")
    assert [round(face.score, 3) for face in shown] == [0.85, 0.8, 0.3]
    assert {face.status for face in shown} == {FaceStatus.PROPOSED}
    assert report.proposed == 3
    with dataset.read() as connection:
        image = images.get(connection, ids(dataset)["plain"])
    assert image.status is ImageStatus.PROPOSED
    assert image.run_id == report.run_id


def test_what_a_person_did_here_and_what_no_teacher_saw_is_left_alone(taught) -> None:
    dataset, report = taught
    assert [face.landmarks for face in current(dataset, "corrected")] == [None]
    assert current(dataset, "late") == ()
    assert report.left == {"a teacher has not seen it": 1, "a person has worked on it": 1}


def test_teaching_again_adds_only_what_is_new_since(taught) -> None:
    dataset, report = taught
    before = current(dataset, "labelled")
    for method in ("yunet:yunet_n@640", "retinaface:mnet@640"):
        detected(dataset, method, {"late": found((RIGHT, 0.9))})
    again = teach_points(dataset, TeachRequest(teachers=("yunet", "retinaface")), Silent())
    assert again.run_id == report.run_id
    assert again.images == 1
    assert current(dataset, "labelled") == before
    assert [face.box for face in current(dataset, "late")] == [RIGHT]


def test_the_run_names_its_teachers_and_their_licence(taught) -> None:
    dataset, report = taught
    with dataset.read() as connection:
        run = runs.get(connection, report.run_id)
    assert run.method == "yunet:yunet_n@640+retinaface:mnet@640"
    assert run.licence == "MIT"
    assert run.status is RunStatus.DONE


def test_a_teacher_that_has_not_run_is_named_with_those_that_have(dataset) -> None:
    detected(dataset, "yunet:yunet_n@640", {"plain": found((LEFT, 0.9))})
    with pytest.raises(NotFound, match=r"'scrfd' has not run.*yunet:yunet_n@640"):
        teach_points(dataset, TeachRequest(teachers=("yunet", "scrfd")), Silent())


@pytest.mark.parametrize(
    "request_", [TeachRequest(teachers=()), TeachRequest(teachers=("yunet",), sure=1.5)]
)
def test_a_request_out_of_range_is_one_sentence(request_: TeachRequest, dataset) -> None:
    with pytest.raises(InputError):
        teach_points(dataset, request_, Silent())
