"""Train, Evaluate, Review and Jobs: what they show, what they ask for, what they say when empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curator.app.job_log import log_tail
from curator.config import settings
from curator.evaluate.predictions import text
from curator.jobs.start import log_path
from curator.pipeline.evaluate import EvaluateRequest, evaluate
from curator.pipeline.release import Selection, SplitOptions, release
from curator.progress import Silent
from curator.records import Face, Run, RunStatus
from curator.store import labelling, matches, runs

FACES = (Face(box=(8, 8, 40, 48)), Face(box=(60, 10, 80, 36), attributes={"blur": 2}))


@pytest.fixture
def released(studio: Any) -> Any:
    """Six photos with two faces each, all in the split val."""
    for number in range(6):
        studio.vouch(studio.add(f"{number}.jpg"), *FACES)
    shares = SplitOptions(shares={"train": 0.0, "val": 1.0, "test": 0.0})
    release(studio.dataset, "v1", Selection(), shares, Silent())
    return studio


@pytest.fixture
def judged(released: Any, tmp_path: Path) -> Run:
    """The large faces found, the small ones missed, and something that is none."""
    boxes = np.array([FACES[0].box, (0, 50, 12, 62)], float)
    for number in range(6):
        file = tmp_path / "said" / f"{number}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text(str(number), boxes, np.array([0.9, 0.5])))
    request = EvaluateRequest(release="v1", predictions=tmp_path / "said", confidence=0.1)
    return evaluate(released.dataset, request, Silent())


@pytest.mark.parametrize(
    ("page", "lead"),
    [("train", "Make a release"), ("evaluate", "Make a release"), ("jobs", "Collect images")],
)
def test_an_empty_page_says_what_to_do_next(
    visit: Callable[..., Any], page: str, lead: str
) -> None:
    assert visit(page).button(lead)


def test_a_slim_install_tells_how_to_get_fiftyone(
    visit: Callable[..., Any], judged: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATOR_ENVIRONMENTS", str(tmp_path / "none"))
    settings.cache_clear()
    page = visit("review")
    assert [code.value for code in page.app.code] == ["curator review setup"]
    settings.cache_clear()


def test_a_judged_run_is_shown_with_curves_slices_and_pictures(
    visit: Callable[..., Any], judged: Run
) -> None:
    page = visit("evaluate")
    assert page.html.count("data:image/svg+xml;base64,") == 2
    assert "AP at IoU 0.5" in page.html
    assert "as Ultralytics tells it" in page.html
    # How often each kind of mistake was made, as bars.
    assert "Missed faces" in page.html
    assert "Found where no face is" in page.html
    # Six small faces were missed; the picture of each is asked for by its number.
    assert page.html.count('<img src="/matches/') == 6
    assert "heavy blur" in page.html
    assert "6 faces, 6 missed, 0 in training" in page.html


def test_mistakes_are_put_into_the_queue_once(
    visit: Callable[..., Any], judged: Run, released: Any
) -> None:
    def waiting() -> list[tuple[str, str]]:
        with released.dataset.read() as connection:
            ids = {one.image_id for one in matches.of_run(connection, judged.id)}
            found = labelling.open_of(connection, ids)
        return [(task.reason, task.detail) for tasks in found.values() for task in tasks]

    page = visit("evaluate")
    page.button("Put these into the queue").click().run()
    assert len(waiting()) == 6
    assert {reason for reason, _ in waiting()} == {f"review:{judged.name}"}
    page.button("Put these into the queue").click().run()
    assert len(waiting()) == 6
    # What next: the worst slice first, its missed faces wait already.
    worst = next(
        element.value for element in page.app.markdown if "recall 0.00" in str(element.value)
    )
    assert "6 of 6 faces missed" in worst
    page.button("Look at the missed ones again").click().run()
    assert len(waiting()) == 6
    assert "missed by" in waiting()[0][1]


def test_the_form_asks_for_a_judgement(
    visit: Callable[..., Any], released: Any, started: list[tuple[str, Mapping[str, Any]]]
) -> None:
    page = visit("evaluate")
    page.field("Model").set_value("yunet")
    page.field("Ground truth of WIDER FACE").set_value(" /data/ground_truth ")
    page.button("Evaluate").click().run()
    (asked,) = started
    assert asked[0] == "evaluate"
    assert (asked[1]["release"], asked[1]["split"], asked[1]["detector"]) == ("v1", "val", "yunet")
    assert asked[1]["ground_truth"] == "/data/ground_truth"


def test_the_form_asks_for_a_training_run(
    visit: Callable[..., Any], released: Any, started: list[tuple[str, Mapping[str, Any]]]
) -> None:
    page = visit("train")
    page.field("Trainer").set_value("yolo").run()
    page.field("Classes").set_value("identity")
    page.button("Train").click().run()
    (asked,) = started
    told = asked[1]
    assert (asked[0], told["trainer"], told["recipe"]) == ("train", "yolo", "yolo11n")
    assert (told["classes"], told["minutes"]) == ("identity", 60)


def test_curves_of_runs_are_drawn_alone(visit: Callable[..., Any], released: Any) -> None:
    with released.dataset.write() as connection:
        run = runs.begin(
            connection, kind="train", method="yolo:yolo11n", params={"release": "v1", "seed": 0}
        )
        runs.finish(connection, run.id, metrics={"mAP50": 0.5})
    folder = released.dataset.runs / run.name
    folder.mkdir(parents=True)
    (folder / "results.csv").write_text("epoch,train/box_loss,metrics/mAP50(B)\n1,2,0.1\n2,1,0.5\n")
    page = visit("train")
    assert run.name == "yolo-v1-yolo11n-0"
    assert page.html.count("data:image/svg+xml;base64,") == 2
    (folder / "results.csv").write_bytes(b"\xff\xfe\x00")
    assert "no table" in visit("train").markdown


def test_jobs_show_everything_that_ran_with_its_log(
    visit: Callable[..., Any], released: Any
) -> None:
    job = released.job("train", RunStatus.FAILED, "killed", trainer="yolo", release="v1")
    log = released.dataset.folder / log_path(job)
    log.parent.mkdir(exist_ok=True)
    log.write_bytes(b"epoch 1\n\x1b[K 10%\r\x1b[1m100%\x1b[0m\nlast \x07line\n")
    assert log_tail(released.dataset, job) == ["epoch 1", "100%", "last line"]
    page = visit("jobs")
    assert page.app.dataframe[0].value["outcome"].tolist() == ["killed"]
    assert page.button("Go on")
    assert "last line" in page.app.code[0].value
