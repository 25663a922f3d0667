/** Verifying by movements: the server asks for one after the other, and then judges. */

import { ChallengeRefusal } from "../camera/challenge.js";
import { LightPace } from "../camera/light.js";
import { fill } from "../words.js";

export const SIDE = 480;
export const QUALITY = 0.85;
/** Four frames a second: more cost the server time and tell it nothing more. */
export const SHORTEST_INTERVAL_MS = 250;

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
  #refusal = "";
  #running = new AbortController();

  /**
   * @param {object} parts
   * @param {HTMLFormElement} parts.form
   * @param {HTMLInputElement} parts.claim the field that says who one claims to be
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

  begin() {
    this.#refusal = "";
  }

  accepts() {
    return this.#claim.value.trim() !== "";
  }

  wish() {
    return this.#words.claim_first;
  }

  count() {
    const { step = 0, of = 0 } = this.#asked ?? {};
    return step > 0 ? fill(this.#words.movement_of, { n: step, all: of }) : "";
  }

  taken() {
    return this.#refusal || this.#words.movements_done;
  }

  /** Stop asking: the camera is gone, or the page is in the background. */
  interrupt() {
    this.#running.abort();
    this.#asked = null;
  }

  async capture(grabber, _show, tell) {
    this.#running = new AbortController();
    try {
      this.#field.value = await this.#goThrough(grabber, tell, this.#running.signal);
      return "enough";
    } catch (error) {
      if (!(error instanceof ChallengeRefusal && error.again)) throw error;
      this.#refusal = error.message;
      return "more";
    }
  }

  finish() {
    this.#form.requestSubmit();
  }

  async #goThrough(grabber, tell, signal) {
    const begun = await this.#client.begin(this.#claim.value.trim(), signal);
    this.#asked = begun;
    let grabbed = -Infinity;
    for (;;) {
      await this.#pace.admit(this.#asked.light ?? null);
      tell(this.#asked);
      if (this.#asked.instruction === "done") return begun.challenge;
      await this.#wait(Math.max(0, SHORTEST_INTERVAL_MS - (this.#now() - grabbed)));
      grabbed = this.#now();
      const frame = await grabber.small(SIDE, QUALITY);
      this.#asked = await this.#seen(begun.challenge, frame, signal);
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
}
