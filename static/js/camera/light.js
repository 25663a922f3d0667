/** Limits the page's colours to three changes a second, whatever the server sends. */

export const SHORTEST_COLOUR_MS = 340;

/** Admits one colour after the other to the page. */
export class LightPace {
  #wait;
  #now;
  #colour = null;
  #since = -Infinity;

  /**
   * @param {(ms: number) => Promise<void>} wait
   * @param {() => number} now ms
   */
  constructor(wait, now) {
    this.#wait = wait;
    this.#now = now;
  }

  /**
   * Wait until a colour may be shown.
   * @param {string | null} colour null for none
   */
  async admit(colour) {
    if (colour === this.#colour) return;
    await this.#wait(Math.max(0, SHORTEST_COLOUR_MS - (this.#now() - this.#since)));
    this.#colour = colour;
    this.#since = this.#now();
  }
}
