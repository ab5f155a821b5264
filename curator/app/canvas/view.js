// The stage: one photo, seen through a view that zooms and moves.
import * as geometry from "./geometry.js";
import { h } from "./elements.js";

// Above so many screen pixels a pixel of the photo is shown as a square.
const SQUARES = 10;

export class View extends EventTarget {
  constructor(stage) {
    super();
    this.stage = stage;
    this.world = h("div", { class: "world" });
    stage.prepend(this.world);
    this.now = { x: 0, y: 0, scale: 1 };
    this.size = { width: 1, height: 1 };
    new ResizeObserver(() => this.measure()).observe(stage);
  }

  // Shows a photo that is decoded already.
  show(item, photo) {
    this.item = item;
    this.photo = item.image;
    this.element = photo.element;
    this.wanted = null;
    this.world.replaceChildren(photo.element);
    this.fit(photo.element);
  }

  fit(element) {
    element.style.width = `${this.photo.width}px`;
    element.style.height = `${this.photo.height}px`;
  }

  clear() {
    this.item = null;
    this.world.replaceChildren();
  }

  measure() {
    const { clientWidth: width, clientHeight: height } = this.stage;
    if (!width || !height) return;
    const { now, size } = this;
    this.size = { width, height };
    if (!this.item) return;
    if (this.fitted) {
      this.fitted();
      return;
    }
    // What was in the middle stays there.
    const centre = geometry.toPhoto(now, [size.width / 2, size.height / 2]);
    this.move(geometry.centred(centre, this.size, now.scale));
  }

  // A place of the window as one of the stage, CSS pixels.
  place({ clientX, clientY }) {
    const { left, top } = this.stage.getBoundingClientRect();
    return [clientX - left, clientY - top];
  }

  toPhoto(place) {
    return geometry.toPhoto(this.now, place);
  }

  frame(box, fraction) {
    this.framed = true;
    // Until somebody zooms or moves the photo, it fits anew where the window changes.
    this.fitted = () => this.move(geometry.frame(box, this.size, fraction));
    this.fitted();
  }

  whole() {
    this.framed = false;
    const { width, height } = this.photo;
    this.fitted = () => this.move(geometry.frame([0, 0, width, height], this.size, 0.98));
    this.fitted();
  }

  zoom(place, factor) {
    this.fitted = null;
    const least = geometry.leastScale(this.photo, this.size);
    this.move(geometry.zoomed(this.now, place, factor, least));
  }

  pan(dx, dy) {
    this.fitted = null;
    this.move({ ...this.now, x: this.now.x + dx, y: this.now.y + dy });
  }

  move(view) {
    this.now = view;
    const { x, y, scale } = view;
    this.world.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    const squares = scale * devicePixelRatio >= SQUARES;
    this.world.classList.toggle("squares", squares);
    this.sharpen();
    this.dispatchEvent(new Event("moved"));
  }

  // The copy for the screen is small; close up the photo itself takes its place.
  sharpen() {
    const { original } = this.item;
    if (!original || this.wanted === original) return;
    const shown = this.element.naturalWidth || this.photo.width;
    const needed = this.photo.width * this.now.scale * devicePixelRatio;
    if (shown >= this.photo.width || needed <= shown * 1.1) return;
    this.wanted = original;
    const sharp = new Image();
    sharp.alt = "";
    sharp.draggable = false;
    sharp.src = original;
    sharp.decode().then(
      () => {
        if (this.wanted !== original) return;
        this.fit(sharp);
        this.world.replaceChildren(sharp);
        this.element = sharp;
      },
      () => {},
    );
  }
}
