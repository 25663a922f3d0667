import assert from "node:assert/strict";
import { test } from "node:test";

import { costAt, describeCost, odds } from "../../static/js/threshold/cost.js";

const words = {
  one_in: "1 in {n}",
  in_hundred: "{n} in 100",
  fewer: "fewer than {odds}",
  strangers: "strangers {odds}, {start} to {end}",
  fewer_strangers: "fewer strangers than {odds}",
  genuine: "genuine {odds}, {start} to {end}",
  fewer_genuine: "fewer genuine than {odds}",
  weaker: "weaker!",
  unsure: "unsure!",
  enough: "enough!",
  anybody: "anybody!",
  accepted_one_in: "1 stranger in {n}",
  accepted_of_hundred: "{n} in 100 strangers",
  refused: "{n} in 100 refused",
};
const strangers = (share, low, high) => ({ share, low, high, supported: 0.0005 });
const genuine = (share, low, high) => ({ share, low, high, supported: 0.01 });
const costs = {
  corners: [
    { score: 50, strangers: strangers(0.1, 0.05, 0.2), genuine: genuine(0, 0, 0.005) },
    { score: 60, strangers: strangers(0.01, 0.005, 0.02), genuine: genuine(0.02, 0.01, 0.03) },
    { score: 70, strangers: strangers(0.001, 0.0002, 0.002), genuine: genuine(0.04, 0.02, 0.06) },
    { score: 80, strangers: strangers(0, 0, 0), genuine: genuine(0.5, 0.4, 0.6) },
  ],
  authenticator_far: 0.0001,
  dangerous: { strangers: 0.01, genuine: 0.8 },
  words,
};
const numbers = new Intl.NumberFormat("en");
const near = (value, expected) => assert.ok(Math.abs(value - expected) < 1e-12, `${value}`);

test("error rates are linear between two corners", () => {
  const cost = costAt(costs.corners, 65);
  near(cost.strangers.share, 0.0055);
  near(cost.strangers.low, 0.0026);
  near(cost.strangers.high, 0.011);
  near(cost.genuine.share, 0.03);
});

test("error rates are constant outside of the corners", () => {
  assert.equal(costAt(costs.corners, 0).strangers.share, 0.1);
  assert.equal(costAt(costs.corners, 50).strangers.share, 0.1);
  assert.equal(costAt(costs.corners, 100).genuine.share, 0.5);
});

test("odds have two digits, grouped by the reader's locale", () => {
  assert.equal(odds(1, words, numbers), "100 in 100");
  assert.equal(odds(0.234, words, numbers), "23 in 100");
  assert.equal(odds(0.0999, words, numbers), "1 in 10");
  assert.equal(odds(1 / 87.4, words, numbers), "1 in 87");
  assert.equal(odds(1 / 2449, words, numbers), "1 in 2,400");
  assert.equal(odds(1 / 2449, words, new Intl.NumberFormat("de")), "1 in 2.400");
  assert.equal(odds(1.9e-5, words, numbers), "1 in 53,000");
});

test("an error rate is shown with its interval", () => {
  const sentences = describeCost(costs, 60, numbers);
  assert.equal(sentences.strangers, "strangers 1 in 100, 1 in 50 to 1 in 200");
  assert.equal(sentences.genuine, "genuine 1 in 50, 1 in 33 to 1 in 100");
});

test("an interval ascends in one unit, also in shares of 100", () => {
  assert.equal(describeCost(costs, 80, numbers).genuine, "genuine 50 in 100, 40 in 100 to 60 in 100");
  assert.equal(describeCost(costs, 50, numbers).strangers, "strangers 10 in 100, 5 in 100 to 20 in 100");
});

test("an interval below the supported rate is shown as fewer", () => {
  const sentences = describeCost(costs, 70, numbers);
  assert.equal(sentences.strangers, "strangers 1 in 1,000, 1 in 500 to fewer than 1 in 2,000");
});

test("a rate below the supported one is shown as a bound", () => {
  assert.equal(describeCost(costs, 77, numbers).strangers, "fewer strangers than 1 in 1,700");
  assert.equal(describeCost(costs, 80, numbers).strangers, "fewer strangers than 1 in 2,000");
  assert.equal(describeCost(costs, 50, numbers).genuine, "fewer genuine than 1 in 100");
});

test("a threshold weaker than an authenticator's requirement is marked", () => {
  assert.equal(describeCost(costs, 70, numbers).authenticator, "weaker!");
  assert.equal(describeCost(costs, 79.5, numbers).authenticator, "unsure!");
  assert.equal(describeCost(costs, 80, numbers).authenticator, "enough!");
});

test("a dangerous score has a warning, a safe one has none", () => {
  const dangers = (accepted, refused) => {
    const corner = {
      score: 50,
      strangers: strangers(accepted, 0, 1),
      genuine: genuine(refused, 0, 1),
    };
    return describeCost({ ...costs, corners: [corner] }, 50, numbers).dangers;
  };
  assert.deepEqual(dangers(0.01, 0.8), []);
  assert.deepEqual(dangers(0.0101, 0), ["1 stranger in 99"]);
  assert.deepEqual(dangers(0.3, 0), ["1 stranger in 3"]);
  assert.deepEqual(dangers(0.67, 0), ["67 in 100 strangers"]);
  assert.deepEqual(dangers(1, 0.9), ["anybody!", "90 in 100 refused"]);
});
