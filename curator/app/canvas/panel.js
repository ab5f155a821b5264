// Beside the image: its faces as a list, and all that can be said of the chosen one.
import { crop } from "./crop.js";
import { h, plural, say } from "./elements.js";
import * as faces from "./faces.js";
import { ask, query } from "./wire.js";

// A pause in typing after which completions are asked for, milliseconds.
const PAUSE = 120;

export class Panel {
  constructor(mode) {
    this.mode = mode;
    this.rows = new Map();
    this.count = h("h3", {});
    this.list = h("ul", { class: "list", "aria-label": "faces" });
    this.identity = this.field("Identity", "who it is", (text) => this.setIdentity(text));
    this.known = h("datalist", { id: "known-identities" });
    this.identity.setAttribute("list", "known-identities");
    this.identity.addEventListener("input", () => this.complete());
    this.tags = this.field("Tags", "word, word", (text) => this.setTags(text));
    this.attributes = h("div", { class: "attributes", role: "group", "aria-label": "attributes" });
    this.agree = h("button", {
      type: "button",
      class: "agree",
      title: "Measures propose what is dashed; it is yours once you take it over.",
      onclick: () => {
        this.mode.act("agree");
        this.mode.focus();
      },
    });
    this.history = h(
      "details",
      { class: "history", ontoggle: () => this.drawHistory() },
      h("summary", {}, "History"),
      h("ol", {}),
    );
    this.face = h("section", { class: "chosen-face", "aria-label": "chosen face" });
    this.face.append(
      this.labelled("Identity", this.identity),
      this.known,
      this.labelled("Tags", this.tags),
      this.attributes,
      this.agree,
      this.history,
    );
    this.root = h(
      "aside",
      { class: "panel", "aria-label": "faces of this image" },
      this.count,
      this.list,
      this.face,
    );
    this.relabel();
  }

  get editor() {
    return this.mode.editor;
  }

  labelled(text, input) {
    const key = h("kbd", {});
    input.key = key;
    return h("label", { class: "field" }, h("span", {}, text, key), input);
  }

