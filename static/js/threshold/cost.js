/** Sentences about the error rates of a score as threshold, identical to the server's. */

import { fill } from "../words.js";

/** From this share, "23 in 100" is easier to grasp than "1 in 4". */
const OFTEN = 0.1;
/** Beside such a share, smaller ones use the same unit as far as whole numbers can. */
const OFTEN_BESIDE = 0.01;

/**
 * @typedef {{share: number, low: number, high: number, supported: number}} Rate
 * @typedef {{score: number, strangers: Rate, genuine: Rate}} Cost
 * @typedef {{corners: Cost[], authenticator_far: number,
 *   dangerous: {strangers: number, genuine: number},
 *   words: import("../words.js").Words}} Costs
 */

/**
 * Return the error rates of a score: linear between corners, constant outside of them.
 * @param {Cost[]} corners by ascending score
 * @param {number} score
 * @returns {Cost}
 */
export function costAt(corners, score) {
  const after = corners.findIndex((corner) => corner.score >= score);
  if (after === 0) return { ...corners[0], score };
  if (after === -1) return { ...corners.at(-1), score };
  const [left, right] = [corners[after - 1], corners[after]];
  const share = (score - left.score) / (right.score - left.score);
  return {
    score,
    strangers: between(left.strangers, right.strangers, share),
    genuine: between(left.genuine, right.genuine, share),
  };
}

function between(left, right, share) {
  const mixed = (name) => left[name] + (right[name] - left[name]) * share;
  return { share: mixed("share"), low: mixed("low"), high: mixed("high"), supported: left.supported };
}

/**
 * Return a share above 0 in words: "1 in 2,400", "23 in 100".
 * @param {number} share
 * @param {import("../words.js").Words} words
 * @param {Intl.NumberFormat} numbers
 * @param {number} [often] share from which the unit is 100
 */
export function odds(share, words, numbers, often = OFTEN) {
  if (share >= often) return fill(words.in_hundred, { n: Math.round(share * 100) });
  return fill(words.one_in, { n: numbers.format(twoDigits(1 / share)) });
}

function twoDigits(number) {
  const step = 10 ** Math.max(Math.floor(Math.log10(number)) - 1, 0);
  return Math.round(number / step) * step;
}

/**
 * Return the sentences about a score, with interval limits ascending in reading order, and the
 * comparison with NIST's requirement for authenticators.
 * @param {Costs} costs
 * @param {number} score
 * @param {Intl.NumberFormat} numbers
 */
export function describeCost(costs, score, numbers) {
  const { words } = costs;
  const cost = costAt(costs.corners, score);
  const sentence = (kind) => {
    const { share, low, high, supported } = cost[kind];
    if (share < supported) {
      return fill(words[`fewer_${kind}`], { odds: odds(Math.max(high, supported), words, numbers) });
    }
    const often = high >= OFTEN ? OFTEN_BESIDE : OFTEN;
    const inWords = (share) => odds(share, words, numbers, often);
    const least = low >= supported ? inWords(low) : fill(words.fewer, { odds: inWords(supported) });
    const [start, end] = high >= OFTEN ? [least, inWords(high)] : [inWords(high), least];
    return fill(words[kind], { odds: inWords(share), start, end });
  };
  const standing = standingOf(cost.strangers, costs.authenticator_far);
  return {
    strangers: sentence("strangers"),
    genuine: sentence("genuine"),
    standing,
    authenticator: words[standing],
    dangers: dangersOf(cost, costs.dangerous, words, numbers),
  };
}

/** From EVERYBODY, a rate counts as everybody's; from MOST_PEOPLE, the unit is 100. */
const [EVERYBODY, MOST_PEOPLE] = [0.995, 2 / 3];

function dangersOf({ strangers, genuine }, most, words, numbers) {
  const sentences = [];
  if (strangers.share > most.strangers) sentences.push(accepted(strangers.share, words, numbers));
  if (genuine.share > most.genuine) {
    sentences.push(fill(words.refused, { n: numbers.format(Math.round(genuine.share * 100)) }));
  }
  return sentences;
}

function accepted(share, words, numbers) {
  if (share >= EVERYBODY) return words.anybody;
  if (share >= MOST_PEOPLE) {
    return fill(words.accepted_of_hundred, { n: numbers.format(Math.round(share * 100)) });
  }
  return fill(words.accepted_one_in, { n: numbers.format(Math.round(1 / share)) });
}

function standingOf(strangers, most) {
  if (strangers.share > most) return "weaker";
  return strangers.high > most ? "unsure" : "enough";
}
