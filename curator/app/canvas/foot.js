// Below the image: what was done, what comes, how it goes; and buttons for those without keys.
import { h, plural, say } from "./elements.js";

// So many faces and images tell the pace.
const LATELY = 20;
const BUTTONS = [
  ["point-1", "1"],
  ["point-2", "2"],
  ["point-3", "3"],
  ["point-4", "4"],
  ["point-5", "5"],
  ["new", "New"],
  ["reject", "Reject"],
  ["visibility", "Hidden"],
  ["fit", "Fit"],
  ["face-before", "‹ Face"],
  ["face-after", "Face ›"],
];

export class Foot {
  constructor(mode) {
    this.mode = mode;
    this.pace = [];
    const act = (name) => () => {
      mode.act(name);
      mode.focus();
    };
    this.accept = h(
      "button",
      { type: "button", class: "primary", onclick: act("accept") },
      "Accept and next",
      h("kbd", {}),
    );
    this.skip = h("button", { type: "button", onclick: act("skip") }, "Later", h("kbd", {}));
    const tools = BUTTONS.map(([name, text]) =>
      h("button", { type: "button", onclick: act(name) }, text),
    );
    this.tools = h("div", { class: "tools", role: "group", "aria-label": "tools" }, ...tools);
    this.strip = h("ol", { class: "strip", "aria-label": "images before and after" });
    this.progress = h("p", { class: "progress" });
    this.root = h(
      "div",
      { class: "foot" },
      this.strip,
      this.tools,
      this.progress,
      this.skip,
      this.accept,
    );
    this.relabel();
  }

  relabel() {
    const { keys } = this.mode;
    say(this.accept.querySelector("kbd"), keys.get("accept") ?? "");
    say(this.skip.querySelector("kbd"), keys.get("skip") ?? "");
  }

  draw() {
    const { editor, queue } = this.mode;
    const idle = !editor.item;
    this.accept.disabled = idle;
    this.skip.disabled = idle;
    const before = editor.past.slice(-3).map((item) => this.small(item, "done"));
    const here = idle ? [] : [this.small(editor.item, "here")];
    const after = queue.ahead.map((item) => this.small(item, "ahead"));
    const said = [...before, ...here, ...after].map(({ key }) => key).join();
    if (this.shown !== said) {
      this.shown = said;
      this.strip.replaceChildren(...[...before, ...here, ...after].map(({ make }) => make()));
    }
    this.count(queue);
  }

  small(item, kind) {
    const { name } = item.image;
    const make = () => {
      const picture = h("img", { src: item.thumbnail, alt: "", decoding: "async" });
      const why = item.why.map((one) => this.mode.desk.reason(one)).join(", ");
      const title = why ? `${name} · ${why}` : name;
      if (kind !== "done") return h("li", { class: kind, title }, picture);
      const back = () => {
        this.mode.editor.visit(item);
        this.mode.focus();
      };
      return h(
        "li",
        { class: kind },
        h(
          "button",
          { type: "button", title, "aria-label": `back to ${name}`, onclick: back },
          picture,
        ),
      );
    };
    return { key: `${kind}${item.image.id}`, make };
  }

  // What one image took, from its first paint until it was accepted.
  learn({ seconds, actions }, faces) {
    this.pace = [...this.pace, { seconds, actions, faces: Math.max(faces, 1) }].slice(-LATELY);
  }

  count({ left, done }) {
    const said = [];
    if (left !== null) said.push(`${left.toLocaleString("en")} left`);
    if (done !== null) said.push(`${plural(done, "image")} today`);
    if (this.pace.length) said.push(...this.lately());
    say(this.progress, said.join(" · "));
  }

  lately() {
    const sum = (name) => this.pace.reduce((total, one) => total + one[name], 0);
    const faces = sum("faces");
    const each = (value) => (value / faces).toFixed(1);
    return [`${each(sum("seconds"))} s and ${each(sum("actions"))} actions a face`];
  }
}
