"""What the pages promise: they say what to do, show what was asked for, and start the work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import pytest

from curator.errors import ConfigError
from curator.jobs import start as jobs
from curator.pipeline.ingest import CollectRequest
from curator.pipeline.release import Selection, SplitOptions, release
from curator.progress import Silent
from curator.records import Candidate, Face, Outcome, RunStatus
from curator.store import candidates, images, runs
from curator.store import jobs as rows
from curator.store.candidates import Seen

PAGES = ("overview", "collect", "browse", "release")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Mapping[str, Any]]]:
    """What was asked of the jobs; nothing runs."""
    asked: list[tuple[str, Mapping[str, Any]]] = []

    def start(dataset: Any, task: str, params: Mapping[str, Any]) -> int:
        jobs.checked(task, params)
        asked.append((task, params))
        return len(asked)

    monkeypatch.setattr(jobs, "start", start)
    return asked


def add_job(studio: Any, task: str, status: RunStatus, message: str, **params: Any) -> int:
    with studio.dataset.write() as connection:
        job_id = rows.add(connection, task, params)
        rows.claim(connection, job_id, 1)
        rows.beat(connection, job_id, 0.25, message)
        if status is not RunStatus.RUNNING:
            rows.finish(connection, job_id, status, message)
    return job_id


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("overview", "Bring photos in"),
        ("collect", "Collect images first"),
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
    assert next_step() == ["Make a release"]
    release(studio.dataset, "v1", Selection(), SplitOptions(), Silent())
    assert next_step() == []


@pytest.mark.parametrize(
    ("label", "value", "expected"),
    [
        ("Name", "E.J", ["e.jpg"]),
        ("Source", "web", ["e.jpg"]),
        ("Split", "train", ["a.jpg", "b.jpg"]),
        ("Status", "proposed", ["a.jpg", "c.jpg", "e.jpg"]),
        ("Status", "labelled", ["b.jpg"]),
        ("Status", "new", ["d.jpg"]),
        ("Images", "with faces", ["a.jpg", "b.jpg", "e.jpg"]),
        ("Images", "without faces", ["c.jpg", "d.jpg"]),
        ("Some face has a score of", (0.0, 0.5), ["e.jpg"]),
        ("Some face has a score of", (0.95, 1.0), ["b.jpg", "e.jpg"]),
        ("and a height of", (32, 10_000), ["b.jpg", "e.jpg"]),
        ("and a height of", (0, 16), ["e.jpg"]),
    ],
)
def test_each_filter_shows_what_it_says(
    filled: Any, visit: Callable[..., Any], label: str, value: Any, expected: list[str]
) -> None:
    page = visit("browse")
    page.field(label).set_value(value)
    page.app.run()
    assert page.shown == expected


def test_filters_join_and_can_be_cleared(filled: Any, visit: Callable[..., Any]) -> None:
    page = visit("browse")
    page.field("Source").set_value("web")
    page.field("Split").set_value("train")
    page.app.run()
    assert page.shown == []
    assert "No image is like that" in page.markdown
    page.button("Clear the filters").click()
    page.app.run()
    assert len(page.shown) == 5


def test_the_choices_tell_how_many_images_they_have(filled: Any, visit: Callable[..., Any]) -> None:
    assert visit("browse").field("Split").options == ["train (2)", "val (1)"]


def test_pages_of_the_grid_are_complete_and_do_not_overlap(
    studio: Any, visit: Callable[..., Any]
) -> None:
    names = [f"{number:03}.jpg" for number in range(100)]
    for name in names:
        studio.add(name)
    page = visit("browse")
    seen = list(page.shown)
    for number in (2, 3):
        page.app.pagination[0].set_value(number)
        page.app.run()
        seen += page.shown
    assert seen == names
    # A narrower choice starts at its own first page.
    page.field("Name").set_value("00")
    page.app.run()
    assert page.shown == [f"00{digit}.jpg" for digit in range(10)] or page.shown[0] == "000.jpg"


def test_drawing_faces_can_be_turned_off(filled: Any, visit: Callable[..., Any]) -> None:
    page = visit("browse")
    assert "faces=no" not in page.component("gallery")["items"][0]["src"]
    page.field("Draw faces").set_value(False)
    page.app.run()
    assert all("faces=no" in item["src"] for item in page.component("gallery")["items"])


def test_one_image_shows_its_faces_and_where_it_came_from(
    filled: Any, visit: Callable[..., Any]
) -> None:
    with filled.dataset.read() as connection:
        numbers = {image.name: image.id for image in images.find(connection, images.ImageFilter())}
    page = visit("browse", image=str(numbers["e.jpg"]))
    for fact in ("CC BY 4.0", "Ada", "research only", "val", "2026-01-02"):
        assert fact in page.html
    assert 'href="https://example.org/page"' in page.html
    assert [face["box"] for face in page.component("viewer")["faces"]] == [
        [8, 8, 40, 48],
        [50, 8, 58, 18],
    ]
    page = visit("browse", image=str(numbers["b.jpg"]))
    assert "1 heavy blur" in page.html
    page = visit("browse", image=str(numbers["a.jpg"]))
    # Of five points one is hidden and one is not labelled.
    assert len(page.component("viewer")["faces"][0]["points"]) == 4


def test_the_way_from_image_to_image_keeps_to_the_filter(
    filled: Any, visit: Callable[..., Any]
) -> None:
    page = visit("browse")
    page.field("Split").set_value("train")
    page.app.run()
    first = page.component("gallery")["items"][0]["id"]
    page.app.query_params["image"] = str(first)
    page.app.run()
    assert page.button("Previous").disabled
    page.button("Next").click()
    page.app.run()
    assert page.component("viewer")["name"] == "b.jpg"
    assert page.button("Next").disabled
    page.button("All images").click()
    page.app.run()
    assert page.shown == ["a.jpg", "b.jpg"]
    assert page.component("gallery")["focus"] == page.component("gallery")["items"][1]["id"]


@pytest.mark.parametrize("number", ["99", str(2**70)])
def test_an_image_that_is_not_there_is_one_sentence(
    filled: Any, visit: Callable[..., Any], number: str
) -> None:
    page = visit("browse", image=number)
    assert [error.value for error in page.app.error] == [rf"No image {number}\."]


@pytest.mark.parametrize("number", ["-1", "1.5", "x", "../1", ""])
def test_what_is_no_number_of_an_image_shows_the_grid(
    filled: Any, visit: Callable[..., Any], number: str
) -> None:
    assert len(visit("browse", image=number).shown) == 5


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
        ("detect", {"detector": "insightface:scrfd_500m", "accurate": True, "min_score": 0.5})
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
                "min_score": 0.7,
                "min_size": 0.0,
                "shares": {"train": 0.8, "val": 0.13, "test": 0.07},
                "seed": 3,
                "apart_by_identity": True,
            },
        )
    ]


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
    job_id = add_job(
        filled, "detect", RunStatus.RUNNING, "detecting faces: 1 of 4", detector="yunet"
    )
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
    add_job(filled, "collect", RunStatus.RUNNING, "crawling: 3", **params.model_dump(mode="json"))
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
    job_id = add_job(
        filled, "collect", RunStatus.FAILED, "/x: no such folder", source="folder", target="/x"
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


def test_a_release_tells_what_is_in_it_and_how_it_differs(
    filled: Any, visit: Callable[..., Any]
) -> None:
    release(filled.dataset, "v1", Selection(), SplitOptions(), Silent())
    release(filled.dataset, "v2", Selection(source="web"), SplitOptions(), Silent())
    page = visit("release")
    table = page.app.dataframe[0].value
    assert list(table["release"]) == ["v2", "v1"]
    assert list(table["images"]) == [1, 4]
    assert list(table["faces"]) == [2, 4]
    # The newest is chosen: of one image, stated to be CC BY 4.0, with two faces.
    assert "1 image, 2 faces" in page.html
    assert "CC BY 4.0" in page.html
    assert "research only" in page.html
    assert [m.value for m in page.app.metric] == ["0", "3", "0", "1"]


def test_two_kinds_of_failed_jobs_stand_on_one_page(filled: Any, visit: Callable[..., Any]) -> None:
    release(filled.dataset, "v1", Selection(), SplitOptions(), Silent())
    add_job(filled, "release", RunStatus.FAILED, "the disk is full", name="v2")
    add_job(filled, "export", RunStatus.FAILED, "no room", release="v1", format="csv")
    assert len(visit("release").app.error) == 2


def test_an_export_is_started_and_its_report_shown(
    filled: Any, visit: Callable[..., Any], started: list[Any]
) -> None:
    made = release(filled.dataset, "v1", Selection(), SplitOptions(), Silent())
    page = visit("release")
    assert "Nothing was exported" in page.markdown
    page.field("Format").set_value("csv")
    page.button("Export").click()
    page.app.run()
    assert started == [("export", {"release": "v1", "format": "csv"})]
    from curator.pipeline.export import export, folder_of

    export(
        filled.dataset, "v1", "wider", folder_of(filled.dataset, "v1", "wider"), progress=Silent()
    )
    page.app.run()
    assert "wider: 4 images, 4 faces" in page.markdown.replace("\\", "").replace("\u2060", "")
    (link,) = page.app.get("link_button")
    assert link.proto.url == f"/exports/{made.id}/wider.zip"
    losses = next(frame.value for frame in page.app.dataframe if "how often" in frame.value)
    assert losses.set_index("what")["how often"]["score not carried"] == 3
