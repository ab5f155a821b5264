// The images to come: at most four, all fetched and the next two decoded before they are needed.
import { ask, query } from "./wire.js";

const LENGTH = 4;
const DECODED = 2;
const RENEW_EVERY = 120_000;
// A count that differs by less may only be late.
const BEHIND = 20;
const AGAIN_AFTER = 2000;

export class Queue extends EventTarget {
  // ``busy`` names the images with steps that are not stored yet; they must not come again.
  constructor(filters, busy) {
    super();
    this.filters = filters;
    this.busy = busy;
    this.ahead = [];
    this.photos = new Map();
    this.left = null;
    this.done = null;
    this.empty = false;
    this.renewing = setInterval(() => this.renew(), RENEW_EVERY);
  }

  // The next item and its photo, ready to be painted; null when there are no more.
  async take() {
    while (!this.ahead.length && !this.empty) await this.refill();
    const [item] = this.ahead;
    if (!item) return null;
    await this.photo(item);
    return this.takeReady();
  }

  // Whether ``takeReady`` may be called: without waiting, for the sake of speed.
  get ready() {
    const [next] = this.ahead;
    return Boolean(next && this.photos.get(next.image.id)?.ready);
  }

  takeReady() {
    const item = this.ahead.shift();
    const photo = this.photos.get(item.image.id);
    this.current = item;
    this.refill();
    return { item, photo };
  }

  // An image is looked at out of its turn; as it was fetched for later, it may be out of date.
  visit(item) {
    this.current = item;
    this.ahead = this.ahead.filter(({ image }) => image.id !== item.image.id);
  }

  // Puts an image back that was left for another.
  putBack(item) {
    this.ahead.unshift(item);
    this.changed();
  }

  // Fetches what is missing; one request at a time.
  refill() {
    this.filling ??= this.fill().finally(() => (this.filling = null));
    return this.filling;
  }

  async fill() {
    const missing = LENGTH - this.ahead.length;
    if (missing > 0) await this.fetch(missing);
    this.ahead.slice(0, DECODED).forEach((item) => this.photo(item));
    this.ahead.slice(DECODED).forEach((item) => this.fetched(item));
    this.changed();
  }

  async fetch(count) {
    const except = [...this.held(), ...this.busy()];
    this.finished = new Set();
    try {
      const parameters = { count, except: [...new Set(except)].join(","), ...this.filters };
      const answer = await ask(`next?${query(parameters)}`);
      const here = new Set([...this.held(), ...this.busy(), ...this.finished]);
      this.ahead.push(...answer.items.filter(({ image }) => !here.has(image.id)));
      this.count(answer);
      this.empty = answer.items.length === 0;
      this.trouble = null;
    } catch (error) {
      this.trouble = error.message;
      this.changed();
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER));
    }
  }

  // The server counts every few seconds only, and may be behind what was done here.
  count({ left, done_today: done }) {
    const near = (one, other) => one !== null && Math.abs(one - other) < BEHIND;
    this.left = near(this.left, left) ? Math.min(this.left, left) : left;
    this.done = near(this.done, done) ? Math.max(this.done, done) : done;
  }

  // One more is done, which the server may not have heard of yet.
  finish(image) {
    this.finished?.add(image);
    this.empty = false;
    if (this.left !== null) this.left = Math.max(this.left - 1, 0);
    if (this.done !== null) this.done += 1;
  }

  unfinish() {
    if (this.left !== null) this.left += 1;
    if (this.done !== null) this.done -= 1;
  }

  held() {
    const items = this.current ? [this.current, ...this.ahead] : this.ahead;
    return items.map(({ image }) => image.id);
  }

  // The decoded photo of an item, as an element of its own that is shown as it is.
  photo(item) {
    const photo = this.fetched(item);
    photo.loading ??= photo.element
      .decode()
      .catch(() => (photo.broken = true))
      .then(() => {
        photo.ready = true;
        return photo;
      });
    return photo.loading;
  }

  // Fetching it early lets the server make its copies early.
  fetched(item) {
    const known = this.photos.get(item.image.id);
    if (known) return known;
    const element = new Image();
    element.alt = "";
    element.draggable = false;
    element.decoding = "sync";
    element.src = item.display;
    const photo = { element, ready: false, broken: false };
    this.photos.set(item.image.id, photo);
    this.forgetPhotos();
    return photo;
  }

  forgetPhotos() {
    const held = new Set(this.held());
    for (const id of this.photos.keys()) if (!held.has(id)) this.photos.delete(id);
  }

  renew() {
    const images = this.held();
    if (images.length) ask("renew", { images }).catch(() => {});
  }

  close() {
    clearInterval(this.renewing);
  }

  changed() {
    this.dispatchEvent(new Event("changed"));
  }
}
