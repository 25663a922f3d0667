/** Plan of an enrolment with a liveness challenge: first the challenge, then the pictures. */

/** Challenges in a row that start automatically; after that, the user has to start them. */
export const MOST_TRIES = 2;

/** @implements {import("../camera/booth.js").Plan} */
export class Presenting {
  #movements;
  #pictures;
  #field;
  #judge;
  #words;
  #taken = "";
  #failures = 0;

  /**
   * @param {object} parts
   * @param {import("./challenging.js").Challenging} parts.movements
   * @param {import("./enrolling.js").Enrolling} parts.pictures
   * @param {HTMLInputElement} parts.field holds the challenge after it is passed
   * @param {() => Promise<void>} parts.judge has the challenge judged
   * @param {import("../words.js").Words} parts.words
   */
  constructor({ movements, pictures, field, judge, words }) {
    this.#movements = movements;
    this.#pictures = pictures;
    this.#field = field;
    this.#judge = judge;
    this.#words = words;
  }

  begin() {
    this.#now.begin();
  }

  accepts(verdict) {
    return this.#now.accepts(verdict);
  }

  wish(verdict) {
    return this.#now.wish(verdict);
  }

  count() {
    return this.#now.count();
  }

  taken() {
    return this.#taken || this.#now.taken();
  }

  interrupt() {
    this.#movements.interrupt();
  }

  leave() {
    this.#pictures.leave();
  }

  async capture(grabber, show, prompt) {
    this.#taken = "";
    if (this.#passed) return this.#pictures.capture(grabber, show);
    await this.#movements.capture(grabber, show, prompt);
    await this.#judged();
    return "more";
  }

  finish() {
    this.#pictures.finish();
  }

  async #judged() {
    try {
      await this.#judge();
      this.#taken = this.#words.movements_passed;
      this.#failures = 0;
    } catch (error) {
      this.#field.value = "";
      this.#taken = this.#words.movements_failed;
      this.#failures = (this.#failures + 1) % MOST_TRIES;
      if (!this.#failures) throw error;
    }
  }

  get #passed() {
    return this.#field.value !== "";
  }

  get #now() {
    return this.#passed ? this.#pictures : this.#movements;
  }
}
