// A page of faces, the most suspicious first: flag the bad ones, accept all others at once.
import { cut } from "./crop.js";
import { Effort } from "./effort.js";
import { h, plural, say } from "./elements.js";
import { described } from "./faces.js";
import { ask, giveBack, query } from "./wire.js";

const COUNT = 24;
// How long a digit waits for a second one, milliseconds.
const DIGIT = 700;
// A page of many faces is looked at for longer than one face.
const LONGEST_LOOK = 120;

export class Grid {
  constructor(desk, filters) {
    this.desk = desk;
    this.filters = filters;
    this.faces = [];
    this.flagged = new Set();
    this.at = 0;
    this.digits = "";
    this.list = h("ol", { class: "crops", "aria-label": "faces" });
    this.list.addEventListener("click", (event) => this.clicked(event));
    this.accept = h("button", { type: "button", class: "primary", onclick: () => this.send() });
    this.progress = h("p", { class: "progress" });
    this.foot = h(
      "div",
      { class: "foot" },
      this.progress,
      h("span", { class: "space" }),
      this.accept,
    );
    this.empty = h("div", { class: "empty", hidden: true });
    this.parts = [this.list, this.empty, this.foot];
    this.waiting = [];
    this.effort = new Effort(LONGEST_LOOK);
  }

  get image() {
    return null;
  }

  start() {
    say(this.desk.name, "Faces, the most suspicious first");
    say(this.desk.facts, "flag what is wrong by a click or its number");
    this.desk.why.replaceChildren();
    this.turn();
  }

  // The next page: the one fetched ahead, or a new one.
  async turn() {
    this.painted = false;
    const page = await (this.ahead ?? this.fetch([]));
    this.ahead = null;
    if (page === null) return;
    this.faces = page.faces;
    this.left = page.left ?? null;
    this.flagged.clear();
    this.at = 0;
    this.draw();
    await Promise.all(this.pictures.map((picture) => picture.ready));
    if (this.faces.length) this.ahead = this.fetch(this.faces.map(({ face }) => face.id));
    requestAnimationFrame(() => setTimeout(() => this.paint(), 0));
  }

  paint() {
    performance.mark("curator:painted");
    this.painted = true;
    this.effort.begin();
    while (this.painted && this.waiting.length) this.waiting.shift()();
  }

  // Null while the server cannot be reached, in which case it tries again by itself.
  async fetch(except) {
    try {
      return await ask(
        `grid?${query({ count: COUNT, except: except.join(","), ...this.filters })}`,
      );
    } catch (error) {
      if (this.closed) return null;
      this.sayEmpty(
        "The server cannot be reached",
        "What you did is kept in this browser. It goes on by itself.",
      );
      await new Promise((resolve) => setTimeout(resolve, 2000));
      return this.fetch(except);
    }
  }

  draw() {
    const { faces } = this;
    this.pictures = faces.map((one, index) => this.crop(one, index));
    this.list.replaceChildren(...this.pictures.map(({ item }) => item));
    this.list.hidden = !faces.length;
    this.foot.hidden = !faces.length;
    this.empty.hidden = Boolean(faces.length);
    if (!faces.length) {
      this.sayEmpty(
        "No faces to look through",
        "Detect faces first, or label image by image what is left.",
      );
    }
    this.mark();
    if (!this.desk.left) this.focus();
  }

  sayEmpty(title, text) {
    if (this.faces.length) return;
    this.empty.hidden = false;
    const again = h("button", { type: "button", onclick: () => this.turn() }, "Look again");
    this.empty.replaceChildren(h("h3", {}, title), h("p", {}, text), again);
  }

  crop({ crop, window, face, why }, index) {
    const picture = cut(crop, window, face, this.desk.schemes);
    const image = new Image();
    image.src = crop;
    // Without a task the score alone has brought it here.
    const reason =
      why.reason === "score" ? `score ${face.score?.toFixed(2) ?? "–"}` : this.desk.reason(why);
    const label = `${described(face, index + 1, this.faces.length)}${reason ? `, ${reason}` : ""}`;
    const button = h(
      "button",
      { type: "button", "aria-label": label, "aria-pressed": "false", tabindex: "-1" },
      picture,
      h("span", { class: "number" }, `${index + 1}`),
      h("span", { class: "about" }, reason),
      h("span", { class: "flag" }, "flagged"),
    );
    button.dataset.index = index;
    return { item: h("li", {}, button), button, ready: image.decode().catch(() => {}) };
  }

