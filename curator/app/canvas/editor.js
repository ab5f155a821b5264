// One image and the hands on it: which face is chosen, what is being dragged, what was done.
// What is shown is always what the server last said, with the steps over it that it has not
// answered yet, and over those what is under way.
import { ask } from "./wire.js";
import { Drawing } from "./drawing.js";
import { Effort } from "./effort.js";
import * as faces from "./faces.js";
import * as geometry from "./geometry.js";
import { Pointer } from "./pointer.js";
import { View } from "./view.js";

const LONGEST_THOUGHT = 30;
// A smaller sketch is a slip of the hand, screen pixels.
const SMALLEST_SKETCH = 8;
const PAST = 12;

export class Editor extends EventTarget {
  constructor(desk, stage, queue) {
    super();
    this.desk = desk;
    this.stage = stage;
    this.queue = queue;
    this.view = new View(stage);
    this.drawn = new Drawing(stage, this.view, desk.schemes);
    this.pointer = new Pointer(stage, this.view, this);
    this.item = null;
    this.past = [];
    this.dropped = [];
    this.waiting = [];
    this.painted = false;
    this.effort = new Effort(LONGEST_THOUGHT);
  }

  get saves() {
    return this.desk.saves;
  }

  get image() {
    return this.item?.image.id ?? null;
  }

  // The next image; keys pressed meanwhile are kept for it.
  async next() {
    this.painted = false;
    if (this.item) this.remember(this.item);
    this.carried = this.face ? faces.only(this.face) : this.carried;
    const photo = this.queue.ready ? this.queue.takeReady() : await this.queue.take();
    if (photo) this.show(photo);
    else this.finish();
  }

  // An image from elsewhere: undone, or looked at again. The present one is put back.
  async visit(item) {
    this.settle();
    if (this.image === item.image.id) {
      this.renew(item);
      return;
    }
    this.painted = false;
    this.past = this.past.filter(({ image }) => image.id !== item.image.id);
    if (this.item) this.queue.putBack(this.item);
    this.queue.visit(item);
    this.show({ item, photo: await this.queue.photo(item) });
  }

  remember(item) {
    this.past = [...this.past.filter(({ image }) => image.id !== item.image.id), item].slice(-PAST);
  }

  show({ item, photo }) {
    this.item = item;
    this.broken = photo.broken;
    this.draft = null;
    this.part = null;
    this.saves.versions.set(
      item.image.id,
      this.saves.versionOf(item.image.id) ?? item.image.version,
    );
    this.effort.begin();
    this.view.show(item, photo);
    const shown = this.faces;
    const asked = item.why.find(({ face }) => shown.some(({ id }) => id === face))?.face;
    this.chosen = asked ?? shown.find(({ status }) => status !== "rejected")?.id ?? null;
    this.frameFirst(shown, asked);
    this.redraw();
    this.dispatchEvent(new Event("shown"));
    // Only what has been on the screen can be acted upon: after the next frame.
    requestAnimationFrame(() => setTimeout(() => this.paint(), 0));
  }

  paint() {
    performance.mark("curator:painted", { detail: this.image });
    this.goOn();
  }

  goOn() {
    this.painted = true;
    while (this.painted && this.waiting.length) this.waiting.shift()();
  }

  // Runs something now, or as soon as the image is painted that it is meant for.
  whenPainted(act) {
    if (this.painted) act();
    else this.waiting.push(act);
  }

  finish() {
    this.item = null;
    this.chosen = null;
    this.view.clear();
    this.redraw();
    this.dispatchEvent(new Event("shown"));
    // What needs no image can be done now, such as undo; all else does nothing.
    this.goOn();
  }

  frameFirst(shown, asked) {
    const present = shown.filter(({ status }) => status !== "rejected");
    const one = shown.find(({ id }) => id === asked) ?? (present.length === 1 ? present[0] : null);
    if (one) this.view.frame(one.box, this.desk.settings.frame);
    else if (present.length) this.frameAll(present);
    else this.view.whole();
  }

  // All faces, but never closer than the closest would be alone.
  frameAll(present) {
    const box = geometry.around(present.map((face) => face.box));
    const { width, height } = this.item.image;
    const margin = 0.06 * Math.max(width, height);
    const wide = [box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin];
    this.view.frame(wide, 0.96);
    const whole = 0.98 * Math.min(this.view.size.width / width, this.view.size.height / height);
    if (this.view.now.scale < whole) this.view.whole();
  }

