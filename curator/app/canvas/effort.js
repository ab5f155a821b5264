// How long a person took for something, and how many actions, to tell the pace.
import { round } from "./geometry.js";

export class Effort {
  // Who thinks longer than so many seconds about one action is having coffee.
  constructor(longest) {
    this.longest = longest;
    this.begin();
  }

  begin() {
    this.seconds = 0;
    this.actions = 0;
    this.clock = performance.now();
  }

  // Counts one action, and the time since the one before.
  tick() {
    const now = performance.now();
    this.seconds = round(this.seconds + Math.min((now - this.clock) / 1000, this.longest));
    this.actions += 1;
    this.clock = now;
  }

  // As the server is told.
  get spent() {
    return { seconds: this.seconds, actions: this.actions };
  }
}
