/**
 * The states of the capture, and their successors.
 *
 *   idle      the camera is off                       → starting, failed
 *   starting  the browser asks for permission         → guiding
 *   guiding   frames are checked, hints are shown     → holding, capturing
 *   holding   the face is good, the ring fills        → guiding, capturing
 *   capturing pictures are taken                      → resting (more are wanted), captured
 *   resting   the next pose is announced              → guiding, capturing
 *   captured  enough pictures, the camera is off      → starting (one more, or again), idle
 *   hidden    the page was in the background          → starting, failed, idle
 *   failed    no camera, the reason is shown          → starting, idle
 *
 * All states that use the camera (starting, guiding, holding, capturing, resting) also lead to
 * failed (camera unplugged), hidden (page in the background), and idle (turned off, or page left).
 */

/**
 * @typedef {"idle" | "starting" | "guiding" | "holding" | "capturing" | "resting" | "captured" |
 *   "hidden" | "failed"} State
 * @typedef {"start" | "opened" | "fail" | "good" | "lost" | "capture" | "more" | "enough" |
 *   "rested" | "hide" | "stop"} Signal
 */

const LIVE = { fail: "failed", hide: "hidden", stop: "idle" };

/** @type {Record<State, Partial<Record<Signal, State>>>} */
export const TRANSITIONS = {
  idle: { start: "starting", fail: "failed" },
  starting: { opened: "guiding", ...LIVE },
  guiding: { good: "holding", capture: "capturing", ...LIVE },
  holding: { lost: "guiding", capture: "capturing", ...LIVE },
  capturing: { more: "resting", enough: "captured", ...LIVE },
  resting: { rested: "guiding", capture: "capturing", ...LIVE },
  captured: { start: "starting", stop: "idle" },
  hidden: { start: "starting", stop: "idle", fail: "failed" },
  failed: { start: "starting", fail: "failed", stop: "idle" },
};

/**
 * Return the state after a signal; a signal that a state does not expect changes nothing.
 * @param {State} state
 * @param {Signal} signal
 * @returns {State}
 */
export function next(state, signal) {
  return TRANSITIONS[state][signal] ?? state;
}

/** Holds the state and reports each change. */
export class CaptureMachine {
  /** @type {State} */
  state = "idle";
  /** @type {(state: State, before: State) => void} */
  onchange = () => {};

  /** @param {Signal} signal */
  send(signal) {
    const before = this.state;
    this.state = next(before, signal);
    if (this.state !== before) this.onchange(this.state, before);
  }
}
