// What people did, on its way to the server: one step after the other, in order, each once.
//
// A step is kept in the browser's own storage from the key press until the server has answered,
// so that neither a reload nor a crash nor a lost network loses it. Every step has an id that the
// server remembers: sending one again, also from a second tab, stores it once. A step belongs to
// a version of its image, which grows with each answer.
//
// Events: "changed" (more or less is waiting), "stored", "conflict" (somebody else was faster:
// the person decides), "refused" (the server will never take it, and says why).
import { uuid } from "./elements.js";
import { ask, Refused } from "./wire.js";

const FIRST_WAIT = 250;
const LONGEST_WAIT = 4000;
const FINAL = [400, 404, 409, 413, 422];

export class Saves extends EventTarget {
  // ``space`` keeps the steps of datasets and people apart, who may share a browser.
  constructor(space) {
    super();
    this.space = `curator:unsent:${space}:`;
    this.entries = this.kept();
    this.versions = new Map();
    this.wait = 0;
    this.trouble = null;
    addEventListener("online", () => this.hurry());
  }

  // What an earlier page could not send, oldest first.
  kept() {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(this.space))
      .sort()
      .map((key) => ({ ...read(key), key, tried: true }))
      .filter((entry) => entry.path);
  }

  // Takes over what was done to an image; it is safe when this returns.
  save(image, { edits, done = false, spent = null }) {
    const version = this.versionOf(image);
    const body = { image, version, step: uuid(), edits, done, ...(spent && { spent }) };
    return this.push({ path: "save", image, body });
  }

  // Takes over what somebody said of an image, where two people disagree.
  choose(image, user) {
    const version = this.versionOf(image);
    const body = { image, version, step: uuid(), user, edits: [], done: true };
    return this.push({ path: "choose", image, body });
  }

  // The same for what concerns several images; ``sent`` is called with the answer.
  post(path, body, sent = null) {
    return this.push({ path, image: null, body: { step: uuid(), ...body }, sent });
  }

  push(entry) {
    entry.key = this.space + place();
    this.keep(entry);
    this.entries.push(entry);
    this.changed();
    this.send();
    return entry;
  }

  // Undo and redo are asked in the same line, after all that came before, and kept as steps are.
  question(path) {
    return new Promise((sent, reject) => {
      this.push({ path, image: null, body: { step: uuid() }, sent, reject });
    });
  }

  // Forgets the latest step and returns it, if the server cannot know of it yet; else null.
  dropLast() {
    const last = this.entries.at(-1);
    if (!last || last.tried || last.image === null) return null;
    this.remove(last);
    this.changed();
    return last;
  }

  of(image) {
    return this.entries.filter((entry) => entry.image === image);
  }

  versionOf(image) {
    return this.of(image).at(-1)?.body.version ?? this.versions.get(image);
  }

  // The browser keeps the steps of a conflict until the person has decided.
  forget(entries) {
    entries.forEach((entry) => localStorage.removeItem(entry.key));
  }

  hurry() {
    this.wait = 0;
    this.awake?.();
  }

  async send() {
    if (this.busy) return;
    this.busy = true;
    while (this.entries.length) await this.sendFirst(this.entries[0]);
    this.busy = false;
  }

  async sendFirst(entry) {
    if (isAnswered(entry)) {
      this.remove(entry);
      this.changed();
      return;
    }
    entry.tried = true;
    try {
      const answer = await ask(entry.path, entry.body);
      this.calm();
      this.stored(entry, answer);
    } catch (error) {
      if (error instanceof Refused && isFinal(error, entry)) this.refused(entry, error);
      else await this.pause(error);
    }
    this.changed();
  }

  stored(entry, answer) {
    this.remove(entry);
    if (entry.image !== null) this.renew(entry.image, answer);
    entry.sent?.(answer);
    this.tell("stored", { entry, answer });
  }

  // Later steps of the image go on from the answer: its version, and numbers for new faces.
  renew(image, { version, ids = {} }) {
    this.versions.set(image, version);
    for (const entry of this.of(image)) {
      entry.body.version = version;
      for (const one of entry.body.edits) one.face = ids[one.face] ?? one.face;
      this.keep(entry);
    }
  }

  // Trying again is no use. Whoever decides, other images do not wait for it.
  refused(entry, error) {
    this.calm();
    if (error.status === 409 && entry.path === "save") {
      const steps = this.of(entry.image);
      this.entries = this.entries.filter((other) => !steps.includes(other));
      this.tell("conflict", { image: entry.image, steps, theirs: error.answer });
      return;
    }
    this.remove(entry);
    entry.reject?.(error);
    this.tell("refused", { entry, error });
  }

  async pause(error) {
    this.trouble = error instanceof Refused && error.status < 500 ? error.message : "offline";
    this.wait = Math.min(Math.max(this.wait * 2, FIRST_WAIT), LONGEST_WAIT);
    this.changed();
    await new Promise((resolve) => {
      this.awake = resolve;
      setTimeout(resolve, this.wait);
    });
    // Any answer that is read brings a right token, where a wrong one was the trouble.
    if (error instanceof Refused) await ask("settings").catch(() => {});
  }

  calm() {
    this.wait = 0;
    this.trouble = null;
  }

  keep({ key, path, image, body }) {
    if (!key) return;
    try {
      localStorage.setItem(key, JSON.stringify({ path, image, body }));
      this.full = false;
    } catch {
      // It still goes to the server; only a crash in between would lose it.
      this.full = true;
    }
  }

  remove(entry) {
    this.entries = this.entries.filter((other) => other !== entry);
    if (entry.key) localStorage.removeItem(entry.key);
  }

  changed() {
    this.dispatchEvent(new Event("changed"));
  }

  tell(what, detail) {
    this.dispatchEvent(new CustomEvent(what, { detail }));
  }
}

// A wrong token is a matter of one more try; what is forbidden then is forbidden to this person.
function isFinal({ status }, entry) {
  if (status !== 403) return FINAL.includes(status);
  entry.forbidden = (entry.forbidden ?? 0) + 1;
  return entry.forbidden > 1;
}

// An undo of an earlier page that another tab has sent meanwhile: where it found nothing to undo,
// the server knows nothing of it, and it would take back what was done since.
function isAnswered({ path, key, sent }) {
  const asked = path === "undo" || path === "redo";
  return asked && !sent && localStorage.getItem(key) === null;
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? {};
  } catch {
    return {};
  }
}

// Sorts as text in the order of time, within one page and across reloads.
let count = 0;
function place() {
  count += 1;
  const digits = (number, length) => String(number).padStart(length, "0");
  return `${digits(Date.now(), 15)}-${digits(count, 6)}-${uuid().slice(0, 8)}`;
}
