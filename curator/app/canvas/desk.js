// Everything on the page that is not Streamlit's: the bar, the image or the grid, what is said.
import { choose } from "./choice.js";
import { h, plural, say } from "./elements.js";
import { Grid } from "./grid.js";
import { showHelp } from "./help.js";
import { ImageMode } from "./image_mode.js";
import { isChord, keyMap, keyName } from "./keys.js";
import { workOn } from "./outage.js";
import { Saves } from "./saves.js";
import { DEFAULTS, showSettings } from "./settings.js";
import { ask } from "./wire.js";

const MODES = { image: ImageMode, grid: Grid };
// Keys in these are text.
const TYPING = "input, textarea, select, [contenteditable]";

export class Desk {
  constructor(data) {
    this.user = data.user;
    this.schemes = data.scheme;
    this.reasons = data.reasons;
    this.settings = { ...DEFAULTS };
    this.saves = new Saves(`${data.dataset}:${data.user}`);
    this.build();
    this.listen();
    this.apply();
    this.count();
    workOn(this);
    this.begin();
  }

  build() {
    this.name = h("h2", { class: "title" });
    this.facts = h("span", { class: "facts" });
    this.why = h("span", { class: "why" });
    this.mark = h("span", { class: "mark", role: "status" });
    const button = (label, text, act) =>
      h(
        "button",
        { type: "button", class: "icon", title: label, "aria-label": label, onclick: act },
        text,
      );
    this.bar = h(
      "div",
      { class: "bar" },
      this.name,
      this.facts,
      this.why,
      h("span", { class: "space" }),
      this.mark,
      button("undo", "↶", () => this.mode.act("undo")),
      button("redo", "↷", () => this.mode.act("redo")),
      button("settings", "⚙", () => showSettings(this)),
      button("all keys", "?", () => showHelp(this)),
    );
    this.notices = h("div", { class: "notices", role: "alert" });
    this.said = h("p", { class: "said", "aria-live": "polite" });
    this.work = h("div", { class: "work" });
    this.dialogs = h("div", { class: "dialogs" });
    this.root = h("div", { class: "desk" }, this.bar, this.notices, this.work, this.dialogs);
  }

  listen() {
    this.root.addEventListener("keydown", (event) => this.pressed(event));
    // The keyboard is the image's, unless something else on the page has it; also for the moment
    // in which Streamlit takes everything away and puts it back, after a lost connection.
    addEventListener(
      "keydown",
      (event) => {
        const free = document.activeElement === document.body && !this.left;
        if (free && location.pathname === this.path) this.pressed(event);
      },
      true,
    );
    this.root.addEventListener("keyup", (event) => {
      event.stopPropagation();
      this.mode?.released?.(event);
    });
    this.root.addEventListener("focusin", () => (this.left = false));
    const { saves } = this;
    saves.addEventListener("changed", () => this.count());
    saves.addEventListener("stored", ({ detail }) => this.stored(detail));
    saves.addEventListener("conflict", ({ detail }) => this.conflict(detail));
    saves.addEventListener("refused", ({ detail }) => this.refused(detail));
    addEventListener("beforeunload", (event) => {
      this.mode?.settle?.();
      if (saves.entries.length) event.preventDefault();
    });
    addEventListener("resize", () => this.fit());
    addEventListener("pagehide", () => this.mode?.giveBack?.());
  }

  // The person's settings first: they say how the first image is framed.
  async begin() {
    this.loading = ask("settings").catch(() => ({}));
    Object.assign(this.settings, await this.loading);
    this.apply();
    this.saves.send();
  }

  stand(parent) {
    if (this.root.parentNode === parent) return;
    parent.append(this.root);
    this.path = location.pathname;
    this.focus();
    this.fit();
    // Streamlit draws what is above little by little, and moves the editor down.
    this.around ??= new ResizeObserver(() => this.fit());
    this.around.disconnect();
    const column = parent.host?.closest("[data-testid='stVerticalBlock']");
    if (column) this.around.observe(column);
  }

  // What the page asks for now: which way of working, and which images.
  async update({ mode, filters }) {
    await this.loading;
    const wanted = JSON.stringify([mode, filters]);
    if (this.wanted === wanted) return;
    this.wanted = wanted;
    this.mode?.close();
    this.root.dataset.mode = mode;
    this.mode = new MODES[mode](this, filters);
    this.work.replaceChildren(...this.mode.parts, this.said);
    this.mode.start();
    this.focus();
  }