  mark() {
    this.pictures.forEach(({ button }, index) => {
      button.ariaPressed = String(this.flagged.has(index));
      button.tabIndex = index === this.at ? 0 : -1;
    });
    const right = this.faces.length - this.flagged.size;
    const bad = this.flagged.size ? `, send ${this.flagged.size} to be put right` : "";
    this.accept.replaceChildren(`Accept ${right}${bad}`, h("kbd", {}, "Enter"));
    say(this.progress, this.left === null ? "" : `${plural(this.left, "image")} left`);
  }

  focus() {
    this.pictures?.[this.at]?.button.focus({ preventScroll: true });
  }

  clicked(event) {
    const button = event.target.closest("button");
    if (!button) return;
    this.at = Number(button.dataset.index);
    this.flag(this.at);
  }

  flag(index) {
    if (index < 0 || index >= this.faces.length) return;
    if (!this.flagged.delete(index)) this.flagged.add(index);
    this.effort.tick();
    this.mark();
    this.desk.tell(`face ${index + 1} ${this.flagged.has(index) ? "flagged" : "not flagged"}`);
  }

  owns(target) {
    return this.list.contains(target);
  }

  // The space bar clicks a button when it is let go.
  released(event) {
    if (event.key === " " && this.owns(event.target)) event.preventDefault();
  }

  pressed(name) {
    const act = this.keyed(name);
    if (!act) return false;
    if (this.painted) act();
    else this.waiting.push(act);
    return true;
  }

  keyed(name) {
    if (/^\d$/.test(name)) return () => this.digit(name);
    return {
      Enter: () => this.send(),
      Space: () => this.flag(this.at),
      x: () => this.flag(this.at),
      ArrowLeft: () => this.go(-1),
      ArrowRight: () => this.go(1),
      ArrowUp: () => this.go(-this.columns()),
      ArrowDown: () => this.go(this.columns()),
      z: () => this.act("undo"),
      "Shift+z": () => this.act("redo"),
      "?": () => this.desk.help(),
      Escape: () => this.desk.leave(),
    }[name];
  }

  // One digit is a number as soon as no longer one could begin with it.
  digit(name) {
    clearTimeout(this.counting);
    this.digits += name;
    const number = Number(this.digits);
    if (number * 10 > this.faces.length) this.endDigits();
    else this.counting = setTimeout(() => this.endDigits(), DIGIT);
  }

  endDigits() {
    clearTimeout(this.counting);
    if (this.digits) this.flag(Number(this.digits) - 1);
    this.digits = "";
  }

  go(by) {
    const to = this.at + by;
    if (to < 0 || to >= this.faces.length) return;
    this.at = to;
    this.mark();
    this.focus();
  }

  columns() {
    const [first] = this.pictures;
    return this.pictures.filter(({ item }) => item.offsetTop === first.item.offsetTop).length;
  }

  send() {
    this.endDigits();
    if (!this.faces.length) return;
    this.effort.tick();
    const good = this.faces.filter((_, index) => !this.flagged.has(index));
    const bad = this.faces.filter((_, index) => this.flagged.has(index));
    const body = {
      accept: good.map(({ image, version, face }) => ({
        image,
        version,
        face: face.id,
        face_version: face.version,
      })),
      flag: bad.map(({ image, face }) => ({ image, face: face.id, reason: "" })),
      spent: this.effort.spent,
    };
    this.desk.saves.post("grid", body, (answer) => this.answered(answer));
    this.faces = [];
    this.turn();
  }

  answered(answer) {
    const stale = Object.values(answer.faces).filter((said) => said === "stale").length;
    if (stale)
      this.desk.notice(
        `${plural(stale, "face")} had been changed by somebody else and will come again.`,
      );
  }

  async act(what) {
    const answer = await this.desk.saves.question(what).catch(() => null);
    if (answer) this.reversed(what, answer);
  }

  reversed(what, answer) {
    if (answer.nothing) this.desk.tell(`nothing to ${what}`);
    else
      this.desk.notice(
        `One step ${what === "undo" ? "undone" : "redone"} on ${answer.item.image.name}.`,
      );
  }

  giveBack() {
    const images = [...new Set(this.faces.map(({ image }) => image))];
    if (images.length) giveBack(images);
  }

  close() {
    this.closed = true;
    this.giveBack();
  }
}
