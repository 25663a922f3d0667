/** Decides when a face has been steady and good for HOLD_MS. */

export const HOLD_MS = 500;
export const LONGEST_GAP_MS = 4000;
export const STEADY_SHARE = 0.06;

/**
 * @typedef {object} Hold
 * @property {number} since time at which the face became good, ms
 * @property {number} seen time at which it was last good, ms
 * @property {number[] | null} box of the face when last seen
 */

/**
 * Return the hold after another verdict, or null if it is broken.
 * @param {Hold | null} hold
 * @param {boolean} good whether this verdict is good to capture
 * @param {number[] | null} box x, y, width, height as shares of the frame
 * @param {number} now ms
 * @returns {Hold | null}
 */
export function advance(hold, good, box, now) {
  if (!good) return null;
  const continues = hold && now - hold.seen <= LONGEST_GAP_MS && isSteady(hold.box, box);
  return { since: continues ? hold.since : now, seen: now, box };
}

/**
 * Return the progress of the hold.
 * @param {Hold | null} hold
 * @param {number} now ms
 * @returns {number} 0 to 1
 */
export function progress(hold, now) {
  return hold ? Math.min(1, (now - hold.since) / HOLD_MS) : 0;
}

/**
 * Return whether the hold is complete: long enough, and confirmed by a verdict at its end.
 * @param {Hold | null} hold
 * @returns {boolean}
 */
export function isComplete(hold) {
  return hold !== null && hold.seen - hold.since >= HOLD_MS;
}

function isSteady(before, after) {
  if (!before || !after) return true;
  return before.every((side, index) => Math.abs(side - after[index]) <= STEADY_SHARE);
}
