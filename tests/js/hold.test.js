import assert from "node:assert/strict";
import { test } from "node:test";

import {
  advance, HOLD_MS, isComplete, LONGEST_GAP_MS, progress,
} from "../../static/js/camera/hold.js";

const BOX = [0.3, 0.2, 0.4, 0.6];
const moved = (by) => BOX.map((side, index) => (index === 0 ? side + by : side));

function holdAfter(...verdicts) {
  return verdicts.reduce((hold, [good, box, now]) => advance(hold, good, box, now), null);
}

test("a steady good face completes the hold after half a second", () => {
  assert.equal(HOLD_MS, 500);
  assert.ok(!isComplete(holdAfter([true, BOX, 0], [true, BOX, 250])));
  assert.ok(isComplete(holdAfter([true, BOX, 0], [true, BOX, 250], [true, BOX, 500])));
});

test("one bad verdict breaks the hold", () => {
  assert.equal(holdAfter([true, BOX, 0], [false, BOX, 250]), null);
  const again = holdAfter([true, BOX, 0], [false, BOX, 250], [true, BOX, 500]);
  assert.equal(again.since, 500);
});

test("a moving face restarts the hold", () => {
  const hold = holdAfter([true, BOX, 0], [true, moved(0.1), 400]);
  assert.equal(hold.since, 400);
});

test("a trembling face counts as steady", () => {
  const hold = holdAfter([true, BOX, 0], [true, moved(0.02), 300], [true, moved(-0.01), 600]);
  assert.equal(hold.since, 0);
});

test("verdicts too far apart restart the hold", () => {
  const hold = holdAfter([true, BOX, 0], [true, BOX, LONGEST_GAP_MS + 1]);
  assert.equal(hold.since, LONGEST_GAP_MS + 1);
});

test("progress rises from 0 to 1 and not beyond", () => {
  const hold = holdAfter([true, BOX, 1000]);
  assert.equal(progress(null, 1000), 0);
  assert.equal(progress(hold, 1000), 0);
  assert.equal(progress(hold, 1250), 0.5);
  assert.equal(progress(hold, 9000), 1);
});

test("time without a verdict does not complete the hold", () => {
  const hold = holdAfter([true, BOX, 0]);
  assert.equal(progress(hold, 2000), 1);
  assert.ok(!isComplete(hold));
});
