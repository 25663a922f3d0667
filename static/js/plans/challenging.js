/** Plan of a liveness challenge: the server prompts one movement after the other, then judges. */

import { ChallengeRefusal } from "../camera/challenge.js";
import { LightPace } from "../camera/light.js";
import { fill } from "../words.js";

export const SIDE = 480;
export const QUALITY = 0.85;
/** Four frames a second: more would cost server time without improving the verdict. */
export const SHORTEST_INTERVAL_MS = 250;
/** Retries of a request without an answer, or while the server is busy. */
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
   * @param {{value: string}} parts.claim the claimed identity, fixed while the camera is on
   * @param {HTMLInputElement} parts.field receives the challenge at its end
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

  /** Stop: the camera is off, or the page is in the background. */
  interrupt() {
    this.#running.abort();
    this.#asked = null;
  }

  async capture(grabber, _show, prompt) {
    this.#running = new AbortController();
    this.#field.value = await this.#run(grabber, prompt, this.#running.signal);
    return "enough";
  }

  finish() {
    this.#form.requestSubmit();
  }

  async #run(grabber, prompt, signal) {
    const begin = () => this.#client.begin(this.#claim.value.trim(), signal);
    const started = await this.#retry(begin, signal);
    this.#asked = started;
    let grabbed = -Infinity;
    for (;;) {
      await this.#pace.admit(this.#asked.light ?? null);
      prompt(this.#asked);
      if (this.#asked.instruction === "done") return started.challenge;
      await this.#wait(Math.max(0, SHORTEST_INTERVAL_MS - (this.#now() - grabbed)));
      grabbed = this.#now();
      const frame = await grabber.small(SIDE, QUALITY);
      const see = () => this.#see(started.challenge, frame, signal);
      this.#asked = await this.#retry(see, signal, prompt);
    }
  }

  /** Send a frame. After a lost answer, continue with the frame that the server expects. */
  async #see(challenge, frame, signal) {
    try {
      return await this.#client.see(challenge, this.#asked.frame, frame, signal);
    } catch (error) {
      if (!(error instanceof ChallengeRefusal) || error.expected === null) throw error;
      return { ...this.#asked, frame: error.expected };
    }
  }

  /** Retry a request up to MOST_REPEATS times while offline, or while the server is busy. */
  async #retry(send, signal, prompt = () => {}) {
    for (let repeats = 0; ; repeats += 1) {
      try {
        return await send();
      } catch (error) {
        const helps = error instanceof ChallengeRefusal && error.again && repeats < MOST_REPEATS;
        if (!helps || signal.aborted) throw error;
        prompt({ ...this.#asked, message: error.message });
        await this.#wait(error.seconds * 1000 || PAUSE_MS);
        signal.throwIfAborted();
      }
    }
  }
}
