"""What everybody can use: names for screen readers, contrast, nothing that scrolls, K points."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from curator.attributes import ATTRIBUTES
from curator.schemes import SCHEMES

pytestmark = pytest.mark.browser

# Every text on the page, through all shadow roots, with its contrast (WCAG 2.2, 1.4.3) against
# the first background behind it that is not transparent; see-through colours are mixed.
CONTRASTS = """
() => {
  const context = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = "#000";
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], below) => [r, g, b].map((v, i) => v * a + below[i] * (1 - a));
  const light = (colour) => {
    const [r, g, b] = colour.map((v) => v / 255).map(
      (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const up = (e) => e.parentElement ?? e.getRootNode().host ?? null;
  const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = up(at)) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const opacity = (element) => {
    let all = 1;
    for (let at = element; at; at = up(at)) all *= Number(getComputedStyle(at).opacity);
    return all;
  };
  const found = [];
  const visit = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) visit(element.shadowRoot);
      const own = [...element.childNodes].filter((n) => n.nodeType === 3 && n.textContent.trim());
      const text = own.map((n) => n.textContent.trim()).join(" ");
      if (!text || element.closest("style, script, noscript, svg, option")) continue;
      const seen = element.checkVisibility({visibilityProperty: true, opacityProperty: true});
      if (!seen || element.disabled) continue;
      const back = behind(element);
      const [r, g, b, a] = rgba(getComputedStyle(element).color);
      const front = over([r, g, b, a * opacity(element)], back);
      const [one, other] = [light(front), light(back)];
      const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      found.push([text.slice(0, 60), Math.round(ratio * 100) / 100]);
    }
  };
  visit(document);
  return found;
}
"""
# The words of each attribute of the panel, by its name.
WORDS = """
(rows) => rows.map((row) => [
  row.dataset.name, [...row.querySelectorAll("button")].map((button) => button.title)])
"""
# Streamlit fades what it draws in and out; a wheel that turns for ever is not waited for.
CALM = """
() => document.getAnimations().every((one) =>
  one.playState !== "running" || one.effect.getComputedTiming().endTime === Infinity)
"""
CONTROLS = {"button", "textbox", "checkbox", "radio", "slider", "combobox", "link", "application"}


def unnamed(session: Any) -> list[str]:
    """The controls in the accessibility tree that have no name."""
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    found = []
    for node in nodes:
        role = node.get("role", {}).get("value", "")
        if node.get("ignored") or role not in CONTROLS:
            continue
        if not node.get("name", {}).get("value", "").strip():
            found.append(f"{role}: {node.get('backendDOMNodeId')}")
    return found


def everything(bench: Any) -> Any:
    """All that the annotator shows, one after the other."""
    yield "image"
    for name in ("all keys", "settings"):
        bench.page.get_by_role("button", name=name, exact=True).click()
        bench.page.get_by_role("dialog").wait_for()
        yield name
        bench.keys("Escape")
        bench.page.get_by_role("dialog").wait_for(state="detached")
    bench.page.context.set_offline(True)
    bench.keys("b", "x")
    bench.state("waiting")
    yield "offline"
    bench.page.context.set_offline(False)
    bench.saved()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (800, "light")])
def test_all_text_can_be_read_all_controls_have_names_and_nothing_scrolls(
    server: Any, windows: Any, width: int, scheme: str
) -> None:
    name = f"looks-{width}-{scheme}"
    many = [
        server.face(x, y, x + 25, y + 30, identity=name, attributes={"blur": 2})
        for y in (10, 60, 110, 160, 210)
        for x in (10, 60, 110, 160, 210, 260, 310, 360)
    ]
    server.add(f"{name}.jpg", *many)
    size = {"width": width, "height": 900}
    with windows(viewport=size, color_scheme=scheme) as bench:
        bench.open(identity=name)
        bench.see(f"{name}.jpg")
        session = bench.page.context.new_cdp_session(bench.page)
        for part in everything(bench):
            bench.page.wait_for_function(CALM)
            contrasts = bench.page.evaluate(CONTRASTS)
            assert len(contrasts) > 40
            assert [(part, *one) for one in contrasts if one[1] < 4.5] == []
            assert [(part, one) for one in unnamed(session)] == []
        bench.view()
        main = bench.page.locator("[data-testid=stMain]")
        assert main.evaluate("e => e.scrollHeight - e.clientHeight") <= 0
        assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
        stage = bench.page.locator(".stage").bounding_box()
        assert stage["height"] >= (560 if width == 1440 else 280)
        bench.open("Faces", identity=name)
        bench.page.locator(".crops li").first.wait_for()
        bench.keys("3")
        bench.page.locator(".crops [aria-pressed=true]").wait_for()
        bench.page.wait_for_function(CALM)
        low = [one for one in bench.page.evaluate(CONTRASTS) if one[1] < 4.5]
        assert low == []
        assert unnamed(session) == []
        assert main.evaluate("e => e.scrollHeight - e.clientHeight") <= 0


def test_hostile_names_and_labels_are_only_text(server: Any, bench: Any) -> None:
    evil = "<img src=x onerror=alert(1)> **b**"
    face = server.face(100, 80, 180, 190, identity=evil)
    server.add(f"{evil}.jpg", face)
    dialogs = []
    bench.page.on("dialog", lambda dialog: (dialogs.append(dialog), dialog.dismiss()))
    bench.open(identity=evil)
    bench.see(f"{evil}.jpg")
    bench.page.get_by_text(evil).first.wait_for()
    assert dialogs == []
    assert bench.page.locator(".desk img[src=x]").count() == 0


def test_points_of_every_scheme_are_drawn_and_moved(server: Any, bench: Any) -> None:
    for name, scheme in SCHEMES.items():
        points = tuple((110.0 + 2 * (i % 10), 90.0 + 3 * (i // 10)) for i in range(len(scheme)))
        visible = (2,) * len(scheme)
        more = {"landmarks": points, "visibility": visible, "scheme": name, "identity": "points"}
        server.add(f"points-{int(name):03}.jpg", server.face(100, 80, 180, 190, **more))
    bench.open(identity="points")
    for name in sorted(SCHEMES, key=int):
        bench.see(f"points-{int(name):03}.jpg")
        dots = bench.page.locator(".faces .dot:not(.rim)")
        expect(dots).to_have_count(len(SCHEMES[name]))
        bench.keys("]", "]", "ArrowRight")
        bench.told(SCHEMES[name].points[1].replace("_", " "))
        bench.keys("Space")
    bench.saved()


def test_the_editor_knows_the_vocabulary_of_attributes(server: Any, bench: Any) -> None:
    server.add("words.jpg", server.face(100, 80, 180, 190, identity="words"))
    bench.open(identity="words")
    bench.see("words.jpg")
    bench.page.locator(".attribute").first.wait_for()
    shown = dict(bench.page.locator(".attribute").evaluate_all(WORDS))
    assert shown == {name: list(ATTRIBUTES[name].values) for name in shown}
    assert len(shown) == 7
