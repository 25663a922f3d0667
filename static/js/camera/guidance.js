/** The guidance loop: one frame in flight at a time, so that no verdict is stale. */

import { CheckFailure } from "./check.js";
import { adapt, FIRST_PACE, rest } from "./pace.js";

/** Grabs and checks frames repeatedly until stopped. */
export class Guidance {
  #grab;
  #check;
  #clock;
  #pace = FIRST_PACE;
  #running = null;

  /** @type {(verdict: import("./check.js").Verdict, now: number) => void} */
  onverdict = () => {};
  /** @type {(failure: CheckFailure) => void} */
  onfailure = () => {};

  /**
   * @param {(side: number, quality: number) => Promise<Blob>} grab
   * @param {(frame: Blob, signal: AbortSignal) => Promise<import("./check.js").Verdict>} check
   * @param {{now: () => number, wait: (ms: number) => Promise<void>}} clock
   */
  constructor(grab, check, clock) {
    this.#grab = grab;
    this.#check = check;
    this.#clock = clock;
  }

  /** @returns {import("./pace.js").Pace} */
  get pace() {
    return this.#pace;
  }

  start() {
    if (this.#running) return;
    this.#running = new AbortController();
    this.#loop(this.#running.signal);
  }

  stop() {
    this.#running?.abort();
    this.#running = null;
  }

  async #loop(signal) {
    while (!signal.aborted) {
      await this.#clock.wait(await this.#round(signal));
    }
  }

  /** @returns {Promise<number>} ms to wait before the next round */
  async #round(signal) {
    const began = this.#clock.now();
    try {
      const frame = await this.#grab(this.#pace.side, this.#pace.quality);
      const verdict = await this.#check(frame, signal);
      if (signal.aborted) return 0;
      const roundTrip = this.#clock.now() - began;
      this.#pace = adapt(this.#pace, roundTrip);
      this.onverdict(verdict, this.#clock.now());
      return rest(roundTrip);
    } catch (error) {
      if (signal.aborted) return 0;
      const failure = error instanceof CheckFailure ? error : new CheckFailure("refused", 1000);
      this.onfailure(failure);
      return failure.retryMs;
    }
  }
}
