/** Shows the booth's state on the page; makes no decisions. */

import { Wait } from "../waiting.js";
import { fill } from "../words.js";
import { permissionPlace } from "./failures.js";

const LIVE_STATES = ["guiding", "holding", "capturing", "resting"];

/** The elements of a booth, found by their `data-role`. */
export class BoothView {
  #root;
  #words;
  #part;
  #wait;
  #greeting;
  #frozen = "";

  /**
   * @param {HTMLElement} root
   * @param {import("../words.js").Words} words
   */
  constructor(root, words) {
    this.#root = root;
    this.#words = words;
    this.#part = Object.fromEntries(
      [...root.querySelectorAll("[data-role]")].map((part) => [part.dataset.role, part]),
    );
    this.#wait = new Wait(this.#part.start, this.#part.startText);
    this.#greeting = [this.#part.reason.textContent, this.#part.startText.textContent];
  }

  /** @returns {HTMLVideoElement} */
  get video() {
    return this.#part.video;
  }

  /** @returns {boolean} whether the page warns of flashing light before the camera starts */
  get warns() {
    return this.#root.querySelector("[data-warning]") !== null;
  }

  /** Make the booth visible in place of the notice for browsers without scripts. */
  reveal() {
    document.querySelector("[data-without-scripts]").remove();
    this.#root.hidden = false;
  }

  /**
   * @param {{start: () => void, capture: () => void, stop: () => void,
   *   choose: (id: string) => void}} actions
   */
  listen({ start, capture, stop, choose }) {
    this.#part.start.addEventListener("click", start);
    this.#part.capture.addEventListener("click", capture);
    this.#part.stop.addEventListener("click", stop);
    this.#part.cameras.addEventListener("change", (event) => choose(event.target.value));
  }

  /** Scroll the preview into view: on a phone it may be below the fields. */
  focus() {
    this.#part.video.scrollIntoView({ block: "nearest" });
  }

  /** Move the keyboard focus here after the user started the camera elsewhere on the page. */
  enter() {
    this.#root.focus({ preventScroll: true });
  }

  /** @param {import("./machine.js").State} state */
  show(state) {
    const isLive = LIVE_STATES.includes(state);
    const used = document.activeElement;
    this.#root.dataset.state = state;
    this.#part.curtain.hidden = isLive || state === "starting";
    this.#part.capture.hidden = !isLive;
    this.#part.stop.hidden = !isLive && state !== "starting";
    if (this.#part.otherWay) this.#part.otherWay.hidden = state !== "failed";
    if (state === "idle") this.#greet();
    if (state === "starting") this.explain("", "");
    if (isLive || state === "starting") this.#thaw();
    if (state !== "holding") this.ring(0);
    if (state !== "capturing") this.#endChallenge();
    this.#passFocusOn(used, isLive);
  }

  /**
   * Show a short instruction over the preview.
   * @param {string} text
   * @param {boolean} good whether the face is as it should be
   */
  instruct(text, good = false) {
    if (this.#part.instruction.textContent !== text) this.#part.instruction.textContent = text;
    this.#part.instruction.hidden = text === "";
    this.#root.toggleAttribute("data-good", good);
  }

  /**
   * Show a challenge's movement, its progress, and the light for it.
   * @param {import("./challenge.js").Asked} asked
   */
  ask({ instruction, message, share, light = null }) {
    const { capture, stop } = this.#part;
    if (capture === document.activeElement) stop.focus({ preventScroll: true });
    capture.hidden = true;
    this.#root.dataset.cue = instruction;
    this.#shine(light);
    this.instruct(message, share >= 1);
    this.ring(share);
  }

  /** @param {number} share of the hold that has passed, 0 to 1 */
  ring(share) {
    this.#part.ring.setAttribute("stroke-dashoffset", String(100 * (1 - share)));
  }

  /** @param {string} text such as "Picture 2 of 3", or nothing */
  count(text) {
    this.#part.count.textContent = text;
    this.#part.count.hidden = text === "";
  }

  /**
   * @param {string} title
   * @param {string} reason in place of the preview
   */
  explain(title, reason) {
    this.#part.title.textContent = title;
    this.#part.reason.textContent = reason;
  }

  /** @param {string} text of the button that starts the camera */
  nameStart(text) {
    this.#part.startText.textContent = text;
  }

  /**
   * Keep showing the captured picture.
   * @param {Blob} picture
   */
  freeze(picture) {
    this.#thaw();
    this.#frozen = URL.createObjectURL(picture);
    this.#part.still.src = this.#frozen;
    this.#part.still.hidden = false;
  }

  /**
   * Show why there is no camera, or why it stopped; allow a new start after the wait, if any.
   * @param {import("./failures.js").FailureCode | "stopped"} code
   * @param {string} [explanation] instead of the code's own text
   * @param {number} [seconds] to wait before the next attempt
   */
  fail(code, explanation = this.#wordsOf(code), seconds = 0) {
    this.explain(this.#words[seconds ? "wait_title" : `${code}_title`], explanation);
    this.nameStart(code === "stopped" ? this.#words.try_again : this.#words.start_again);
    if (!seconds) return;
    this.#wait.begin(seconds, this.#words.again_in, () => this.announce(this.#words.wait_over));
  }

  /**
   * Offer the cameras if there are several.
   * @param {import("./devices.js").CameraChoice[]} choices
   * @param {string | null} current
   */
  offer(choices, current) {
    this.#part.choice.hidden = choices.length < 2;
    this.#part.cameras.replaceChildren(
      ...choices.map(({ id, label }) => new Option(label, id, false, id === current)),
    );
  }

  /** @param {string} text into the live region */
  announce(text) {
    this.#part.announcer.textContent = text;
  }

  /**
   * @param {number} n
   * @returns {string} name of a camera that has none
   */
  numberedCamera(n) {
    return fill(this.#words.camera_number, { n });
  }

  /** Move the keyboard focus on when the focused button is hidden. */
  #passFocusOn(used, isLive) {
    const isLeft = this.#root.contains(used) && used.closest("[hidden]");
    if (!isLeft && used !== this.#root) return;
    const button = isLive ? this.#part.capture : this.#part.start;
    (button.closest("[hidden]") ? this.#root : button).focus({ preventScroll: true });
  }

  #endChallenge() {
    delete this.#root.dataset.cue;
    this.#shine(null);
  }

  #shine(colour) {
    this.#root.toggleAttribute("data-light", colour !== null);
    if (colour) this.#root.style.setProperty("--light", colour);
  }

  #greet() {
    const [reason, start] = this.#greeting;
    this.#wait.end();
    this.explain("", reason);
    this.nameStart(start);
  }

  #wordsOf(code) {
    const here = this.#words[`${code}_${permissionPlace(navigator)}`];
    return `${here ?? this.#words[code]} ${this.#words.otherwise}`.trim();
  }

  #thaw() {
    if (!this.#frozen) return;
    URL.revokeObjectURL(this.#frozen);
    this.#frozen = "";
    this.#part.still.hidden = true;
    this.#part.still.removeAttribute("src");
  }
}
