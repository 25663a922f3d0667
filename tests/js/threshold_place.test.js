import assert from "node:assert/strict";
import { test } from "node:test";

import { placeAt } from "../../static/js/threshold/place.js";

const places = [
  [10, 100, 50],
  [20, 200, 40],
  [40, 220, 0],
];

test("a place has its own coordinates", () => {
  assert.deepEqual(placeAt(places, 10), [100, 50]);
  assert.deepEqual(placeAt(places, 40), [220, 0]);
});

test("coordinates are linear between two places", () => {
  assert.deepEqual(placeAt(places, 15), [150, 45]);
  assert.deepEqual(placeAt(places, 35), [215, 10]);
});

test("a line needs one coordinate only", () => {
  assert.deepEqual(placeAt([[0, 16], [100, 404]], 25), [113]);
});

test("a score outside of the places has no coordinates", () => {
  assert.equal(placeAt(places, 9.9), null);
  assert.equal(placeAt(places, 40.1), null);
  assert.equal(placeAt([], 10), null);
});