  known(image) {
    return [this.item, ...this.past].find((item) => item?.image.id === image);
  }

  // What the server has stored meanwhile, of this image or of an earlier one.
  stored({ image, faces: base, version, ids = {} }) {
    const item = this.known(image);
    if (!item) return;
    item.faces = withRejected(base, this.shownOf(item));
    item.image.version = version;
    if (item !== this.item) return;
    this.chosen = ids[this.chosen] ?? this.chosen;
    if (this.draft) this.draft.face = ids[this.draft.face] ?? this.draft.face;
    this.redraw();
  }

  // The image as somebody else, or an undo, has left it.
  renew(item) {
    this.item = item;
    this.saves.versions.set(item.image.id, item.image.version);
    if (!this.faces.some(({ id }) => id === this.chosen)) this.chosen = this.faces[0]?.id ?? null;
    this.part = null;
    this.redraw();
    this.dispatchEvent(new Event("shown"));
  }

  get settled() {
    return this.item ? this.shownOf(this.item) : [];
  }

  shownOf({ image, faces: base }) {
    return this.saves.of(image.id).reduce((all, { body }) => faces.applied(all, body), base);
  }

  get faces() {
    const { settled, draft } = this;
    return draft ? faces.applied(settled, { edits: draft.edits }) : settled;
  }

  get face() {
    return this.faces.find(({ id }) => id === this.chosen) ?? null;
  }

  redraw() {
    this.drawn.draw(this.faces, this.chosen, this.part);
    this.dispatchEvent(new Event("changed"));
  }

  choose(id, part = null, { framed = false } = {}) {
    this.settle();
    this.chosen = id;
    this.part = part;
    const { face } = this;
    if (face && framed) this.view.frame(face.box, this.desk.settings.frame);
    this.redraw();
    if (face) this.desk.tell(this.describe(face));
  }

  describe(face) {
    return faces.described(face, this.faces.indexOf(face) + 1, this.faces.length);
  }

  // One step: shown at once, sent in its turn.
  commit(edits, { done = false } = {}) {
    if (!edits.length && !done) return;
    if (edits.some((one) => this.untouchable(one))) {
      this.desk.tell("this face is rejected; X takes that back");
      return;
    }
    this.dropped = [];
    this.effort.tick();
    const spent = done ? this.effort.spent : null;
    this.saves.save(this.image, { edits, done, spent });
  }

  untouchable({ face: id, op }) {
    const face = this.settled.find((one) => one.id === id);
    return face?.status === "rejected" && op !== "restore";
  }

  accept() {
    this.settle();
    this.commit([], { done: true });
    this.dispatchEvent(new CustomEvent("accepted", { detail: this.effort.spent }));
    this.queue.finish(this.image);
    return this.next();
  }

  takeAnswer(user) {
    this.settle();
    this.dropped = [];
    this.saves.choose(this.image, user);
    this.queue.finish(this.image);
    return this.next();
  }

  async undo() {
    this.settle();
    const last = this.saves.dropLast();
    if (last) return this.undone(last);
    return this.answered(await this.asked("undo"), "undo");
  }

  // A step that never left: the image it belongs to is shown as it was.
  async undone(entry) {
    this.dropped.push(entry);
    const item = this.past.find(({ image }) => image.id === entry.image);
    if (entry.body.done) this.queue.unfinish();
    if (entry.image !== this.image && item) await this.visit(item);
    this.redraw();
    this.desk.tell("undone");
  }

  async redo() {
    this.settle();
    const entry = this.dropped.pop();
    if (!entry) return this.answered(await this.asked("redo"), "redo");
    const { edits, done, spent } = entry.body;
    this.saves.save(entry.image, { edits, done, spent });
    if (done && entry.image === this.image) {
      this.queue.finish(this.image);
      return this.next();
    }
    this.redraw();
    return this.desk.tell("redone");
  }

  // Asked in the line of the saves; null where the server refused, which the desk has said.
  asked(what) {
    return this.saves.question(what).catch(() => null);
  }

