/**
 * The states of capturing, and what leads from one to the next.
 *
 *   idle      the camera is off                      → starting
 *   starting  the browser asks for permission        → guiding, failed
 *   guiding   frames are checked, hints are shown    → holding, capturing
 *   holding   the face is good, the ring fills       → capturing, or back to guiding
 *   capturing pictures are taken                     → resting (more are wanted), captured
 *   resting   the next pose is announced             → guiding, capturing
 *   captured  enough pictures, the camera is off     → starting (one more, or retake)
 *   hidden    the tab is in the background           → starting
 *   failed    no camera, with the reason shown       → starting
 */

/**
 * @typedef {"idle" | "starting" | "guiding" | "holding" | "capturing" | "resting" | "captured" |
 *   "hidden" | "failed"} State
 * @typedef {"start" | "opened" | "fail" | "good" | "lost" | "capture" | "more" | "enough" |
 *   "rested" | "hide" | "show" | "stop"} Signal
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
  hidden: { show: "starting", start: "starting", stop: "idle", fail: "failed" },
  failed: { start: "starting", fail: "failed", stop: "idle" },
};

/**
 * The state after a signal; a signal that means nothing in a state changes nothing.
 * @param {State} state
 * @param {Signal} signal
 * @returns {State}
 */
export function next(state, signal) {
  return TRANSITIONS[state][signal] ?? state;
}

/** Holds the state and tells about each change. */
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
