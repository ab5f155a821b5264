"""What the pages promise: they say what to do, show what was asked for, and start the work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from curator.errors import ConfigError
from curator.jobs import start as jobs
from curator.jobs.tasks import ReleaseParams
from curator.pipeline.ingest import CollectRequest
from curator.pipeline.release import Selection, SplitOptions, release
from curator.progress import Silent
from curator.records import Candidate, Face, Outcome, RunStatus
from curator.store import candidates, runs
from curator.store.candidates import Seen

PAGES = ("overview", "collect", "label", "people", "browse", "release")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("overview", "Bring photos in"),
        ("collect", "Collect images first"),
        ("label", "Nothing to label yet"),
        ("people", "Nobody has labelled anything yet"),
        ("browse", "No images yet"),
        ("release", "Nothing to release yet"),
    ],
)
def test_an_empty_dataset_says_what_to_do_first(visit: Callable[..., Any], name: str, says: str):
    assert says in visit(name).markdown


@pytest.mark.parametrize("name", PAGES)
def test_every_page_shows_a_filled_dataset_without_an_error(
    filled: Any, visit: Callable[..., Any], name: str
) -> None:
    page = visit(name)
    assert not page.app.error
    assert page.shown == ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"] or name != "browse"


@pytest.mark.parametrize("dark_corner", PAGES)
def test_a_dataset_that_is_gone_is_one_sentence(
    visit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, dark_corner: str
) -> None:
    page = visit(dark_corner)
    monkeypatch.setenv("CURATOR_DATASET", "/nowhere")
    page.app.run()
    assert not page.app.exception
    (error,) = page.app.error
    assert "no dataset here" in error.value


def test_the_way_leads_on_from_step_to_step(studio: Any, visit: Callable[..., Any]) -> None:
    def next_step() -> list[str]:
        return [b.label for b in visit("overview").app.button if b.proto.type == "primary"]

    assert next_step() == ["Collect images"]
    image_id = studio.add("a.jpg")
    assert next_step() == ["Detect faces"]
    studio.propose({image_id: [Face(box=(1, 1, 9, 9), score=0.9)]})
    assert next_step() == ["Label images"]
    studio.vouch(image_id, Face(box=(1, 1, 9, 9)))
    assert next_step() == ["Make a release"]
    release(studio.dataset, "v1", Selection(), SplitOptions(), Silent())
    assert next_step() == []


def test_the_collect_form_starts_the_job_it_describes(
    visit: Callable[..., Any], started: list[Any]
) -> None:
    page = visit("collect")
    page.field("Source").set_value("web")
    page.app.run()
    page.field("Start page").set_value(" https://example.org ")
    page.field("Images at most").set_value(7)
    page.field("Licence, where the source states none").set_value("CC0")
    page.field("Links to follow from the start page").set_value(1)
    page.field("Other hosts whose images to take").set_value("cdn.example.org, i.example.org")
    page.button("Collect").click()
    page.app.run()
    assert started == [
        (
            "collect",
            {
                "source": "web",
                "target": "https://example.org",
                "max_images": 7,
                "min_side": 1,
                "licence": "CC0",
                "author": None,
                "depth": 1,
                "also_hosts": ["cdn.example.org", "i.example.org"],
            },
        )
    ]


def test_after_collecting_one_button_does_all_that_follows(
    studio: Any, visit: Callable[..., Any], started: list[Any]
) -> None:
    studio.job("collect", RunStatus.DONE, "done", source="folder", target="/photos")
    assert not [b for b in visit("collect").app.button if b.label.startswith("Detect, measure")]
    studio.add("a.jpg")
    page = visit("collect")
    page.button("Detect, measure and filter 1 new image").click()
    page.app.run()
    assert started == [("prepare", {})]


def test_a_form_without_a_target_says_what_is_missing(
    visit: Callable[..., Any], started: list[Any]
) -> None:
    page = visit("collect")
    page.button("Collect").click()
    page.app.run()
    assert started == []
    assert [w.value for w in page.app.warning] == ["Fill in: folder or archive on this machine."]


def test_the_detect_form_shows_the_licence_and_starts_the_job(
    filled: Any, visit: Callable[..., Any], started: list[Any]
) -> None:
    page = visit("collect")
    page.field("Detector").set_value("insightface")
    page.app.run()
    assert "non-commercial research" in page.html
    page.field("Pack or weights").set_value("scrfd_500m")
    page.field("Accurate").set_value(True)
    page.button("Detect faces on 1 new image").click()
    page.app.run()
    assert started == [
        ("detect", {"detector": "insightface:scrfd_500m", "accurate": True, "min_score": None})
    ]


def test_the_release_form_starts_the_job_it_describes(
    filled: Any, visit: Callable[..., Any], started: list[Any]
) -> None:
    page = visit("release")
    page.field("Name").set_value("first")
    page.field("Source").set_value("web")
    page.field("Proposed faces score at least").set_value(0.7)
    page.field("Seed").set_value(3)
    page.field("Nobody stands in two splits").set_value(True)
    page.button("Make the release").click()
    page.app.run()
    assert started == [
        (
            "release",
            {
                "name": "first",
                "source": "web",
                "labelled_only": False,
                "commercial_only": False,
                "min_score": 0.7,
                "min_size": 0.0,
                "proposed_attributes": False,
                "shares": {"train": 0.8, "val": 0.13, "test": 0.07},
                "seed": 3,
                "apart_by_identity": True,
            },
        )
    ]


def test_the_release_form_takes_a_preset_and_further_rules(
    filled: Any, visit: Callable[..., Any], started: list[Any]
) -> None:
    page = visit("release")
    page.field("Quality rules").set_value("wider")
    page.field("Further rules").set_value("Sharpness >= 40 px")
    page.button("Make the release").click()
    page.app.run()
    assert started == []
    assert "Sharpness is a plain number" in page.app.error[0].value
    page.field("Further rules").set_value("Sharpness >= 40; single face")
    page.field("With the attributes that measures propose").set_value(True)
    page.button("Make the release").click()
    page.app.run()
    ((task, params),) = started
    assert task == "release"
    assert params["rules"] == (
        "face height >= 10 px; out of frame <= 90 %; ask: score >= 0.3 if known; "
        "Sharpness >= 40; single face"
    )
    assert params["proposed_attributes"] is True
    assert ReleaseParams(**params).rules == params["rules"]


def test_a_job_that_cannot_start_says_why(
    visit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> int:
        raise ConfigError("collect: target: no such thing")

    monkeypatch.setattr(jobs, "start", refuse)
    page = visit("collect")
    page.field("Folder or archive on this machine").set_value("/x")
    page.button("Collect").click()
    page.app.run()
    assert not page.app.exception
    assert "no such thing" in page.app.error[0].value


def test_a_running_job_is_a_card_that_can_be_cancelled(
    filled: Any, visit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled: list[int] = []
    monkeypatch.setattr(jobs, "cancel", lambda dataset, job_id: cancelled.append(job_id))
    job_id = filled.job("detect", RunStatus.RUNNING, "detecting faces: 1 of 4", detector="yunet")
    page = visit("collect")
    (bar,) = page.app.get("progress")
    assert bar.proto.value == 25
    assert "detecting faces" in bar.proto.text
    page.button("Cancel").click()
    page.app.run()
    assert cancelled == [job_id]


def test_a_running_crawl_shows_what_it_brought_so_far(
    filled: Any, visit: Callable[..., Any]
) -> None:
    asked = {"source": "web", "target": "https://example.org", "also_hosts": ["cdn.example.org"]}
    params = jobs.checked("collect", asked)
    filled.job("collect", RunStatus.RUNNING, "crawling: 3", **params.model_dump(mode="json"))
    request = CollectRequest(**params.model_dump())
    with filled.dataset.write() as connection:
        run = runs.begin(connection, kind="collect", method="web", params=asdict(request))
        seen = [
            Seen(
                candidate=Candidate(url=f"https://example.org/{i}", source="web", name=str(i)),
                outcome=outcome,
                reason=reason,
                detail=None,
                image_id=None,
                at=run.started_at,
            )
            for i, (outcome, reason) in enumerate(
                [
                    (Outcome.KEPT, None),
                    (Outcome.KEPT, None),
                    (Outcome.REFUSED, "empty"),
                    (Outcome.REFUSED, "link"),
                    (Outcome.FAILED, "timeout"),
                ]
            )
        ]
        candidates.record(connection, run.id, seen)
    page = visit("collect")
    assert "2 kept · 2 refused · 1 failed" in page.markdown
    assert page.shown == ["e.jpg", "d.jpg", "c.jpg", "b.jpg", "a.jpg"]


def test_a_failed_job_says_its_sentence_and_can_go_on(
    filled: Any, visit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    again: list[int] = []
    monkeypatch.setattr(jobs, "again", lambda dataset, job_id: again.append(job_id))
    job_id = filled.job(
        "collect", RunStatus.FAILED, "/x: no such folder", source="folder", target="/x"
    )
    page = visit("collect")
    assert "no such folder" in page.app.error[0].value
    page.button("Go on").click()
    page.app.run()
    assert again == [job_id]


def test_refusals_are_counted_explained_and_listed(filled: Any, visit: Callable[..., Any]) -> None:
    filled.refuse("https://example.org/y", "truncated", "the file ends before the image does")
    filled.refuse("https://example.org/z", "odd", "a reason of a plugin")
    page = visit("collect")
    assert "refused: truncated" in page.html
    assert "The image ends too early" in page.html
    table = next(frame.value for frame in page.app.dataframe if "address" in frame.value)
    assert sorted(table["address"]) == [f"https://example.org/{letter}" for letter in "xyz"]
    page.field("Reason").set_value("refused: odd")
    page.app.run()
    table = next(frame.value for frame in page.app.dataframe if "address" in frame.value)
    assert list(table["why"]) == ["a reason of a plugin"]
