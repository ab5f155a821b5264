"""What judging a release promises: figures of the protocol, matches kept once, a report alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from scipy.io import savemat

from curator.errors import ConfigError, FormatError, InputError, NotFound
from curator.evaluate import wider
from curator.evaluate.coco_results import read_results
from curator.evaluate.predictions import read_predictions, text
from curator.evaluate.wider_truth import read_truth
from curator.pipeline.comparison import comparison
from curator.pipeline.evaluate import EvaluateRequest, evaluate
from curator.pipeline.labels import ImportOptions, import_labels
from curator.pipeline.release import Selection, SplitOptions, release
from curator.pipeline.report import write_report
from curator.progress import Silent
from curator.records import MatchKind, Mistake, RunStatus
from curator.store import matches, runs
from curator.store.dataset import Dataset, create_dataset

# Two faces a photo; x, y, width, height.
LEFT, RIGHT = (10, 10, 40, 50), (90, 20, 30, 40)


@pytest.fixture
def dataset(tmp_path: Path) -> Iterator[Dataset]:
    """A release of ten photos, all of them in the split val."""
    lines = []
    for number in range(10):
        photo = tmp_path / "photos" / "party" / f"{number}.jpg"
        photo.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(number).integers(0, 255, (120, 160, 3), np.uint8)
        Pillow.fromarray(noise).save(photo)
        lines += [f"party/{number}.jpg", "2"]
        lines += [f"{x} {y} {w} {h} 2 0 0 0 1 0" for x, y, w, h in (LEFT, RIGHT)]
    truth = tmp_path / "wider_val_gt.txt"
    truth.write_text("\n".join(lines) + "\n")
    with create_dataset(tmp_path / "faces") as made:
        options = ImportOptions()
        import_labels(
            made, "wider", truth, truth.parent / "photos", options=options, progress=Silent()
        )
        shares = SplitOptions(shares={"train": 0.0, "val": 1.0, "test": 0.0})
        release(made, "v1", Selection(), shares, Silent())
        yield made


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    """The left face of every photo, and on five of them something that is no face."""
    folder = tmp_path / "said"
    for number in range(10):
        x, y, w, h = LEFT
        boxes, scores = [(x, y, x + w, y + h)], [0.9]
        if number < 5:
            boxes, scores = [*boxes, (100, 80, 140, 110)], [*scores, 0.4]
        file = folder / "party" / f"{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text(f"party/{number}", np.array(boxes, float), np.array(scores)))
    return folder


def request(predictions: Path, **more: object) -> EvaluateRequest:
    return EvaluateRequest(release="v1", predictions=predictions, **more)  # type: ignore[arg-type]


def test_half_of_the_faces_found_is_an_ap_of_a_half(dataset: Dataset, predictions: Path) -> None:
    run = evaluate(dataset, request(predictions), Silent())
    said = run.metrics
    assert (run.kind, run.status, said["photos"], said["faces"]) == ("evaluate", "done", 10, 20)
    # Precision 1 up to recall 0.5, nothing beyond: 51 of COCO's 101 recalls.
    assert said["figures"]["AP"] == pytest.approx(51 / 101)
    assert said["working"] == pytest.approx(
        {"confidence": 0.9, "precision": 1.0, "recall": 0.5, "f1": 2 / 3}
    )
    assert said["mistakes"] == {"missed": 10}
    # Without the ten missed faces all is found at a precision of 1.
    assert said["gains"] == pytest.approx({"missed": 50 / 101, "background": 0.0})
    assert said["ultralytics"]["recall"] == pytest.approx(0.5)
    assert {one["name"]: one["recall"] for one in said["slices"]}["heavy blur"] == 0.5
    lower = evaluate(dataset, request(predictions, confidence=0.1), Silent())
    assert lower.metrics["mistakes"] == {"missed": 10, "background": 5}


def write_official(folder: Path, *, event: str = "party", scale: float = 1) -> Path:
    """WIDER FACE's four files about nine of the photos: only the left face counts as easy."""

    def cells(rows: list[object]) -> np.ndarray:
        column = np.empty((len(rows), 1), object)
        column[:, 0] = rows
        return column

    def each(value: object) -> np.ndarray:
        """An event of nine photos that are alike."""
        return cells([cells([value] * 9)])

    folder.mkdir()
    savemat(
        folder / "wider_face_val.mat",
        {
            "event_list": cells([event]),
            "file_list": cells([cells([str(number) for number in range(9)])]),
            "face_bbx_list": each(scale * np.array([LEFT, RIGHT], float)),
        },
    )
    # The numbers of the faces that count, from 1.
    for level, numbers in {"easy": [[1]], "medium": [[2]], "hard": [[1], [2]]}.items():
        savemat(folder / f"wider_{level}_val.mat", {"gt_list": each(np.array(numbers))})
    return folder


