// Two people changed one image: the one who was later chooses, face by face, whose stays.
import { crop, windowOf } from "./crop.js";
import { open } from "./dialog.js";
import { h, plural } from "./elements.js";
import * as faces from "./faces.js";
import { around } from "./geometry.js";
import { ask } from "./wire.js";

// ``steps`` are the person's own, which were refused; ``base`` the faces they were made on, or
// null where a reload has forgotten them.
export async function choose(desk, { image, steps, theirs, base }) {
  const item = await ask(`image/${image}`).catch(() => null);
  if (!item) {
    const again = () => choose(desk, { image, steps, theirs, base });
    desk.notice(
      "Your changes to an image wait for a choice, which needs the server.",
      "Try again",
      again,
    );
    return;
  }
  const mine = steps.reduce((all, { body }) => faces.applied(all, body), base ?? item.faces);
  const touched = new Set(steps.flatMap(({ body }) => body.edits.map(({ face }) => face)));
  const pairs = mine
    .filter(({ id }) => touched.has(id))
    .map((face) => pair(face, item.faces, base))
    .filter(({ theirs: other, mine: own }) => !faces.same(other, own));
  const choice = new Choice(desk, item, pairs, named(theirs?.by, desk.user));
  choice.ask((edits) => {
    const done = steps.some(({ body }) => body.done);
    desk.saves.forget(steps);
    desk.saves.versions.set(image, item.image.version);
    desk.mode?.decided?.(item);
    if (edits.length || done) desk.saves.save(image, { edits, done });
    desk.mode?.redraw?.();
  });
}

// The other one may be the same person in another window.
function named(by, me) {
  if (by === me) return { by: "You, in another window,", theirs: "In the other window" };
  return { by: by ?? "Somebody", theirs: by ? `${by}'s` : "Theirs" };
}

// Where only one of the two changed a face there is nothing to choose.
function pair(mine, others, base) {
  const theirs = others.find(({ id }) => id === mine.id) ?? null;
  const before = base?.find(({ id }) => id === mine.id);
  const made = typeof mine.id !== "number";
  const untouched = made || (before && theirs && faces.same(before, theirs));
  return { mine, theirs, keep: untouched ? "mine" : null };
}

class Choice {
  constructor(desk, item, pairs, words) {
    Object.assign(this, { desk, item, pairs, words });
  }

  ask(decided) {
    const save = () => {
      this.over = true;
      dialog.close();
      decided(this.edits());
    };
    this.save = h("button", { type: "button", class: "primary", onclick: save }, "Keep these");
    const all = (keep) => () => this.take(keep);
    this.rows = h("div", { class: "pairs" });
    const dialog = open(
      this.desk,
      "Two people changed this image",
      [
        h(
          "p",
          {},
          `${this.words.by} changed ${this.item.image.name} meanwhile. ${this.question()}`,
        ),
        this.rows,
        h(
          "div",
          { class: "title-row" },
          h("button", { type: "button", onclick: all("mine") }, "All mine", h("kbd", {}, "M")),
          h("button", { type: "button", onclick: all("theirs") }, "All theirs", h("kbd", {}, "T")),
          h("span", { class: "space" }),
          this.save,
        ),
      ],
      { wide: true },
    );
    dialog.classList.add("choice");
    // Closed without a choice, it waits: nothing is stored and nothing is lost.
    dialog.addEventListener("close", () => this.over || this.postpone(decided));
    dialog.addEventListener("keydown", (event) => {
      const keep = { m: "mine", t: "theirs" }[event.key.toLowerCase()];
      if (keep) this.take(keep);
    });
    this.draw();
    // A space bar that is still being hit must not decide anything.
    dialog.tabIndex = -1;
    dialog.focus();
  }

  question() {
    const open = this.pairs.filter(({ keep }) => keep === null).length;
    if (open) return `Whose should stay? ${plural(open, "face")} to decide.`;
    return "You changed different things; both can stay.";
  }

  postpone(decided) {
    this.desk.notice("An image waits for your choice between two versions.", "Choose", () =>
      this.ask(decided),
    );
  }

  take(keep) {
    for (const one of this.pairs) one.keep = keep;
    this.draw();
    this.save.focus();
  }

  draw() {
    this.save.disabled = this.pairs.some(({ keep }) => keep === null);
    this.rows.replaceChildren(...this.pairs.map((one, index) => this.row(one, index)));
  }

  row(one, index) {
    const { mine, theirs } = one;
    const window = windowOf(around([mine, theirs].filter(Boolean).map(({ box }) => box)));
    const side = (name, face, title) => {
      const input = h("input", {
        type: "radio",
        name: `pair-${index}`,
        onchange: () => {
          one.keep = name;
          this.draw();
        },
      });
      input.checked = one.keep === name;
      const picture =
        face && crop(this.item.display, this.item.image, face, this.desk.schemes, window);
      const words = face
        ? [face.status, face.identity, faces.inWords(face.attributes)].filter(Boolean).join(" · ")
        : "no face here";
      return h(
        "label",
        { class: one.keep === name ? "kept" : "" },
        picture,
        h("span", {}, input, title),
        h("small", {}, words),
      );
    };
    return h(
      "fieldset",
      { class: "pair" },
      h("legend", {}, `Face ${index + 1}`),
      side("mine", mine, "Mine"),
      side("theirs", theirs, this.words.theirs),
    );
  }

  // What makes theirs into what was chosen.
  edits() {
    return this.pairs
      .filter(({ keep }) => keep === "mine")
      .flatMap(({ mine, theirs }) => faces.difference(theirs, mine));
  }
}
