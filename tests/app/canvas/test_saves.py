"""Nothing that a person did is lost or doubled: fast hands, crashes, no network, two people."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest

from curator.records import FaceStatus, Op

pytestmark = pytest.mark.browser

# Key -> attribute and how many values it has; WIDER FACE's six and WFLW's make-up.
KEYS = {
    "b": ("blur", 3),
    "n": ("expression", 2),
    "i": ("illumination", 2),
    "o": ("occlusion", 3),
    "t": ("pose", 2),
    "m": ("make_up", 2),
    "0": ("invalid", 2),
}
SHOWN = "performance.getEntriesByName('curator:painted').map((mark) => mark.detail)"


def presses() -> Iterator[tuple[str, dict[str, int]]]:
    """Keys one after the other, and what the attributes are after each."""
    now: dict[str, int] = {}
    for key in itertools.cycle(KEYS):
        name, count = KEYS[key]
        now[name] = (now[name] + 1) % count if name in now else 1
        yield key, dict(now)


def test_forty_fast_presses_store_forty_images_in_their_order(server: Any, bench: Any) -> None:
    face = server.face(100, 80, 180, 190, identity="fast")
    ids = [server.add(f"fast-{number:02}.jpg", face) for number in range(41)]
    bench.open(identity="fast")
    bench.see("fast-00.jpg")
    for _ in range(40):
        bench.page.keyboard.press("Space")
    bench.see("fast-40.jpg")
    bench.saved()
    assert server.finished(*ids) == ids[:40]
    assert bench.page.evaluate(SHOWN) == ids


def test_two_hundred_edits_survive_two_crashes_of_the_server(server: Any, bench: Any) -> None:
    image_id = server.add("crash.jpg", server.face(100, 80, 180, 190, identity="crash"))
    bench.open(identity="crash")
    bench.see("crash.jpg")
    expected = []
    for number, (key, after) in zip(range(200), presses(), strict=False):
        if number in (40, 120):
            server.kill()
        if number in (90, 170):
            server.start()
        bench.page.keyboard.press(key)
        expected.append((image_id, Op.ATTRIBUTES, {"attributes": after}))
    bench.saved()
    stored = [
        (image, op, {"attributes": after["attributes"]})
        for image, op, after in server.edits(image_id)
    ]
    assert stored == expected
    assert server.faces(image_id)[0].attributes == expected[-1][2]["attributes"]


def test_without_a_network_work_goes_on_and_is_stored_later(server: Any, bench: Any) -> None:
    face = server.face(100, 80, 180, 190, identity="offline")
    ids = [server.add(f"offline-{number}.jpg", face) for number in range(4)]
    bench.open(identity="offline")
    bench.see("offline-0.jpg")
    bench.page.context.set_offline(True)
    bench.keys("b", "o")
    bench.state("waiting")
    bench.keys("Space")
    bench.see("offline-1.jpg")
    # The unsent are undone here, back on the image before; one is certain to be gone again.
    bench.keys("n", "z", "z")
    bench.see("offline-0.jpg")
    bench.keys("Shift+z")
    bench.see("offline-1.jpg")
    bench.keys("Space")
    bench.page.wait_for_timeout(3000)
    assert "no connection" in bench.page.locator(".mark").text_content()
    assert server.edits(*ids) == []
    bench.page.context.set_offline(False)
    bench.saved()
    assert server.finished(*ids) == ids[:2]
    assert [face.attributes for face in server.faces(ids[0])] == [{"blur": 1, "occlusion": 1}]
    assert [face.attributes for face in server.faces(ids[1])] == [{}]


def test_ten_seconds_without_a_network_lose_no_edit(server: Any, bench: Any) -> None:
    image_id = server.add("cut.jpg", server.face(100, 80, 180, 190, identity="cut"))
    bench.open(identity="cut")
    bench.see("cut.jpg")
    expected = []
    # Two before the cut, one every tenth of a second in it, two after it.
    for number, (key, after) in zip(range(104), presses(), strict=False):
        if number == 2:
            bench.saved()
            bench.page.context.set_offline(True)
            began = time.monotonic()
        if number == 102:
            bench.page.wait_for_timeout(max(0, 10 - (time.monotonic() - began)) * 1000)
            assert bench.page.locator(".mark").get_attribute("data-unsaved") == "100"
            assert len(server.edits(image_id)) == 2
            bench.page.context.set_offline(False)
        bench.page.keyboard.press(key)
        if 2 <= number < 102:
            bench.page.wait_for_timeout(90)
        expected.append((Op.ATTRIBUTES, after))
    bench.saved()
    stored = [(op, after["attributes"]) for _, op, after in server.edits(image_id)]
    assert stored == expected


def test_a_reload_loses_nothing_and_warns(server: Any, bench: Any) -> None:
    image_id = server.add("reload.jpg", server.face(100, 80, 180, 190, identity="reload"))
    bench.open(identity="reload")
    bench.see("reload.jpg")
    warned = []
    bench.page.on("dialog", lambda dialog: (warned.append(dialog.type), dialog.accept()))
    bench.page.route("**/label/save", lambda route: route.abort())
    bench.keys("b", "x")
    bench.state("waiting")
    bench.page.reload()
    assert warned == ["beforeunload"]
    bench.page.unroute("**/label/save")
    bench.page.locator(".desk").wait_for()
    bench.saved()
    assert [op for _, op, _ in server.edits(image_id)] == [Op.ATTRIBUTES, Op.REJECT]


def test_a_lost_answer_and_a_second_tab_store_once(server: Any, bench: Any) -> None:
    image_id = server.add("twice.jpg", server.face(100, 80, 180, 190, identity="twice"))
    bench.open(identity="twice")
    bench.see("twice.jpg")
    lost = iter([True, True])

    def lose(route: Any) -> None:
        if next(lost, False):
            # The server stores it; its answer never comes.
            route.fetch()
            route.abort()
        else:
            route.continue_()

    bench.page.route("**/label/save", lose)
    bench.keys("b", "o", "Space")
    other = bench.page.context.new_page()
    other.goto(f"{server.address}/label?identity=twice")
    other.locator(".desk").wait_for()
    bench.saved()
    assert [op for _, op, _ in server.edits(image_id)] == [Op.ATTRIBUTES, Op.ATTRIBUTES, Op.DONE]


def test_undo_reaches_back_over_images_and_a_restart(server: Any, bench: Any) -> None:
    face = server.face(100, 80, 180, 190, identity="undo")
    first, second = (server.add(f"undo-{name}.jpg", face) for name in "ab")
    bench.open(identity="undo")
    bench.see("undo-a.jpg")
    bench.keys("b", "Space")
    bench.see("undo-b.jpg")
    bench.keys("o")
    bench.saved()
    assert server.faces(second)[0].attributes == {"occlusion": 1}
    server.kill()
    server.start()
    bench.page.reload()
    bench.page.locator(".desk").wait_for()
    bench.see("undo-b.jpg")
    bench.keys("z", "z")
    bench.see("undo-a.jpg")
    bench.keys("z")
    bench.saved()
    for image_id in (first, second):
        (stored,) = server.faces(image_id)
        assert (stored.status, stored.attributes) == (FaceStatus.PROPOSED, {})
    bench.keys("Shift+z", "Shift+z")
    bench.saved()
    assert server.faces(first)[0].attributes == {"blur": 1}
    assert server.faces(first)[0].status is FaceStatus.CORRECTED


def test_an_undo_that_waits_survives_a_reload_and_is_done_once(server: Any, bench: Any) -> None:
    face = server.face(100, 80, 180, 190, identity="again")
    image_id = server.add("again.jpg", face)
    bench.open(identity="again")
    bench.see("again.jpg")
    bench.page.on("dialog", lambda dialog: dialog.accept())
    bench.keys("b", "o")
    bench.saved()
    bench.page.route("**/label/undo", lambda route: route.abort())
    bench.keys("z")
    bench.state("waiting")
    bench.page.reload()
    bench.page.locator(".desk").wait_for()
    bench.see("again.jpg")
    bench.page.unroute("**/label/undo")
    bench.saved()
    bench.told("undone")
    assert [face.attributes for face in server.faces(image_id)] == [{"blur": 1}]
    # The page shows what is stored: the next key goes on from there, on the right version.
    bench.keys("o")
    bench.saved()
    (stored,) = server.faces(image_id)
    assert (stored.attributes, stored.version) == ({"blur": 1, "occlusion": 1}, 5)


def test_the_last_image_of_the_queue_can_be_undone(server: Any, bench: Any) -> None:
    image_id = server.add("end.jpg", server.face(100, 80, 180, 190, identity="end"))
    bench.open(identity="end")
    bench.see("end.jpg")
    bench.keys("Space")
    bench.page.get_by_role("heading", name="No more images like that").wait_for()
    bench.saved()
    bench.keys("z")
    bench.see("end.jpg")
    bench.saved()
    assert [face.status for face in server.faces(image_id)] == [FaceStatus.PROPOSED]


@pytest.mark.parametrize("keep", ["m", "t"])
def test_two_people_on_one_image_choose(server: Any, bench: Any, windows: Any, keep: str) -> None:
    name = f"two-{keep}"
    face = server.face(100, 80, 180, 190, identity=name)
    image_id = server.add(f"{name}.jpg", face)
    bench.open(identity=name)
    bench.see(f"{name}.jpg")
    with windows() as other:
        # The lease keeps the image from others; the same person may have it twice.
        other.open(identity=name)
        other.see(f"{name}.jpg")
        other.point(90, 130)
        other.keys("a")
        other.saved()
    bench.keys("b")
    choice = bench.page.get_by_role("dialog")
    choice.wait_for()
    assert choice.get_by_role("button", name="Keep these").is_disabled()
    # What is not decided yet is not stored, and not forgotten either.
    assert len(server.edits(image_id)) == 1
    bench.keys(keep, "Enter")
    choice.wait_for(state="detached")
    bench.saved()
    (stored,) = server.faces(image_id)
    theirs = pytest.approx((90, 80, 180, 190), abs=0.5)
    assert (stored.attributes, stored.box) == (
        ({"blur": 1}, face.box) if keep == "m" else ({}, theirs)
    )
    bench.keys("Space")
    bench.saved()
    assert server.finished(image_id) == [image_id]