def test_the_levels_of_wider_face_are_told_of_the_photos_its_ground_truth_names(
    dataset: Dataset, predictions: Path, tmp_path: Path
) -> None:
    official = write_official(tmp_path / "official")
    run = evaluate(dataset, request(predictions, ground_truth=official), Silent())
    told = run.metrics["wider"]
    # The tenth photo is none of WIDER FACE's. Only left faces were found, and with the lower
    # score five things that are none: by then every left face was, so they cost nothing.
    assert told["photos"] == 9
    assert {name: (one["ap"], one["faces"]) for name, one in told["levels"].items()} == {
        "easy": (pytest.approx(1.0), 9),
        "medium": (pytest.approx(0.0), 9),
        "hard": (pytest.approx(0.5), 18),
    }
    file = tmp_path / "report.html"
    write_report(dataset, run, file)
    assert "AP easy 1.000, medium 0.000, hard 0.500 on 9 of its photos" in file.read_text()
    # Without the files nothing is said of levels, of the same run.
    again = evaluate(dataset, request(predictions), Silent())
    assert (again.id, again.metrics["wider"]) == (run.id, None)


def test_ground_truth_about_other_photos_or_another_size_is_refused(
    dataset: Dataset, predictions: Path, tmp_path: Path
) -> None:
    for wrong, folder in (
        ("the ground truth is four files", tmp_path),
        ("about none of the 10 images", write_official(tmp_path / "a", event="feast")),
        ("is 160 x 120 pixels, and the ground", write_official(tmp_path / "b", scale=2)),
    ):
        with pytest.raises(InputError, match=wrong):
            evaluate(dataset, request(predictions, ground_truth=folder), Silent())


def test_on_real_photos_the_levels_are_those_of_the_command_for_wider_face(
    shared_data: Path, synthetic_predictions: Path, tmp_path: Path
) -> None:
    place = shared_data / "wider_val"
    with create_dataset(tmp_path / "parade") as made:
        truth = place / "wider_face_val_bbx_gt.txt"
        options = ImportOptions()
        import_labels(made, "wider", truth, place / "images", options=options, progress=Silent())
        shares = SplitOptions(shares={"train": 0.0, "val": 1.0, "test": 0.0})
        release(made, "v1", Selection(), shares, Silent())
        asked = request(synthetic_predictions, ground_truth=place / "ground_truth")
        told = evaluate(made, asked, Silent()).metrics["wider"]
    photos = [f"{p.parent.name}/{p.stem}" for p in (place / "images").glob("*/*.jpg")]
    expected = wider.evaluate(
        read_predictions(synthetic_predictions), read_truth(place / "ground_truth"), photos
    )
    assert told["photos"] == len(photos) == 257
    assert {name: one["ap"] for name, one in told["levels"].items()} == pytest.approx(expected.ap)


def test_judged_again_it_is_the_same_run_with_the_same_matches(
    dataset: Dataset, predictions: Path
) -> None:
    first, again = (evaluate(dataset, request(predictions), Silent()) for _ in range(2))
    assert first.id == again.id
    with dataset.read() as connection:
        told = matches.of_run(connection, first.id)
        missed = matches.of_run(connection, first.id, mistake=Mistake.MISSED)
        assert runs.named(connection, first.name) == again
    assert [one.kind for one in told] == [MatchKind.TP] * 10 + [MatchKind.FN] * 10
    assert all(one.face_id for one in told)
    assert missed[0].box == (90, 20, 120, 60)


