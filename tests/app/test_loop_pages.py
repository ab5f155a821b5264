"""Train, Evaluate, Review and Jobs: what they show, what they ask for, what they say when empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from curator.app.job_log import log_tail
from curator.config import settings
from curator.jobs.start import log_path
from curator.records import Run, RunStatus
from curator.store import jobs, labelling, matches, runs

# What a judgement has told only since.
NEW = ("ultralytics", "wider", "gains")


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
    # Half of all faces of the only source: half a bar, for a whole one is a recall of 1.
    assert "width:50.00%" in page.html


def test_what_finding_faces_costs_the_points_and_the_levels_of_wider_face_are_shown(
    visit: Callable[..., Any], judged: Run, released: Any
) -> None:
    points = {"faces": 12, "missed": 6, "left_out": 0, "mean": 0.05, "median": 0.04}
    points |= {"failure_rate": 0.5, "auc": 0.25, "limit": 0.1}
    level = {"ap": 0.75, "faces": 6, "recall": [0.0, 1.0], "precision": [1.0, 0.5]}
    more = {
        "points": points,
        "points_on_true_boxes": points | {"missed": 0, "failure_rate": 0.125},
        "wider": {"photos": 6, "levels": {"easy": level, "hard": level | {"ap": None}}},
    }
    with released.dataset.write() as connection:
        runs.finish(connection, judged.id, metrics=judged.metrics | more)
    page = visit("evaluate")
    (table,) = (each.value for each in page.app.dataframe if "points" in each.value.columns)
    rows = {row[0]: tuple(row[1:]) for row in table.itertuples(index=False)}
    assert rows["of them not found"] == ("6", "0")
    assert rows["failed: not found, or error above 0.1"] == ("0.500", "0.125")
    assert "AP easy 0.750, hard none on 6 of its photos" in page.html
    assert page.html.count("data:image/svg+xml;base64,") == 3


def test_a_run_that_an_older_program_judged_is_shown_too(
    visit: Callable[..., Any], judged: Run, released: Any
) -> None:
    older = {name: judged.metrics[name] for name in judged.metrics if name not in NEW}
    with released.dataset.write() as connection:
        runs.finish(connection, judged.id, metrics=older)
    assert "AP at IoU 0.5" in visit("evaluate").html


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


@pytest.mark.parametrize(
    ("missed", "said"), [(2, "no part of them has 5 or more"), (0, "No face was missed")]
)
def test_few_faces_are_no_reason_to_collect_more_of_a_kind(
    visit: Callable[..., Any], judged: Run, released: Any, missed: int, said: str
) -> None:
    told = {"group": "blur", "name": "no blur", "faces": 4, "found": 4 - missed, "missed": missed}
    told |= {"trained": 0, "point_error": None, "recall": 1 - missed / 4}
    with released.dataset.write() as connection:
        runs.finish(connection, judged.id, metrics=judged.metrics | {"slices": [told]})
    assert said in visit("evaluate").markdown


def test_the_form_asks_for_a_judgement(
    visit: Callable[..., Any], released: Any, started: list[tuple[str, Mapping[str, Any]]]
) -> None:
    page = visit("evaluate")
    page.field("Model").set_value("yunet")
    page.field("Ground truth of WIDER FACE").set_value(" /data/ground_truth ")
    page.button("Evaluate").click().run()
    asked = started[0]
    assert asked[0] == "evaluate"
    assert (asked[1]["release"], asked[1]["split"], asked[1]["detector"]) == ("v1", "val", "yunet")
    assert asked[1]["ground_truth"] == "/data/ground_truth"
    page.field("Predictions instead of a model").set_value("/data/said.json")
    page.button("Evaluate").click().run()
    assert (started[1][1]["detector"], started[1][1]["predictions"]) == (None, "/data/said.json")


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


def test_a_training_job_tells_what_was_learned_not_how_long_it_took(
    visit: Callable[..., Any], released: Any
) -> None:
    figures = {"step": 68.0, "epoch": 68.0, "learning_rate": 2e-5, "score_slope": 1.5}
    for more in ({"loss_total": 3.16}, {"loss_total": 3.16, "ap_easy": 0.75}):
        job = released.job("train", RunStatus.RUNNING, "", trainer="retinaface", release="v1")
        with released.dataset.write() as connection:
            done = {"run": "r", "weights": "w", "steps": 68, "figures": figures | more}
            jobs.finish(connection, job, RunStatus.DONE, "done", done)
    told = visit("jobs").app.dataframe[0].value["outcome"].tolist()
    assert told == ["68 steps: ap_easy 0.75", "68 steps: loss_total 3.16"]


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
