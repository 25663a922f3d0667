/** Announces what matters to screen readers, without chatter. */

export const QUIET_MS = 1500;

/**
 * Passes on a text only after it has been unchanged for QUIET_MS and differs from the last one.
 * Passes on an urgent text at once.
 */
export class Announcer {
  #announced = "";
  #waiting = "";
  #timer = null;
  #write;
  #clock;

  /**
   * @param {(text: string) => void} write into the live region
   * @param {{setTimeout: Function, clearTimeout: Function}} clock
   */
  constructor(write, clock = globalThis) {
    this.#write = write;
    this.#clock = clock;
  }

  /**
   * Announce the text if it is still the latest after QUIET_MS.
   * @param {string} text
   */
  settle(text) {
    if (text === this.#waiting) return;
    this.#waiting = text;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => this.#utter(text), QUIET_MS);
  }

  /**
   * Announce the text at once, and drop a pending one.
   * @param {string} text
   */
  urgent(text) {
    this.#clock.clearTimeout(this.#timer);
    this.#waiting = text;
    this.#utter(text);
  }

  /** @param {string} text */
  #utter(text) {
    if (text === this.#announced) return;
    this.#announced = text;
    this.#write(text);
  }
}