def test_an_interrupted_judgement_leaves_the_earlier_one_as_it_was(
    dataset: Dataset, predictions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = evaluate(dataset, request(predictions), Silent())

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(matches, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        evaluate(dataset, request(predictions), Silent())
    with dataset.read() as connection:
        again = runs.get(connection, first.id)
    assert again.status is RunStatus.CANCELLED
    assert again.metrics["figures"] == first.metrics["figures"]


def test_results_in_coco_s_form_are_judged_like_the_text_form(
    dataset: Dataset, predictions: Path, tmp_path: Path
) -> None:
    rows = [
        {"image_id": f"party__{n}", "category_id": 1, "bbox": list(LEFT), "score": 0.9}
        for n in range(10)
    ]
    file = tmp_path / "predictions.json"
    file.write_text(json.dumps(rows))
    run = evaluate(dataset, request(file), Silent())
    other = evaluate(dataset, request(predictions), Silent())
    assert run.metrics["figures"]["AP50"] == other.metrics["figures"]["AP50"]


@pytest.mark.parametrize(
    "content", ["{}", "[1]", "nothing", '[{"image_id": 1}]',
                '[{"image_id": 1, "bbox": [1, 2, NaN, 4], "score": 0.5}]',
                '[{"image_id": 1, "bbox": [1, 2, 3, 4], "score": 7}]'],
)  # fmt: skip
def test_results_that_are_none_are_refused_with_a_sentence(tmp_path: Path, content: str) -> None:
    file = tmp_path / "predictions.json"
    file.write_text(content)
    with pytest.raises(FormatError, match=re.escape(str(file))):
        read_results(file)


def test_what_cannot_be_judged_is_refused_with_a_sentence(
    dataset: Dataset, predictions: Path, tmp_path: Path
) -> None:
    with pytest.raises(NotFound, match="no release 'v9'"):
        evaluate(dataset, replace(request(predictions), release="v9"), Silent())
    with pytest.raises(ConfigError, match="unknown split"):
        evaluate(dataset, request(predictions, split="dev"), Silent())
    with pytest.raises(ConfigError, match="either a detector or predictions"):
        evaluate(dataset, EvaluateRequest(release="v1"), Silent())
    with pytest.raises(InputError, match="has no images"):
        evaluate(dataset, request(predictions, split="test"), Silent())
    other = tmp_path / "other" / "party" / "99.txt"
    other.parent.mkdir(parents=True)
    other.write_text("99.jpg\n0\n")
    with pytest.raises(InputError, match="about none of the 10 images"):
        evaluate(dataset, request(tmp_path / "other"), Silent())


def test_proposals_alone_are_no_truth_unless_asked_for(dataset: Dataset, predictions: Path) -> None:
    with dataset.write() as connection:
        connection.exec_driver_sql("UPDATE face SET status = 'proposed', origin = 'detector'")
    shares = SplitOptions(shares={"train": 0.0, "val": 1.0, "test": 0.0})
    release(dataset, "v2", Selection(), shares, Silent())
    asked = replace(request(predictions), release="v2")
    with pytest.raises(InputError, match="nobody has vouched for a face"):
        evaluate(dataset, asked, Silent())
    run = evaluate(dataset, replace(asked, count_proposals=True), Silent())
    assert run.metrics["faces"] == 20


def test_a_report_stands_alone_with_its_pictures(
    dataset: Dataset, predictions: Path, tmp_path: Path
) -> None:
    run = evaluate(dataset, request(predictions, confidence=0.1), Silent())
    file = tmp_path / "report.html"
    write_report(dataset, run, file)
    page = file.read_text()
    assert "<script" not in page
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    # Ten missed faces, five that are none.
    assert page.count("data:image/jpeg;base64,") == 15
    assert "heavy blur" in page


def test_a_detector_is_judged_with_its_size_its_speed_and_its_points(
    shared_models: Path, shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curator.config import settings

    monkeypatch.setenv("CURATOR_MODELS", str(shared_models))
    settings.cache_clear()
    photos = shared_data / "landmarks" / "wflw"
    content = json.loads((photos / "test_wflw.json").read_text())
    names = {image["id"]: image["file_name"] for image in content["images"]}
    lines = ["image,x_min,y_min,x_max,y_max,scheme,landmarks"]
    for row in content["annotations"]:
        x, y, w, h = row["bbox"]
        values = np.reshape(row["keypoints"], (-1, 3))[:, :2]
        marks = " ".join(f"{a} {b} 2" for a, b in values)
        lines.append(f"{names[row['image_id']]},{x},{y},{x + w},{y + h},98,{marks}")
    table = tmp_path / "faces.csv"
    table.write_text("\n".join(lines) + "\n")
    with create_dataset(tmp_path / "faces") as made:
        import_labels(made, "csv", table, photos, options=ImportOptions(), progress=Silent())
        shares = SplitOptions(shares={"train": 0.0, "val": 1.0, "test": 0.0})
        release(made, "v1", Selection(), shares, Silent())
        run = evaluate(made, EvaluateRequest(release="v1", detector="yunet"), Silent())
        (row,) = comparison(made, [])
    assert run.status is RunStatus.DONE
    assert row.bytes == (shared_models / "onnx" / "yunet_n_dynamic.onnx").stat().st_size
    # libfacedetection's readme gives YuNet 75,856 parameters, normalisation counted apart.
    assert row.parameters == pytest.approx(75_856, rel=0.05)
    assert row.milliseconds is not None
    assert row.milliseconds > 0
    points, alone = run.metrics["points"], run.metrics["points_on_true_boxes"]
    assert points["faces"] == alone["faces"] == 4
    assert 0 < alone["mean"] < 0.25