  async answered(answer, what) {
    if (!answer) return;
    if (answer.item) await this.visit(answer.item);
    this.desk.tell(answer.item ? `${what}ne` : `nothing to ${what}`);
  }

  async back() {
    const item = this.past.at(-1);
    if (!item) return this.desk.tell("there is no image before");
    // As it is now: a step may have been taken back, or somebody else may have been there.
    const fresh = this.saves.of(item.image.id).length ? item : await ask(`image/${item.image.id}`);
    return this.visit(fresh).catch(() => this.desk.notice("That image cannot be fetched now."));
  }

  // ---- what the pointer does ----

  grip(place, reach) {
    const { face } = this;
    const part = face && geometry.hit(face, this.view.now, place, reach);
    if (part && !part.inside) return { face: face.id, part };
    const found = this.gripOther(place, reach);
    return part && (!found || found.part.inside) ? { face: face.id, part } : found;
  }

  gripOther(place, reach) {
    const others = this.faces.filter(({ id }) => id !== this.chosen);
    const found = others
      .map((face) => ({ face, part: geometry.hit(face, this.view.now, place, reach) }))
      .filter(({ part }) => part);
    if (!found.length) return null;
    // Of faces over each other the smallest is meant; anything else of it can be held as well.
    found.sort((one, other) => geometry.area(one.face.box) - geometry.area(other.face.box));
    const best = found.find(({ part }) => !part.inside) ?? found[0];
    return { face: best.face.id, part: best.part };
  }

  hold({ face, part }) {
    if (face !== this.chosen) this.choose(face);
    this.settle();
    this.part = part.inside ? null : part;
    this.redraw();
  }

  drag({ face: id, part }, dx, dy) {
    const face = this.settled.find((one) => one.id === id);
    if (face) this.try(this.shift(face, part.inside ? null : part, dx, dy));
  }

  // Moves a part of a face, or all of it.
  shift(face, part, dx, dy) {
    if (part?.point !== undefined) {
      const [x, y] = face.points[part.point];
      return [faces.placed(face, part.point, [x + dx, y + dy])];
    }
    if (!part?.edges) return faces.shifted(face, dx, dy);
    const box = part.edges.reduce((now, edge) => {
      const at = geometry.EDGES.indexOf(edge);
      return geometry.withEdge(now, edge, face.box[at] + (at % 2 ? dy : dx), this.item.image);
    }, face.box);
    return [faces.edit(face.id, "box", { box })];
  }

  sketch(from, to) {
    const box = geometry.drawn(from, to, this.item.image);
    const id = this.draft?.face ?? null;
    const made = faces.create({ ...faces.BARE, box });
    if (id !== null && this.draft.sketched) made.face = id;
    this.try([made], { sketched: true });
    this.chosen = made.face;
    this.part = null;
  }

  // Shows edits without making them: until ``settle`` makes them one step, or ``cancel`` not.
  try(edits, more = {}) {
    this.draft = { edits, face: edits[0].face, ...more };
    this.redraw();
  }

  settle() {
    const { draft } = this;
    if (!draft) return;
    this.draft = null;
    const box = draft.sketched ? draft.edits[0].after.box : null;
    const small =
      box && this.view.now.scale * Math.min(box[2] - box[0], box[3] - box[1]) < SMALLEST_SKETCH;
    if (small) this.chosen = this.settled[0]?.id ?? null;
    else this.commit(draft.edits);
    this.redraw();
  }

  cancel() {
    if (!this.draft) return;
    this.draft = null;
    if (!this.face) this.chosen = this.settled[0]?.id ?? null;
    this.redraw();
  }

  click(kind) {
    this.cancel();
    if (kind === "sketch") this.part = null;
    this.redraw();
  }

  hover(place) {
    this.drawn.guide(place);
  }
}

// The server leaves rejected faces out; while the image is open they stay, to be taken back.
function withRejected(base, shown) {
  const there = new Map(base.map((face) => [face.id, face]));
  const kept = shown.filter((face) => there.has(face.id) || face.status === "rejected");
  const known = new Set(kept.map(({ id }) => id));
  return [
    ...kept.map((face) => there.get(face.id) ?? face),
    ...base.filter(({ id }) => !known.has(id)),
  ];
}
