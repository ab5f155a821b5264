// Labelling image by image: the stage, the panel of faces, and the line below.
import { decide } from "./answers.js";
import { run } from "./commands.js";
import { Editor } from "./editor.js";
import { h, say } from "./elements.js";
import { keysByAction } from "./keys.js";
import { Foot } from "./foot.js";
import { Panel } from "./panel.js";
import { Queue } from "./queue.js";
import { giveBack } from "./wire.js";

export class ImageMode {
  constructor(desk, filters) {
    this.desk = desk;
    this.stage = h("div", {
      class: "stage",
      tabindex: "0",
      role: "application",
      "aria-label": "image editor",
      "aria-description": "Question mark shows all keys, Escape leaves.",
    });
    this.empty = h("div", { class: "empty", hidden: true });
    this.queue = new Queue(filters, () =>
      desk.saves.entries.map(({ image }) => image).filter(Boolean),
    );
    this.editor = new Editor(desk, this.stage, this.queue);
    this.panel = new Panel(this);
    this.foot = new Foot(this);
    this.parts = [this.stage, this.empty, this.panel.root, this.foot.root];
    this.editor.addEventListener("shown", () => this.title());
    this.editor.addEventListener("changed", () => this.panel.later());
    this.editor.addEventListener("accepted", ({ detail }) =>
      this.foot.learn(detail, this.editor.faces.length),
    );
    this.queue.addEventListener("changed", () => this.waits());
    this.stage.addEventListener("blur", () => this.editor.settle());
  }

  start() {
    this.editor.next();
  }

  close() {
    this.editor.settle();
    this.giveBack();
    this.queue.close();
  }

  focus() {
    this.stage.focus({ preventScroll: true });
  }

  get image() {
    return this.editor.image;
  }

  // An image as the server last told, before the person's own steps.
  base(image) {
    return this.editor.known(image)?.faces ?? null;
  }

  settle() {
    this.editor.settle();
  }

  stored(answer) {
    this.editor.stored(answer);
  }

  // An undo that an earlier page has asked for; after the image that is being fetched.
  reversed(what, answer) {
    this.editor.whenPainted(() => this.editor.answered(answer, what));
  }

  // The image as it is now, after a choice between two versions of it.
  decided(item) {
    const known = this.editor.known(item.image.id);
    if (known) Object.assign(known, { faces: item.faces, image: item.image });
  }

  redraw() {
    this.editor.redraw();
  }

  giveBack() {
    const unsaved = new Set(this.queue.busy());
    const images = this.queue.held().filter((image) => !unsaved.has(image));
    if (images.length) giveBack(images);
  }

  relabel() {
    this.foot.relabel();
    this.panel.relabel();
  }

  get keys() {
    return keysByAction(this.desk.keys);
  }

  pressed(name, event) {
    const shifted = event.shiftKey && name.startsWith("Arrow");
    const action = this.desk.keys.get(name);
    if (!action) return false;
    if (event.repeat && !action.repeats) return true;
    this.act(action.name, { far: shifted });
    return true;
  }

  released(event) {
    if (event.key.startsWith("Arrow") || event.key.length === 1) this.editor.settle();
  }

  act(name, { far = false } = {}) {
    const at = this.editor.pointer.place;
    if (OWN[name]) OWN[name](this);
    else this.editor.whenPainted(() => run(name, this.editor, { at, far }));
  }

  // The bar: what it is, where it is from, why it is here.
  title() {
    const { item } = this.editor;
    const { desk } = this;
    this.empty.hidden = Boolean(item);
    this.stage.hidden = !item;
    this.panel.root.hidden = !item;
    say(desk.name, item?.image.name ?? "");
    desk.name.title = item?.image.name ?? "";
    const { width, height, source, licence } = item?.image ?? {};
    say(
      desk.facts,
      item ? [`${width} × ${height}`, source, licence].filter(Boolean).join(" · ") : "",
    );
    const why = item?.why ?? [];
    desk.why.replaceChildren(
      ...why.map((one) =>
        h("span", { class: "reason", title: one.detail || false }, desk.reason(one)),
      ),
    );
    if (item) desk.tell(`${item.image.name}. ${this.summary()}`);
    this.foot.draw();
    if (!item) this.sayEmpty();
    else if (item.answers?.length) decide(this);
  }

  summary() {
    const { editor } = this;
    if (editor.broken) return "It cannot be shown: its file is gone or broken. Later goes on.";
    return editor.face ? editor.describe(editor.face) : "no faces";
  }

  waits() {
    if (!this.editor.item) this.sayEmpty();
    this.foot.draw();
  }

  // Nothing to label: why, and what to do about it.
  sayEmpty() {
    const { queue, empty } = this;
    if (queue.trouble) {
      empty.replaceChildren(
        h("h3", {}, "The server cannot be reached"),
        h("p", {}, "What you did is kept in this browser. It goes on by itself."),
      );
      return;
    }
    if (!queue.empty) {
      empty.replaceChildren(h("p", {}, "Fetching images …"));
      return;
    }
    const again = () => {
      queue.empty = false;
      this.editor.next();
      this.desk.focus();
    };
    const filtered = Object.values(queue.filters).some((value) => value);
    empty.replaceChildren(
      h("h3", {}, filtered ? "No more images like that" : "All images are labelled"),
      h(
        "p",
        {},
        filtered
          ? "Other filters find more; the grid shows faces that want a second look."
          : "Collect more, look through the grid, or make a release of what is there.",
      ),
      h("button", { type: "button", onclick: again }, "Look again"),
    );
  }
}

// What concerns the page around the image and does not wait for it.
const OWN = {
  help: ({ desk }) => desk.help(),
  identity: ({ panel }) => panel.identity.focus(),
  tags: ({ panel }) => panel.tags.focus(),
  bare: ({ editor }) => editor.drawn.hide((editor.bare = !editor.bare)),
  leave: ({ editor, desk }) => {
    if (editor.draft) editor.cancel();
    else if (editor.part) editor.choose(editor.chosen);
    else desk.leave();
  },
};
