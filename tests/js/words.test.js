import assert from "node:assert/strict";
import { test } from "node:test";

import { inZone } from "../../static/js/moments.js";
import { fill } from "../../static/js/words.js";

test("placeholders are filled, and unknown ones stay", () => {
  assert.equal(fill("Picture {n} of {all}", { n: 2, all: 3 }), "Picture 2 of 3");
  assert.equal(fill("Hello {name}", {}), "Hello {name}");
});

test("a filled value is not filled again", () => {
  assert.equal(fill("{a}{b}", { a: "{b}", b: "x" }), "{b}x");
});

test("a time in UTC is shown in the reader's zone and language", () => {
  const shown = inZone("2026-07-01T22:30:00+00:00", "de", "Europe/Berlin");
  assert.equal(shown, "02.07.2026, 00:30");
});
