/** Verifying by movements: the server asks for one after the other, and then judges. */

import { ChallengeRefusal } from "../camera/challenge.js";
import { LightPace } from "../camera/light.js";
import { fill } from "../words.js";

export const SIDE = 480;
export const QUALITY = 0.85;
/** Four frames a second: more cost the server time and tell it nothing more. */
export const SHORTEST_INTERVAL_MS = 250;
/** How often a request is repeated that nobody answered, or that came at a busy moment. */
export const MOST_REPEATS = 5;
const PAUSE_MS = 1000;

/** @implements {import("../camera/booth.js").Plan} */
export class Challenging {
  #form;
  #claim;
  #field;
  #client;
  #words;
  #wait;
  #now;
  #pace;
  #asked = null;
  #running = new AbortController();

  /**
   * @param {object} parts
   * @param {HTMLFormElement} parts.form
   * @param {{value: string}} parts.claim who somebody claims to be, fixed while the camera is on
   * @param {HTMLInputElement} parts.field takes the challenge when it is done
   * @param {import("../camera/challenge.js").ChallengeClient} parts.client
   * @param {import("../words.js").Words} parts.words
   * @param {(ms: number) => Promise<void>} parts.wait
   * @param {() => number} parts.now ms
   */
  constructor({ form, claim, field, client, words, wait, now }) {
    this.#form = form;
    this.#claim = claim;
    this.#field = field;
    this.#client = client;
    this.#words = words;
    this.#wait = wait;
    this.#now = now;
    this.#pace = new LightPace(wait, now);
  }

  begin() {}

  accepts() {
    return true;
  }

  wish() {
    return "";
  }

  count() {
    const { step = 0, of = 0 } = this.#asked ?? {};
    return step > 0 ? fill(this.#words.movement_of, { n: step, all: of }) : "";
  }

  taken() {
    return this.#words.movements_done;
  }

  /** Stop asking: the camera is gone, or the page is in the background. */
  interrupt() {
    this.#running.abort();
    this.#asked = null;
  }

  async capture(grabber, _show, tell) {
    this.#running = new AbortController();
    this.#field.value = await this.#goThrough(grabber, tell, this.#running.signal);
    return "enough";
  }

  finish() {
    this.#form.requestSubmit();
  }

  async #goThrough(grabber, tell, signal) {
    const begin = () => this.#client.begin(this.#claim.value.trim(), signal);
    const begun = await this.#repeated(begin, signal);
    this.#asked = begun;
    let grabbed = -Infinity;
    for (;;) {
      await this.#pace.admit(this.#asked.light ?? null);
      tell(this.#asked);
      if (this.#asked.instruction === "done") return begun.challenge;
      await this.#wait(Math.max(0, SHORTEST_INTERVAL_MS - (this.#now() - grabbed)));
      grabbed = this.#now();
      const frame = await grabber.small(SIDE, QUALITY);
      const see = () => this.#seen(begun.challenge, frame, signal);
      this.#asked = await this.#repeated(see, signal, tell);
    }
  }

  /** An answer may get lost: the server then says which frame it waits for. */
  async #seen(challenge, frame, signal) {
    try {
      return await this.#client.see(challenge, this.#asked.frame, frame, signal);
    } catch (error) {
      if (!(error instanceof ChallengeRefusal) || error.expected === null) throw error;
      return { ...this.#asked, frame: error.expected };
    }
  }

  /** Repeat a request a few times while there is no line, or the server is busy. */
  async #repeated(send, signal, tell = () => {}) {
    for (let repeats = 0; ; repeats += 1) {
      try {
        return await send();
      } catch (error) {
        const helps = error instanceof ChallengeRefusal && error.again && repeats < MOST_REPEATS;
        if (!helps || signal.aborted) throw error;
        tell({ ...this.#asked, message: error.message });
        await this.#wait(error.seconds * 1000 || PAUSE_MS);
        signal.throwIfAborted();
      }
    }
  }
}
