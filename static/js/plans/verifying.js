/** Plan of a verification: a short burst of frames, sent at once. */

export const BURST = 3;
export const BURST_GAP_MS = 120;

/** @implements {import("../camera/booth.js").Plan} */
export class Verifying {
  #form;
  #tray;
  #words;
  #wait;

  /**
   * @param {object} parts
   * @param {HTMLFormElement} parts.form
   * @param {import("../pictures/tray.js").Tray} parts.tray
   * @param {import("../words.js").Words} parts.words
   * @param {(ms: number) => Promise<void>} parts.wait
   */
  constructor({ form, tray, words, wait }) {
    this.#form = form;
    this.#tray = tray;
    this.#words = words;
    this.#wait = wait;
  }

  begin() {}

  accepts() {
    return true;
  }

  wish() {
    return "";
  }

  count() {
    return "";
  }

  taken() {
    return this.#words.comparing;
  }

  async capture(grabber, show) {
    const frames = [];
    while (frames.length < BURST) {
      if (frames.length) await this.#wait(BURST_GAP_MS);
      frames.push(await grabber.full(`camera-${frames.length + 1}`));
    }
    show(frames[0]);
    this.#tray.clear();
    this.#tray.add(frames, { state: "good" });
    return "enough";
  }

  finish() {
    this.#form.requestSubmit();
  }
}
