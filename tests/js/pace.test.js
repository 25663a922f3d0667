import assert from "node:assert/strict";
import { test } from "node:test";

import {
  adapt, FIRST_PACE, QUICK_MS, rest, SHORTEST_INTERVAL_MS, SIDES, SLOW_MS,
} from "../../static/js/camera/pace.js";

const after = (roundTrips, pace = FIRST_PACE) => roundTrips.reduce(adapt, pace);
const many = (ms) => Array(20).fill(ms);

test("frames shrink to the smallest on a slow connection and grow to the largest on a quick one", () => {
  assert.equal(after(many(SLOW_MS * 3)).side, SIDES[0]);
  assert.equal(after(many(QUICK_MS / 3)).side, SIDES.at(-1));
});

test("a single slow answer changes little", () => {
  assert.equal(after([200, 200, 500]).side, FIRST_PACE.side);
});

test("a recovered connection gets larger frames again", () => {
  const slow = after(many(1500));
  assert.ok(after(many(50), slow).side > slow.side);
});

test("two frames are never closer than the shortest interval", () => {
  assert.equal(rest(30) + 30, SHORTEST_INTERVAL_MS);
  assert.equal(rest(SHORTEST_INTERVAL_MS * 5), 0);
});
