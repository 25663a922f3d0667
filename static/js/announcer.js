/** Tells a screen reader what matters, without chatter. */

export const QUIET_MS = 1500;

/**
 * Passes a text on only when it has stood for a moment and differs from the last one said.
 * An urgent text is said at once.
 */
export class Announcer {
  #said = "";
  #waiting = "";
  #timer = null;
  #say;
  #clock;

  /**
   * @param {(text: string) => void} say writes into the live region
   * @param {{setTimeout: Function, clearTimeout: Function}} clock
   */
  constructor(say, clock = globalThis) {
    this.#say = say;
    this.#clock = clock;
  }

  /**
   * Say the text if it is still the latest after QUIET_MS.
   * @param {string} text
   */
  settle(text) {
    if (text === this.#waiting) return;
    this.#waiting = text;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => this.#utter(text), QUIET_MS);
  }

  /**
   * Say the text at once and drop what was waiting.
   * @param {string} text
   */
  urgent(text) {
    this.#clock.clearTimeout(this.#timer);
    this.#waiting = text;
    this.#utter(text);
  }

  /** @param {string} text */
  #utter(text) {
    if (text === this.#said) return;
    this.#said = text;
    this.#say(text);
  }
}
