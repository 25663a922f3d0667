/** Coordinates of a score in a drawing. */

/** @typedef {number[]} Place a score and its coordinates */

/**
 * Return the coordinates of a score, linear between places; null outside of them.
 * @param {Place[]} places by ascending score
 * @param {number} score
 * @returns {number[] | null}
 */
export function placeAt(places, score) {
  const after = places.findIndex(([at]) => at >= score);
  if (after === -1) return null;
  const [right, ...end] = places[after];
  if (right === score) return end;
  if (after === 0) return null;
  const [left, ...start] = places[after - 1];
  const share = (score - left) / (right - left);
  return start.map((from, axis) => from + (end[axis] - from) * share);
}
