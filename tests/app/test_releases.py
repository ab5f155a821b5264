"""What Release promises: the numbers of each release, how two differ, exports with their report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from curator.errors import InputError
from curator.pipeline.export import export, folder_of
from curator.pipeline.profile import Profile
from curator.pipeline.release import Selection, SplitOptions, release
from curator.progress import Silent
from curator.records import Face, RunStatus


def test_a_profile_counts_every_image_and_face_in_its_bar() -> None:
    profile = Profile()
    heights = (0, 7.9, 8, 15.9, 16, 600)
    profile.add("train", [Face(box=(0, 0, 10, height)) for height in heights])
    profile.add("train", [])
    profile.add("val", [Face(box=(5, 5, 9, 3))])
    said = profile.as_json()
    assert said["faces"] == {"train": 6, "val": 1}
    assert {end: n for end, n in said["images_by_faces"].items() if n} == {
        "0": {"train": 1},
        "1": {"val": 1},
        "5": {"train": 1},
    }
    # A reversed box has no height.
    assert {end: n for end, n in said["faces_by_height"].items() if n} == {
        "0": {"train": 2, "val": 1},
        "8": {"train": 2},
        "16": {"train": 1},
        "512": {"train": 1},
    }


@pytest.mark.parametrize(
    "name", ["../up", "a/b", "/root", ".hidden", "a\\b", "a\n", "-x", " v1", "a\0"]
)
def test_no_release_has_a_name_that_leads_its_exports_elsewhere(filled: Any, name: str) -> None:
    with pytest.raises(InputError, match="a name begins with"):
        release(filled.dataset, name, Selection(), SplitOptions(), Silent())


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
    filled.job("release", RunStatus.FAILED, "the disk is full", name="v2")
    filled.job("export", RunStatus.FAILED, "no room", release="v1", format="csv")
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
    export(
        filled.dataset, "v1", "wider", folder_of(filled.dataset, "v1", "wider"), progress=Silent()
    )
    page.app.run()
    assert "wider: 4 images, 4 faces" in page.markdown.replace("\\", "").replace("\u2060", "")
    (link,) = page.app.get("link_button")
    assert link.proto.url == f"/exports/{made.id}/wider.zip"
    losses = next(frame.value for frame in page.app.dataframe if "how often" in frame.value)
    assert losses.set_index("what")["how often"]["score not carried"] == 3
