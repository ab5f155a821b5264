// Mouse, pen and fingers on the stage. One finger or the left button takes hold of what is under
// it; the middle button, Alt, a second finger, or a finger beside all faces moves the photo.
import { distance } from "./geometry.js";

const REACH = { mouse: 9, pen: 12, touch: 22 };
// Less is a click, not a drag.
const STILL = 3;
const CURSORS = { left: "ew-resize", right: "ew-resize", top: "ns-resize", bottom: "ns-resize" };

export class Pointer {
  // ``editor`` has grip, hold, drag, sketch, settle, cancel and hover.
  constructor(stage, view, editor) {
    this.stage = stage;
    this.view = view;
    this.editor = editor;
    this.fingers = new Map();
    this.last = null;
    // Also beside the stage and over windows on it: a key may be pressed without another move.
    addEventListener("pointermove", (event) => (this.last = event), true);
    const on = (name, act, options) => stage.addEventListener(name, act.bind(this), options);
    on("pointerdown", this.down);
    on("pointermove", this.motion);
    on("pointerup", this.up);
    on("pointercancel", this.lost);
    on("pointerleave", this.leave);
    on("wheel", this.wheel, { passive: false });
    on("contextmenu", (event) => event.preventDefault());
    // The middle button would begin to scroll the page.
    on("mousedown", (event) => event.button === 1 && event.preventDefault());
  }

  // Where the pointer is on the stage, or where a finger last was; null beside it.
  get place() {
    if (!this.last) return null;
    const [x, y] = this.view.place(this.last);
    const { width, height } = this.view.size;
    return x >= 0 && y >= 0 && x <= width && y <= height ? [x, y] : null;
  }

  down(event) {
    if (!this.view.item || event.button > 1) return;
    const place = this.view.place(event);
    this.last = event;
    this.stage.focus({ preventScroll: true });
    this.stage.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, place);
    if (this.fingers.size === 2) {
      this.editor.cancel();
      this.drag = { kind: "pinch" };
      return;
    }
    if (this.fingers.size > 2) return;
    this.drag = this.begin(event, place);
    this.drag.from = place;
  }

  begin(event, place) {
    if (event.button === 1 || event.altKey) return { kind: "pan" };
    const grip = this.editor.grip(place, REACH[event.pointerType] ?? REACH.mouse);
    if (grip) {
      this.editor.hold(grip);
      return { kind: "grip", grip };
    }
    return { kind: event.pointerType === "touch" ? "pan" : "sketch" };
  }

  motion(event) {
    if (!this.view.item) return;
    const place = this.view.place(event);
    const before = this.fingers.get(event.pointerId);
    if (!this.drag || !before) {
      this.hover(event, place);
      return;
    }
    if (this.drag.kind === "pinch") this.pinch(event.pointerId, place);
    this.fingers.set(event.pointerId, place);
    if (this.drag.kind === "pinch") return;
    this.drag.far ||= distance(this.drag.from, place) > STILL;
    if (!this.drag.far) return;
    const [from, to] = [this.view.toPhoto(this.drag.from), this.view.toPhoto(place)];
    if (this.drag.kind === "pan") this.view.pan(place[0] - before[0], place[1] - before[1]);
    if (this.drag.kind === "grip")
      this.editor.drag(this.drag.grip, to[0] - from[0], to[1] - from[1]);
    if (this.drag.kind === "sketch") this.editor.sketch(from, to);
    this.editor.hover(place);
  }

  pinch(id, place) {
    const [other] = [...this.fingers].find(([key]) => key !== id).slice(1);
    const before = this.fingers.get(id);
    const mean = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    const [was, is] = [mean(before, other), mean(place, other)];
    this.view.zoom(was, distance(place, other) / Math.max(distance(before, other), 1));
    this.view.pan(is[0] - was[0], is[1] - was[1]);
  }

  up(event) {
    if (!this.fingers.delete(event.pointerId) || !this.drag) return;
    const { kind, far } = this.drag;
    if (this.fingers.size) return;
    this.drag = null;
    if (kind === "grip" || kind === "sketch") this.editor[far ? "settle" : "click"](kind);
    if (kind === "pan" && !far) this.editor.click("sketch");
    this.editor.hover(this.place);
  }

  lost(event) {
    this.fingers.delete(event.pointerId);
    this.drag = null;
    this.editor.cancel();
  }

  leave(event) {
    if (event.pointerType === "touch" || this.drag) return;
    this.editor.hover(null);
  }

  hover(event, place) {
    if (event.pointerType === "touch") return;
    const grip = this.editor.grip(place, REACH.mouse);
    this.stage.style.cursor = event.altKey ? "grab" : cursor(grip);
    this.editor.hover(place);
  }

  wheel(event) {
    if (!this.view.item) return;
    event.preventDefault();
    event.stopPropagation();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 32 : 1;
    // Pinching on a touch pad comes as a wheel with Ctrl, in small steps.
    const speed = event.ctrlKey ? 0.01 : 0.0018;
    this.view.zoom(this.view.place(event), Math.exp(-event.deltaY * lines * speed));
  }
}

function cursor(grip) {
  if (!grip) return "crosshair";
  const { edges, inside } = grip.part;
  if (inside) return "move";
  if (!edges) return "grab";
  if (edges.length === 1) return CURSORS[edges[0]];
  const falling = edges.includes("left") === edges.includes("top");
  return falling ? "nwse-resize" : "nesw-resize";
}
