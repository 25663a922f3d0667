/** Size and interval of the guidance frames, adapted to the server's response time. */

/**
 * @typedef {object} Pace
 * @property {number} side longest side of a frame, px
 * @property {number} quality of the JPEG, 0 to 1
 * @property {number} roundTripMs smoothed time from grabbing to verdict
 */

export const SIDES = [320, 400, 480, 640];
export const SHORTEST_INTERVAL_MS = 100;
export const SLOW_MS = 350;
export const QUICK_MS = 120;
const SMOOTHING = 0.3;

/** @type {Pace} */
export const FIRST_PACE = { side: 480, quality: 0.8, roundTripMs: 200 };

/**
 * Return the pace after another round trip: smaller frames when slow, larger ones when quick.
 * @param {Pace} pace
 * @param {number} roundTripMs of the last frame
 * @returns {Pace}
 */
export function adapt(pace, roundTripMs) {
  const smoothed = pace.roundTripMs + SMOOTHING * (roundTripMs - pace.roundTripMs);
  const step = smoothed > SLOW_MS ? -1 : smoothed < QUICK_MS ? 1 : 0;
  const at = Math.min(SIDES.length - 1, Math.max(0, SIDES.indexOf(pace.side) + step));
  const isSmallest = SIDES[at] === SIDES[0];
  return { side: SIDES[at], quality: isSmallest ? 0.65 : 0.8, roundTripMs: smoothed };
}

/**
 * Return the time to wait before the next frame, to keep the shortest interval.
 * @param {number} roundTripMs of the last frame
 * @returns {number} ms
 */
export function rest(roundTripMs) {
  return Math.max(0, SHORTEST_INTERVAL_MS - roundTripMs);
}
