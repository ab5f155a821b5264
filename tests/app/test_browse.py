"""What Browse promises: what was asked for, all of it, one image with all that is known of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from curator.store import images


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
