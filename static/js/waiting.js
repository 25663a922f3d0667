/** Counts down on a button until it is enabled; never presses it or sends anything. */

import { fill } from "./words.js";

const SECOND = 1000;

/**
 * @param {number} seconds
 * @returns {string} minutes and seconds, such as "1:05"
 */
export function clockTime(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
}

/** A button that is disabled for a while. */
export class Wait {
  #button;
  #label;
  #clock;
  #timer = null;

  /**
   * @param {HTMLButtonElement} button
   * @param {HTMLElement} label the part of the button that holds its text
   * @param {{now: () => number, setInterval: Function, clearInterval: Function}} clock
   */
  constructor(button, label, clock = browserClock()) {
    this.#button = button;
    this.#label = label;
    this.#clock = clock;
  }

  /**
   * Start a wait, in place of a running one.
   * @param {number} seconds
   * @param {string} text on the button meanwhile, with a placeholder for the time
   * @param {() => void} over called at the end
   */
  begin(seconds, text, over) {
    this.end();
    const ready = this.#label.textContent;
    const until = this.#clock.now() + seconds * SECOND;
    const show = () => {
      const left = Math.ceil((until - this.#clock.now()) / SECOND);
      if (left > 0) {
        this.#label.textContent = fill(text, { time: clockTime(left) });
        return;
      }
      this.end();
      this.#label.textContent = ready;
      over();
    };
    this.#button.disabled = true;
    this.#timer = this.#clock.setInterval(show, SECOND);
    show();
  }

  /** End a wait early; the button keeps its text. */
  end() {
    this.#clock.clearInterval(this.#timer);
    this.#timer = null;
    this.#button.disabled = false;
  }
}

/**
 * Count down on the page's buttons that wait.
 * @param {Document} page
 */
export function countDown(page) {
  for (const button of page.querySelectorAll("[data-wait]")) {
    const { wait, waitText, waitOver } = button.dataset;
    const status = button.parentElement.querySelector("[data-wait-said]");
    new Wait(button, button).begin(Number(wait), waitText, () => {
      status.textContent = waitOver;
    });
  }
}

function browserClock() {
  return {
    now: () => Date.now(),
    setInterval: (...timer) => setInterval(...timer),
    clearInterval: (timer) => clearInterval(timer),
  };
}