  // As high as what is left of the window, so that nothing scrolls while labelling.
  fit() {
    if (!this.root.isConnected) return;
    const { top } = this.root.getBoundingClientRect();
    const height = innerHeight - Math.max(top + scrollY, 0) - 12;
    this.root.style.height = `${Math.max(height, 380)}px`;
  }

  apply() {
    this.keys = keyMap(this.settings.keys);
    this.root.dataset.palette = this.settings.palette;
    this.root.style.setProperty("--largest-dot", `${this.settings.dot}px`);
    this.root.classList.toggle("no-guides", !this.settings.guides);
    this.mode?.relabel?.();
  }

  async keepSettings(changed) {
    Object.assign(this.settings, changed);
    this.apply();
    await ask("settings", this.settings, "PUT").catch(({ message }) =>
      this.notice(`The settings could not be kept: ${message}.`),
    );
  }

  focus() {
    this.left = false;
    if (!this.asking) this.mode?.focus();
  }

  // Whether a window over the page has the keyboard; one that was closed is taken away a little
  // later, and the keys in between are the image's.
  get asking() {
    return this.dialogs.querySelector("dialog[open]") !== null;
  }

  pressed(event) {
    // Streamlit has keys of its own for the whole page.
    event.stopPropagation();
    if (isChord(event) || event.isComposing || this.asking) return;
    const [target] = event.composedPath();
    if (target.matches?.(TYPING)) return;
    const name = keyName(event);
    // A button that has the keyboard is pressed by these, unless it is one of the faces.
    const other = target.matches?.("button, summary, a") && !this.mode?.owns?.(target);
    if (other && ["Space", "Enter", "Escape"].includes(name)) {
      if (name === "Escape") this.focus();
      return;
    }
    if (this.mode?.pressed(name, event)) event.preventDefault();
  }

  // Lets go of the keyboard: the next Tab goes on behind the image.
  leave() {
    this.left = true;
    this.root.getRootNode().activeElement?.blur();
    this.tell("keyboard let go; click the image or press Tab to come back");
  }

  // Why something is shown, in words; a review names its run.
  reason({ reason, detail }) {
    const words = this.reasons[reason] ?? reason.replace(/^review:/, "review of ");
    return detail ? `${words}: ${detail}` : words;
  }

  help() {
    showHelp(this);
  }

  // For everybody: it is read out, and stands below the image.
  tell(text) {
    say(this.said, text);
  }

  // What must not be overlooked; it stays until it is put away.
  notice(text, label = "Put away", act = null) {
    const close = () => notice.remove();
    const notice = h(
      "div",
      { class: "notice" },
      h("span", {}, text),
      h(
        "button",
        {
          type: "button",
          onclick: () => {
            close();
            act?.();
            this.focus();
          },
        },
        label,
      ),
    );
    this.notices.append(notice);
    return close;
  }

  // Whether all is stored, in words and as a colour.
  count() {
    const { entries, trouble, full } = this.saves;
    const many = entries.length;
    const state = many === 0 ? "saved" : trouble ? "waiting" : "saving";
    this.mark.dataset.unsaved = many;
    // Saving takes a few milliseconds, which nobody needs to see.
    clearTimeout(this.marking);
    const show = () => {
      this.mark.dataset.state = state;
      say(this.mark, this.markText(state, many, trouble, full));
    };
    if (state === "saving") this.marking = setTimeout(show, 400);
    else show();
  }

  markText(state, many, trouble, full) {
    if (state === "saved") return "all saved";
    const unsaved = `${plural(many, "step")} unsaved`;
    if (state === "saving") return unsaved;
    const why = trouble === "offline" ? "no connection" : trouble;
    const kept = full ? "stay on this page" : "kept in this browser";
    return `${unsaved} · ${why} · ${kept}`;
  }

  stored({ entry, answer }) {
    if (entry.image !== null) this.mode?.stored?.(answer);
    // Asked on an earlier page, which is not there to hear the answer.
    else if (["undo", "redo"].includes(entry.path) && !entry.sent) {
      this.mode?.reversed(entry.path, answer);
    }
  }

  refused({ entry, error }) {
    const what = entry.path === "undo" || entry.path === "redo" ? `No ${entry.path}` : "Not stored";
    this.notice(`${what}: ${error.message}.`);
  }

  // Somebody was faster. Over the image itself at once, else when the person likes.
  conflict(found) {
    const base = this.mode?.base?.(found.image) ?? null;
    const open = () => choose(this, { ...found, base });
    if (this.mode?.image === found.image) open();
    else
      this.notice(
        `${found.theirs?.by ?? "Somebody"} changed an image that you changed as well.`,
        "Choose",
        open,
      );
  }
}
