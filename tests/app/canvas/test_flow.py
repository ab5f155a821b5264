"""How little it takes: what one, two and three key presses do, read from the stored rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from curator.records import FaceStatus, Op, Origin
from curator.store import proposals
from curator.store.proposals import Proposal

pytestmark = pytest.mark.browser

RED, BLUE = (255, 0, 0), (0, 0, 255)
# What waits for 700 ms, as a digit does for a second one, waits for a minute.
PATIENT = """
const plain = window.setTimeout;
window.setTimeout = (act, wait, ...more) => plain(act, wait === 700 ? 60000 : wait, ...more);
"""


def test_a_right_face_takes_one_key_and_the_next_image_is_painted(server: Any, bench: Any) -> None:
    first = server.add("one-1.jpg", server.face(100, 80, 180, 190, identity="one"))
    server.add("one-2.jpg", server.face(50, 40, 90, 100, identity="one"))
    bench.open(identity="one")
    bench.see("one-1.jpg")
    painted = bench.images_painted()
    bench.keys("Space")
    assert bench.painted(since=painted) == painted + 1
    bench.see("one-2.jpg")
    bench.saved()
    (face,) = server.faces(first)
    assert (face.status, face.version) == (FaceStatus.ACCEPTED, 2)
    assert server.finished(first) == [first]


@pytest.mark.parametrize(("turn", "zoom", "ratio"), [(1, 1, 1), (6, 7, 1), (8, 1, 2), (3, 7, 2)])
def test_an_edge_and_a_point_take_three_keys_to_the_pixel(
    server: Any, windows: Any, turn: int, zoom: float, ratio: float
) -> None:
    """Spots in the photo say where edge and point belong; their pixels are found on the screen."""
    name = f"three-{turn}-{zoom}"
    picture = np.full((300, 400, 3), 120, np.uint8)
    picture[96:102, 182:188] = RED
    picture[160:166, 240:246] = BLUE
    face = server.face(130, 70, 236, 190, identity=name)
    image_id = server.add(f"{name}-a.jpg", face, picture=picture, turn=turn)
    server.add(f"{name}-b.jpg", server.face(50, 40, 90, 100, identity=name))
    with windows(device_scale_factor=ratio) as bench:
        bench.open(identity=name)
        bench.see(f"{name}-a.jpg")
        bench.point(213, 130)
        bench.zoom(zoom)
        bench.page.mouse.move(5, 5)
        red, blue = bench.find(RED), bench.find(BLUE)
        bench.page.mouse.move(*red)
        bench.keys("1")
        bench.page.mouse.move(*blue)
        bench.keys("d", "Space")
        bench.see(f"{name}-b.jpg")
        bench.saved()
    (stored,) = server.faces(image_id)
    near = max(0.6 / zoom, 0.2)
    assert stored.landmarks[0] == pytest.approx((185, 99), abs=near)
    assert stored.box == pytest.approx((130, 70, 243, 190), abs=near)
    assert stored.landmarks[1:] == face.landmarks[1:]
    assert stored.box[:2] + stored.box[3:] == face.box[:2] + face.box[3:]
    assert stored.status is FaceStatus.CORRECTED
    assert [op for _, op, _ in server.edits(image_id)] == [Op.POINTS, Op.BOX, Op.DONE]


def test_a_clean_page_of_faces_takes_one_key(server: Any, bench: Any) -> None:
    boxes = [
        (x, y, x + 50, y + 60) for y in (10, 80, 150, 220) for x in (10, 70, 130, 190, 250, 310)
    ]
    found = [server.face(*box, identity="page") for box in boxes]
    image_id = server.add("page.jpg", *found)
    bench.open("Faces", identity="page")
    expect(bench.page.locator(".crops li")).to_have_count(24)
    bench.keys("Enter")
    bench.saved()
    stored = server.faces(image_id)
    assert [face.status for face in stored] == [FaceStatus.ACCEPTED] * 24


def test_flagged_faces_are_left_to_be_put_right(server: Any, bench: Any) -> None:
    boxes = [(x, y, x + 50, y + 60) for y in (10, 80) for x in (10, 70, 130, 190, 250, 310)]
    image_id = server.add("bad.jpg", *(server.face(*box, identity="bad") for box in boxes))
    # A busy machine may take longer for the second digit than a person is given.
    bench.page.add_init_script(PATIENT)
    bench.open("Faces", identity="bad")
    # By number, at once and with a second digit; by the keyboard; by a click, and back again.
    bench.keys("3", "1", "2", "ArrowRight", "ArrowRight", "ArrowDown", "Space")
    bench.page.get_by_role("button", name="face 7 of 12").click()
    bench.page.get_by_role("button", name="face 7 of 12").click()
    pressed = ["3", "11", "12"]
    expect(bench.page.locator(".crops [aria-pressed=true] .number")).to_have_text(pressed)
    bench.keys("Enter")
    bench.saved()
    waiting = [face for face in server.faces(image_id) if face.status is FaceStatus.PROPOSED]
    assert len(waiting) == len(pressed)
    # Five flags, one of them taken back, and Enter: a page counts in the pace as an image does.
    (step,) = server.steps(image_id)
    assert (step.faces, step.actions) == (9, 6)
    assert 0 < step.seconds < 60


def test_the_whole_map_of_keys_does_what_the_overlay_says(server: Any, bench: Any) -> None:
    face = server.face(100, 80, 180, 190, identity="map")
    image_id = server.add("map.jpg", face, server.face(250, 60, 330, 170, identity="map"))
    bench.open(identity="map")
    bench.see("map.jpg")
    bench.keys("q", "q")
    bench.told("face 1 of 2")
    bench.keys("]", "ArrowRight", "Shift+ArrowDown", "v")
    bench.told("point 1 hidden")
    bench.keys("Escape", "b", "o", "o", "n", "0")
    bench.keys("e", "x", "q")
    bench.keys("f")
    bench.point(250, 250)
    bench.keys("g")
    bench.told("new face")
    bench.keys("Enter")
    bench.page.keyboard.type("Ada")
    bench.keys("Enter", "k")
    bench.page.keyboard.type("smiling, hat")
    bench.keys("Enter")
    bench.saved()
    first, new = server.faces(image_id)
    x, y = face.landmarks[0]
    assert first.landmarks[0] == pytest.approx((x + 1, y + 10))
    assert first.visibility == (1, 2, 2, 2, 2)
    assert first.attributes == {"blur": 1, "occlusion": 2, "expression": 1, "invalid": 1}
    assert (new.identity, list(new.tags), new.landmarks) == ("Ada", ["smiling", "hat"], None)
    # The keyboard leaves the image, and Streamlit's own keys have done nothing meanwhile.
    bench.keys("Escape", "Escape")
    bench.told("keyboard let go")


def test_what_measures_propose_is_theirs_until_a_person_takes_it_over(
    server: Any, bench: Any
) -> None:
    shown = [server.face(100, 80, 180, 190, identity="agree", attributes={"pose": 0})]
    shown += [server.face(x, 60, x + 60, 130, identity="agree") for x in (220, 300)]
    image_id = server.add("agree.jpg", *shown)
    first, second, third = (face.id for face in server.faces(image_id))
    said = {first: {"blur": 2, "illumination": 1, "pose": 1}, second: {"blur": 0, "pose": 1}}
    with server.dataset.write() as connection:
        found = [Proposal(face, 1, each) for face, each in said.items()]
        proposals.replace_all(connection, found, {})
    bench.open(identity="agree")
    bench.see("agree.jpg")
    proposed = bench.page.locator(".attribute [aria-description]")
    expect(proposed).to_have_text(["2", "1"])
    heavy = bench.page.get_by_role("button", name="blur: heavy blur")
    expect(heavy).to_have_attribute("aria-pressed", "false")
    heavy.click()
    expect(proposed).to_have_text(["1"])
    bench.saved()
    # What one word was said of is proposed for no longer; the other word still is.
    expect(proposed).to_have_text(["1"])
    bench.keys("e", "t", "y")
    bench.told("taken over")
    bench.keys("y")
    bench.told("nothing is proposed")
    bench.keys("z")
    expect(proposed).to_have_text(["0"])
    bench.keys("e", "y")
    bench.told("nothing is proposed")
    bench.keys("Space")
    bench.saved()
    stored = [face.attributes for face in server.faces(image_id)]
    assert stored == [{"pose": 0, "blur": 2}, {"pose": 1}, {}]
    with server.dataset.read() as connection:
        left = proposals.of(connection, [first, second, third])
    assert left == {first: {"illumination": 1}, second: {"blur": 0}}


def test_a_face_is_pasted_where_it_was_on_the_image_before(server: Any, bench: Any) -> None:
    face = server.face(100, 80, 180, 190, identity="paste")
    server.add("paste-1.jpg", face)
    second = server.add("paste-2.jpg", server.face(250, 60, 330, 170, identity="paste"))
    bench.open(identity="paste")
    bench.see("paste-1.jpg")
    bench.keys("b", "Space")
    bench.see("paste-2.jpg")
    bench.keys("p")
    bench.saved()
    _, pasted = server.faces(second)
    assert (pasted.box, pasted.landmarks) == (face.box, face.landmarks)
    assert pasted.visibility == face.visibility
    assert (pasted.identity, pasted.origin) == ("paste", Origin.HUMAN)


def test_fit_shows_the_whole_image_then_the_face_again(server: Any, bench: Any) -> None:
    server.add("fit.jpg", server.face(100, 80, 180, 190, identity="fit"))
    bench.open(identity="fit")
    bench.see("fit.jpg")
    stage = bench.page.locator(".stage").bounding_box()
    near = bench.view()
    bench.keys("f")
    left, top, whole = bench.view()
    # All 400 x 300 pixels are in view, in the middle, and fill it one way.
    assert max(400 * whole / stage["width"], 300 * whole / stage["height"]) == pytest.approx(
        0.98, abs=0.01
    )
    assert left + 200 * whole == pytest.approx(stage["x"] + stage["width"] / 2, abs=2)
    assert top + 150 * whole == pytest.approx(stage["y"] + stage["height"] / 2, abs=2)
    assert near[2] > 1.5 * whole
    bench.keys("f")
    assert bench.view() == pytest.approx(near, abs=0.5)


@pytest.mark.parametrize("button", ["middle", "Alt"])
def test_the_middle_button_and_alt_move_the_photo(server: Any, bench: Any, button: str) -> None:
    """Over a face, which the left button alone would move."""
    face = server.face(100, 80, 180, 190, identity=f"pan-{button}")
    image_id = server.add(f"pan-{button}.jpg", face)
    bench.open(identity=f"pan-{button}")
    bench.see(f"pan-{button}.jpg")
    left, top, scale = bench.view()
    bench.point(150, 140)
    if button == "Alt":
        bench.page.keyboard.down("Alt")
        bench.page.mouse.down()
    else:
        bench.page.mouse.down(button="middle")
    bench.page.mouse.move(left + 150 * scale + 60, top + 140 * scale - 45, steps=4)
    bench.page.mouse.up(button="left" if button == "Alt" else "middle")
    bench.page.keyboard.up("Alt")
    assert bench.view() == pytest.approx((left + 60, top - 45, scale), abs=0.5)
    bench.saved()
    assert server.edits(image_id) == []
    assert [stored.box for stored in server.faces(image_id)] == [face.box]


def test_a_photo_of_fifty_megapixels_opens_and_takes_an_edge_to_the_pixel(
    server: Any, bench: Any
) -> None:
    slope = np.linspace(60, 180, 8660, dtype=np.uint8)[None, :, None]
    grain = np.random.default_rng(50).integers(0, 16, (5774, 1, 1), np.uint8)
    picture = np.broadcast_to(slope + grain, (5774, 8660, 3)).copy()
    # A small spot, whose middle only the original tells to the pixel.
    picture[2996:3004, 7196:7204] = RED
    face = server.face(6900, 2800, 7150, 3150, identity="large")
    image_id = server.add("large.jpg", face, picture=picture)
    bench.open(identity="large")
    bench.see("large.jpg")
    bench.point(7200, 3000)
    bench.zoom(2)
    original = bench.page.locator(f".stage .world img[src^='/pictures/{image_id}?']")
    original.wait_for(timeout=60_000)
    assert original.evaluate("image => image.naturalWidth") == 8660
    bench.page.mouse.move(5, 5)
    bench.page.mouse.move(*bench.find(RED))
    bench.keys("d")
    bench.saved()
    (stored,) = server.faces(image_id)
    assert stored.box == pytest.approx((6900, 2800, 7200, 3150), abs=0.5)


def test_a_mouse_and_a_finger_do_the_same(server: Any, bench: Any) -> None:
    face = server.face(100, 80, 180, 190, identity="mouse")
    image_id = server.add("mouse.jpg", face)
    bench.open(identity="mouse")
    bench.see("mouse.jpg")
    bench.keys("f")
    bench.drag((100, 135), (90, 135))
    bench.drag((124, 124), (130, 120))
    bench.drag((300, 100), (360, 180))
    bench.drag((160, 100), (165, 107))
    bench.saved()
    moved, drawn = server.faces(image_id)
    near = 1 / bench.view()[2]
    assert moved.box == pytest.approx((95, 87, 185, 197), abs=near)
    assert moved.landmarks[0] == pytest.approx((135, 127), abs=near)
    assert drawn.box == pytest.approx((300, 100, 360, 180), abs=near)


def test_keys_can_be_given_to_other_actions(server: Any, bench: Any) -> None:
    image_id = server.add("keys.jpg", server.face(100, 80, 180, 190, identity="keys"))
    bench.open(identity="keys")
    bench.see("keys.jpg")
    bench.page.get_by_role("button", name="settings").click()
    bench.page.get_by_role("button", name="key for: reject").click()
    with bench.page.expect_response("**/label/settings"):
        bench.keys("j", "Escape")
    bench.keys("x")
    bench.keys("j")
    bench.told("rejected")
    bench.saved()
    assert [op for _, op, _ in server.edits(image_id)] == [Op.REJECT]
    bench.page.reload()
    bench.page.get_by_role("heading", name="No more images like that").wait_for()
    bench.page.get_by_role("button", name="settings").click()
    key = bench.page.get_by_role("button", name="key for: reject")
    expect(key).to_have_text("J")
    # The tests share the person and thus the keys.
    with bench.page.expect_response("**/label/settings"):
        bench.page.get_by_role("button", name="As they were").click()
    expect(key).to_have_text("X")


def test_fingers_drag_points_move_the_photo_and_pinch(server: Any, windows: Any) -> None:
    face = server.face(100, 80, 180, 190, identity="touch")
    image_id = server.add("touch.jpg", face)
    with windows(has_touch=True, viewport={"width": 800, "height": 1100}) as bench:
        bench.open(identity="touch")
        bench.see("touch.jpg")
        session = bench.page.context.new_cdp_session(bench.page)

        def touch(kind: str, *places: tuple[float, float]) -> None:
            points = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(places)]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        left, top, scale = bench.view()
        eye = (left + 124 * scale, top + 124 * scale)
        touch("touchStart", eye)
        for step in (6, 12, 20):
            touch("touchMove", (eye[0] + step, eye[1]))
        touch("touchEnd")
        bench.saved()
        (stored,) = server.faces(image_id)
        assert stored.landmarks[0] == pytest.approx((124 + 20 / scale, 124), abs=0.3)
        one, other = (400.0, 300.0), (400.0, 420.0)
        touch("touchStart", one, other)
        for step in (20, 40, 60):
            touch("touchMove", (400, 300 - step), (400, 420 + step))
        touch("touchEnd")
        assert bench.view()[2] == pytest.approx(2 * scale, rel=0.05)
        bench.page.get_by_role("button", name="Accept and next").tap()
        bench.saved()
        assert server.finished(image_id) == [image_id]