  field(name, placeholder, set) {
    const input = h("input", {
      type: "text",
      "aria-label": name,
      placeholder,
      autocomplete: "off",
      spellcheck: "false",
    });
    input.addEventListener("change", () => set(input.value));
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") this.draw();
      if (["Enter", "Escape"].includes(event.key)) this.mode.desk.focus();
    });
    return input;
  }

  relabel() {
    const { keys } = this.mode;
    say(this.identity.key, keys.get("identity") ?? "");
    say(this.tags.key, keys.get("tags") ?? "");
    this.attributes.replaceChildren(
      ...faces.ATTRIBUTES.map((attribute) => this.choices(attribute, keys)),
    );
    if (this.editor?.item) this.draw();
  }

  // One attribute: its key, its name, and a button a value.
  choices({ name, values }, keys) {
    const row = h("div", {
      class: "attribute",
      role: "group",
      "aria-label": name.replace("_", "-"),
    });
    row.append(h("kbd", {}, keys.get(name) ?? ""), h("span", {}, name.replace("_", "-")));
    values.forEach((value, index) => {
      const act = () => this.setAttribute(name, index);
      const label = `${name.replace("_", "-")}: ${value}`;
      const button = h(
        "button",
        { type: "button", title: value, "aria-label": label, onclick: act },
        `${index}`,
      );
      button.dataset.value = index;
      row.append(button);
    });
    row.dataset.name = name;
    return row;
  }

  // Once a frame is enough, however often things change.
  later() {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.draw();
    });
  }

  draw() {
    const { item } = this.editor;
    if (!item) return;
    const shown = this.editor.faces;
    say(this.count, shown.length ? plural(shown.length, "face") : "No faces");
    this.drawList(item, shown);
    this.drawFace(this.editor.face);
  }

  drawList(item, shown) {
    const rows = new Map();
    shown.forEach((face, index) => {
      const said = `${index}:${face.id === this.editor.chosen}:${item.display}`;
      const known = this.rows.get(face.id);
      const right = known && known.face === face && known.said === said;
      rows.set(face.id, right ? known : { face, said, row: this.row(item, face, index) });
    });
    const changed = [...rows.values()].some((one, at) => this.list.children[at] !== one.row);
    if (changed || rows.size !== this.list.children.length) {
      this.list.replaceChildren(...[...rows.values()].map(({ row }) => row));
      this.list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
    }
    this.rows = rows;
  }

  row(item, face, index) {
    const chosen = face.id === this.editor.chosen;
    const choose = () => {
      this.editor.choose(face.id, null, { framed: true });
      this.mode.focus();
    };
    const about = [face.identity, face.score === null ? null : face.score.toFixed(2)]
      .filter(Boolean)
      .join(" · ");
    const label = faces.described(face, index + 1, this.editor.faces.length);
    const button = h(
      "button",
      {
        type: "button",
        class: face.status,
        "aria-label": label,
        "aria-current": chosen && "true",
        onclick: choose,
      },
      crop(item.display, item.image, face, this.mode.desk.schemes),
      h("span", { class: "number" }, `${index + 1}`),
      h("span", { class: "about" }, about || "–"),
      h("span", { class: "letters" }, faces.inLetters(face.attributes)),
      h("span", { class: "status" }, face.status),
    );
    return h("li", {}, button);
  }

  drawFace(face) {
    this.face.hidden = !face;
    if (!face) return;
    // What is being typed is not written over.
    const typing = this.root.getRootNode().activeElement;
    if (typing !== this.identity) this.identity.value = face.identity ?? "";
    if (typing !== this.tags) this.tags.value = face.tags.join(", ");
    const proposed = faces.proposed(this.editor.item, face);
    for (const button of this.attributes.querySelectorAll("button")) {
      const { name } = button.parentElement.dataset;
      const value = Number(button.dataset.value);
      button.ariaPressed = String(face.attributes[name] === value);
      button.ariaDescription = proposed[name] === value ? "proposed from measures" : null;
    }
    this.drawAgree(Object.keys(proposed).length);
    const version = `${face.id}:${face.version}`;
    if (this.told !== version) this.drawHistory();
  }

  drawAgree(count) {
    this.agree.hidden = !count;
    const key = h("kbd", {}, this.mode.keys.get("agree") ?? "");
    this.agree.replaceChildren(key, `Take over ${plural(count, "proposal")}`);
  }

  // Pressed again, a value is taken back.
  setAttribute(name, value) {
    const { face } = this.editor;
    const again = face.attributes[name] === value;
    this.editor.commit([faces.attributed(face, name, again ? null : value)]);
    this.editor.redraw();
    this.mode.focus();
  }

  setIdentity(text) {
    this.set("identity", text.trim() || null);
  }

  setTags(text) {
    const words = text
      .split(",")
      .map((word) => word.trim())
      .filter(Boolean);
    this.set("tags", [...new Set(words)]);
  }

  set(field, value) {
    const { face } = this.editor;
    if (!face || JSON.stringify(face[field]) === JSON.stringify(value)) return;
    this.editor.commit([faces.edit(face.id, field, { [field]: value })]);
    this.editor.redraw();
  }

  complete() {
    clearTimeout(this.completing);
    this.completing = setTimeout(async () => {
      const prefix = this.identity.value;
      const names = await ask(`identities?${query({ prefix })}`).catch(() => []);
      const options = names.map((one) => h("option", { value: one.name ?? one }));
      if (this.identity.value === prefix) this.known.replaceChildren(...options);
    }, PAUSE);
  }

  async drawHistory() {
    const { face } = this.editor;
    if (!face || !this.history.open) return;
    const version = `${face.id}:${face.version}`;
    this.told = version;
    const list = this.history.querySelector("ol");
    if (typeof face.id !== "number") {
      list.replaceChildren(h("li", {}, "not stored yet"));
      return;
    }
    const edits = await ask(`history?${query({ face: face.id })}`).catch(() => null);
    if (this.told !== version) return;
    const lines = edits?.map((edit) => h("li", {}, historyLine(edit))) ?? [];
    list.replaceChildren(
      ...(lines.length
        ? lines
        : [h("li", {}, edits ? "as the detector found it" : "cannot be fetched now")]),
    );
  }
}

function historyLine({ user, at, op, before, after }) {
  const time = new Date(at).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" });
  return `${time} · ${user}: ${change(op, before, after)}`;
}

function change(op, before, after) {
  const field = after?.[op] === undefined ? null : op;
  if (field === "attributes") return attributeChange(before?.attributes ?? {}, after.attributes);
  if (field === "box") return `box ${short(before?.box)} → ${short(after.box)}`;
  if (field === "identity") return `identity ${before?.identity ?? "–"} → ${after.identity ?? "–"}`;
  if (field === "tags") return `tags ${after.tags.join(", ") || "–"}`;
  return op;
}

function attributeChange(before, after) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.filter((name) => before[name] !== after[name]);
  return changed.map((name) => `${name} ${before[name] ?? "–"} → ${after[name] ?? "–"}`).join(", ");
}

const short = (box) => (box ? box.map((value) => Math.round(value)).join(" ") : "–");
